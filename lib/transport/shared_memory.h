/* SPDX-License-Identifier: BSD-3-Clause */
/* Our memory as another process can map it; the platform knows it, a transport passes it on. */
#ifndef KL_TRANSPORT_SHARED_MEMORY_H
#define KL_TRANSPORT_SHARED_MEMORY_H

#include <stdint.h>

/* A part of our memory that the back end may map. */
struct kl__shared_region {
	uint64_t address; /* ours */
	uint64_t iova; /* in descriptors */
	uint64_t size;
	uint64_t offset; /* in the file */
	int fd;
};

/*
 * Fills at most limit regions; how many there are, or -errno after a message. Called whenever
 * queues are set up.
 */
typedef int kl__shared_memory_fn(struct kl__shared_region *regions, unsigned int limit);

#endif
