/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include "input.h"

static struct fuzz_host *fuzz_host_of(struct kl__host *host)
{
	return (struct fuzz_host *)(void *)((char *)host - offsetof(struct fuzz_host, host));
}

static void *alloc_block(struct kl__host *kl_host, size_t size, size_t align, uint64_t *iova)
{
	struct fuzz_host *host = fuzz_host_of(kl_host);
	size_t bytes = (size + align - 1) / align * align;

	/* The driver's requests depend on the device within limits: no allocation is unbounded. */
	MUST(size < 64u << 20);
	for (unsigned int i = 0; i < FUZZ_BLOCKS; i++) {
		if (host->block[i].memory != NULL)
			continue;
		host->block[i] = (struct fuzz_block){aligned_alloc(align, bytes), size};
		MUST(host->block[i].memory != NULL);
		memset(host->block[i].memory, 0, bytes);
		host->allocated++;
		*iova = (uintptr_t)host->block[i].memory;
		return host->block[i].memory;
	}
	return NULL;
}

static void free_block(struct kl__host *kl_host, void *memory)
{
	struct fuzz_host *host = fuzz_host_of(kl_host);

	for (unsigned int i = 0; i < FUZZ_BLOCKS; i++) {
		if (host->block[i].memory != memory)
			continue;
		free(memory);
		host->block[i].memory = NULL;
		host->allocated--;
		return;
	}
	MUST(!"memory that was allocated here");
}

static void close_host(struct kl__host *host)
{
	(void)host;
}

void fuzz_host_init(struct fuzz_host *host, uint64_t ticks_per_second)
{
	host->host = (struct kl__host){.alloc = alloc_block,
		.free = free_block,
		.close = close_host,
		.numa_node = -1,
		.ticks_per_second = ticks_per_second};
}

void fuzz_host_free(struct fuzz_host *host)
{
	for (unsigned int i = 0; i < FUZZ_BLOCKS; i++)
		free(host->block[i].memory);
}

uint8_t *fuzz_host_find(const struct fuzz_host *host, uint64_t iova, size_t length)
{
	for (unsigned int i = 0; i < FUZZ_BLOCKS; i++) {
		uint64_t at = iova - (uintptr_t)host->block[i].memory;

		if (host->block[i].memory != NULL && at < host->block[i].size &&
			length <= host->block[i].size - at)
			return (uint8_t *)(uintptr_t)iova;
	}
	return NULL;
}
