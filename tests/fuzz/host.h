/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host of a fuzzed device. Its memory is allocated block by block, so that the sanitizer sees
 * every edge; bus addresses are the process's own.
 */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "contract/host.h"

#define FUZZ_BLOCKS 64

struct fuzz_host {
	struct kl__host host;
	struct fuzz_block {
		void *memory;
		size_t size;
	} block[FUZZ_BLOCKS];
	unsigned int allocated; /* blocks that the driver has */
};

void fuzz_host_init(struct fuzz_host *host, uint64_t ticks_per_second);
/* Frees what the driver did not free. */
void fuzz_host_free(struct fuzz_host *host);
/* The length bytes at iova, if they lie in one block of the driver's, or NULL. */
uint8_t *fuzz_host_find(const struct fuzz_host *host, uint64_t iova, size_t length);

#endif
