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

/*
 * Makes memory a kernel call that prefers node for the pages from address on; -1: none. It is a
 * preference, so a failure has no effect but on speed.
 */
void kl__memory_prefer_node(void *address, size_t size, int node);

#endif
