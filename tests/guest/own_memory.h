/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of a program's own, at addresses that it chooses, and what is expected of calls. */
#ifndef OWN_MEMORY_H
#define OWN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Within what an IOMMU with 39 bits takes, and away from what EAL uses. */
#define OWN_MEMORY UINT64_C(0x2000000000)
/* An ordinary address of mmap, which such an IOMMU does not take. */
#define OWN_MEMORY_BEYOND UINT64_C(0x7e0000000000)

/* Pages that are there already, so that nobody else can come to lie there. */
static inline void *own_memory_map(uint64_t address, size_t size)
{
	void *memory = mmap((void *)(uintptr_t)address, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return memory;
}

/* Other pages at the same address. */
static inline void own_memory_renew(void *memory, size_t old_size, size_t size)
{
	munmap(memory, old_size);
	own_memory_map((uintptr_t)memory, size);
}

static inline bool expect(const char *what, int got, int wanted)
{
	if (got != wanted)
		printf("%s: %d (%s) where %d (%s) is due\n", what, got, strerror(-got), wanted,
			strerror(-wanted));
	return got == wanted;
}

#endif
