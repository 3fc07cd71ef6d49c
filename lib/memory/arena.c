/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/arena.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

/* A part of a chunk, a block or free. Two that are free never touch. */
struct kl__extent {
	size_t offset;
	size_t size;
	bool is_used;
	struct kl__extent *next;
};

void kl__arena_init(struct kl__arena *arena, const struct kl__chunk_source *source, void *context,
	int node)
{
	*arena = (struct kl__arena){.source = source, .context = context, .node = node};
	pthread_mutex_init(&arena->lock, NULL);
}

static struct kl__extent *make_extent(size_t offset, size_t size, struct kl__extent *next)
{
	struct kl__extent *extent = malloc(sizeof(*extent));

	if (extent != NULL)
		*extent = (struct kl__extent){offset, size, false, next};
	return extent;
}

static void free_chunk(struct kl__arena *arena, struct kl__chunk *chunk)
{
	arena->source->free(arena, chunk);
	while (chunk->extents != NULL) {
		struct kl__extent *extent = chunk->extents;

		chunk->extents = extent->next;
		free(extent);
	}
	free(chunk);
}

static int add_chunk(struct kl__arena *arena, size_t size)
{
	struct kl__chunk *chunk = calloc(1, sizeof(*chunk));
	int rc;

	if (chunk == NULL)
		return -ENOMEM;
	rc = arena->source->make(arena, size, chunk);
	if (rc != 0) {
		free(chunk);
		return rc;
	}
	chunk->extents = make_extent(0, chunk->size, NULL);
	if (chunk->extents == NULL) {
		free_chunk(arena, chunk);
		return -ENOMEM;
	}
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return 0;
}

/* Bytes from the start of the extent on to the first that is aligned. */
static size_t misfit_of(const struct kl__chunk *chunk, const struct kl__extent *extent,
	size_t align)
{
	return -((uintptr_t)chunk->memory + extent->offset) & (align - 1);
}

/* Cuts the extent after size bytes. False: no memory. */
static bool split_extent(struct kl__extent *extent, size_t size)
{
	struct kl__extent *rest;

	if (size == extent->size)
		return true;
	rest = make_extent(extent->offset + size, extent->size - size, extent->next);
	if (rest == NULL)
		return false;
	extent->next = rest;
	extent->size = size;
	return true;
}

/* Joins the extent with those behind it that are free, as it is. */
static void join_extents(struct kl__extent *extent)
{
	while (extent->next != NULL && !extent->next->is_used) {
		struct kl__extent *next = extent->next;

		extent->size += next->size;
		extent->next = next->next;
		free(next);
	}
}

/* The block within the extent, which is free and large enough; NULL: no memory. */
static void *take_extent(struct kl__chunk *chunk, struct kl__extent *extent, size_t size,
	size_t misfit)
{
	struct kl__extent *block = extent;

	if (misfit != 0) {
		if (!split_extent(extent, misfit))
			return NULL;
		block = extent->next;
	}
	if (!split_extent(block, size)) {
		join_extents(extent);
		return NULL;
	}
	block->is_used = true;
	return (char *)chunk->memory + block->offset;
}

static void *take_from(struct kl__chunk *chunk, size_t size, size_t align)
{
	for (struct kl__extent *extent = chunk->extents; extent != NULL; extent = extent->next) {
		size_t misfit = misfit_of(chunk, extent, align);

		if (!extent->is_used && misfit <= extent->size && size <= extent->size - misfit)
			return take_extent(chunk, extent, size, misfit);
	}
	return NULL;
}

static void *take_block(struct kl__arena *arena, size_t size, size_t align, uint64_t *iova)
{
	for (struct kl__chunk *chunk = arena->chunks; chunk != NULL; chunk = chunk->next) {
		char *memory = take_from(chunk, size, align);

		if (memory == NULL)
			continue;
		*iova = chunk->iova + (uint64_t)(memory - (char *)chunk->memory);
		return memory;
	}
	return NULL;
}

int kl__arena_alloc(struct kl__arena *arena, size_t size, size_t align, void **result,
	uint64_t *iova)
{
	int rc = 0;

	align = align < CACHE_LINE ? CACHE_LINE : align;
	/* So that no two blocks share a cache line. */
	size = (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	pthread_mutex_lock(&arena->lock);
	*result = take_block(arena, size, align, iova);
	if (*result == NULL) {
		rc = add_chunk(arena, size);
		if (rc == 0)
			*result = take_block(arena, size, align, iova);
	}
	pthread_mutex_unlock(&arena->lock);
	if (*result != NULL)
		memset(*result, 0, size);
	return *result == NULL && rc == 0 ? -ENOMEM : rc;
}

static bool contains_block(const struct kl__chunk *chunk, const void *memory)
{
	return (uintptr_t)memory - (uintptr_t)chunk->memory < chunk->size;
}

static void free_block(struct kl__chunk *chunk, const void *memory)
{
	size_t offset = (size_t)((const char *)memory - (const char *)chunk->memory);
	struct kl__extent *before = NULL, *extent = chunk->extents;

	while (extent != NULL && extent->offset != offset) {
		before = extent;
		extent = extent->next;
	}
	if (extent == NULL)
		return;
	extent->is_used = false;
	join_extents(before != NULL && !before->is_used ? before : extent);
}

static bool is_empty(const struct kl__chunk *chunk)
{
	return chunk->extents->next == NULL && !chunk->extents->is_used;
}

void kl__arena_free(struct kl__arena *arena, void *memory)
{
	struct kl__chunk **at = &arena->chunks, *chunk;

	pthread_mutex_lock(&arena->lock);
	while (*at != NULL && !contains_block(*at, memory))
		at = &(*at)->next;
	chunk = *at;
	if (chunk != NULL) {
		free_block(chunk, memory);
		if (is_empty(chunk) && (chunk->next != NULL || at != &arena->chunks)) {
			*at = chunk->next;
			free_chunk(arena, chunk);
		}
	}
	pthread_mutex_unlock(&arena->lock);
}

/* Chunks of arenas that are closed, with blocks that a device may still write to. */
static struct kl__chunk *kept;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_chunk(struct kl__chunk *chunk)
{
	pthread_mutex_lock(&kept_lock);
	chunk->next = kept;
	kept = chunk;
	pthread_mutex_unlock(&kept_lock);
}

void kl__arena_close(struct kl__arena *arena)
{
	while (arena->chunks != NULL) {
		struct kl__chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		if (is_empty(chunk))
			free_chunk(arena, chunk);
		else
			keep_chunk(chunk);
	}
	pthread_mutex_destroy(&arena->lock);
}
