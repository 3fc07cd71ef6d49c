/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of our own that lies in a file: see kickless/memory.h. */
#ifndef KL_MEMORY_REGION_H
#define KL_MEMORY_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/memory.h>

/* Both kinds of pages fit into a region: it starts and ends at a multiple of the larger ones. */
#define KL__REGION_ALIGN (UINT64_C(2) << 20)

struct kl_region {
	void *memory;
	size_t size;
	int fd;
	bool has_hugepages;
	/* The address spaces that it is granted to; under the lock of spaces. */
	unsigned int grants;
};

/* Frees a region without grants. */
void kl__region_free(struct kl_region *region);

/*
 * Sets the node that the pages from address on are to come from, if it has any; -1: none. A failure
 * costs no more than speed.
 */
void kl__memory_prefer_node(void *address, size_t size, int node);

/*
 * Maps size bytes of anonymous memory at a multiple of align, a power of two; protection is that of
 * mmap. MAP_FAILED: errno is the reason.
 */
void *kl__memory_map_aligned(size_t size, size_t align, int protection);

#endif
