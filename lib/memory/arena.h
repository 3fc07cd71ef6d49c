/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of memory out of larger chunks. The records of blocks lie in private memory, never in a
 * chunk, which a device may write to.
 */
#ifndef KL_MEMORY_ARENA_H
#define KL_MEMORY_ARENA_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct kl__arena;
struct kl__extent;

struct kl__chunk {
	void *memory;
	uint64_t iova; /* contiguous for the device */
	size_t size;
	void *origin; /* the source's own record */
	struct kl__extent *extents; /* all of it, by address */
	struct kl__chunk *next;
};

/* The origin of chunks. */
struct kl__chunk_source {
	/* Fills in memory, iova, size and origin, at least size bytes. 0 or -errno. */
	int (*make)(struct kl__arena *arena, size_t size, struct kl__chunk *chunk);
	void (*free)(struct kl__arena *arena, struct kl__chunk *chunk);
};

struct kl__arena {
	const struct kl__chunk_source *source;
	void *context; /* the source's */
	int node; /* that chunks are to be on; -1: any */
	pthread_mutex_t lock;
	struct kl__chunk *chunks;
};

void kl__arena_init(struct kl__arena *arena, const struct kl__chunk_source *source, void *context,
	int node);

/*
 * Zeroed, aligned to align, a power of two up to 4096, and at least to a cache line. *result is
 * NULL when there is none: 0 or the -errno of the source.
 */
int kl__arena_alloc(struct kl__arena *arena, size_t size, size_t align, void **result,
	uint64_t *iova);
/* Frees a block. The last chunk is kept for the next one. */
void kl__arena_free(struct kl__arena *arena, void *memory);
/* Frees the chunks without blocks. Those with blocks stay for ever: a device may write there. */
void kl__arena_close(struct kl__arena *arena);

#endif
