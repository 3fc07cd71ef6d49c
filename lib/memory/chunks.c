/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/chunks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <rte_errno.h>
#include <rte_memory.h>
#include <rte_memzone.h>

#include "memory/grant.h"

/* With EAL's header it fits into a hugepage, so it is contiguous for devices everywhere. */
#define EAL_CHUNK (UINT64_C(1) << 20)
#define EAL_CHUNK_ALIGN 4096

/* The size of a hugepage, which private memory is made of where the kernel does so by itself. */
#define PRIVATE_CHUNK (UINT64_C(2) << 20)

#define NODES_MAX 64

static size_t round_up(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

static const struct rte_memzone *reserve_zone(size_t size, int node)
{
	static unsigned int serial;
	char name[RTE_MEMZONE_NAMESIZE];

	snprintf(name, sizeof(name), "kickless_%u",
		__atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
	return rte_memzone_reserve_aligned(name, size, node < 0 ? SOCKET_ID_ANY : node,
		RTE_MEMZONE_IOVA_CONTIG, EAL_CHUNK_ALIGN);
}

static int make_eal_chunk(struct kl__arena *arena, size_t size, struct kl__chunk *chunk)
{
	const struct rte_memzone *zone;

	rte_errno = 0;
	zone = reserve_zone(size < EAL_CHUNK - EAL_CHUNK_ALIGN ? EAL_CHUNK - EAL_CHUNK_ALIGN : size,
		arena->node);
	if (zone == NULL)
		zone = reserve_zone(size, arena->node);
	if (zone == NULL)
		return rte_errno != 0 ? -rte_errno : -ENOMEM;
	if (zone->iova == RTE_BAD_IOVA) {
		rte_memzone_free(zone);
		return -ENOTSUP;
	}
	chunk->memory = zone->addr;
	chunk->iova = zone->iova;
	chunk->size = zone->len;
	chunk->origin = (void *)(uintptr_t)zone;
	return 0;
}

static void free_eal_chunk(struct kl__arena *arena, struct kl__chunk *chunk)
{
	(void)arena;
	rte_memzone_free(chunk->origin);
}

static const struct kl__chunk_source eal_source = {make_eal_chunk, free_eal_chunk};

static int make_private_chunk(struct kl__arena *arena, size_t size, struct kl__chunk *chunk)
{
	chunk->size = round_up(size, PRIVATE_CHUNK);
	/* Aligned, so that the kernel can use hugepages. */
	chunk->memory = kl__memory_map_aligned(chunk->size, PRIVATE_CHUNK, PROT_READ | PROT_WRITE);
	if (chunk->memory == MAP_FAILED)
		return -errno;
	kl__memory_prefer_node(chunk->memory, chunk->size, arena->node);
	(void)madvise(chunk->memory, chunk->size, MADV_HUGEPAGE);
	return 0;
}

static void free_private_chunk(struct kl__arena *arena, struct kl__chunk *chunk)
{
	(void)arena;
	munmap(chunk->memory, chunk->size);
}

static const struct kl__chunk_source private_source = {make_private_chunk, free_private_chunk};

/* A back end can have few regions, so each chunk is twice as large as all before. */
static size_t next_size(const struct kl__arena *arena, size_t size)
{
	size_t total = 0;

	for (const struct kl__chunk *chunk = arena->chunks; chunk != NULL; chunk = chunk->next)
		total += chunk->size;
	return size > 2 * total ? size : 2 * total;
}

static int make_granted_chunk(struct kl__arena *arena, size_t size, struct kl__chunk *chunk)
{
	struct kl__granted_chunks *chunks = arena->context;
	struct kl_region *region;
	int rc = kl_region_create(next_size(arena, size), arena->node, &region);

	if (rc != 0)
		rc = kl_region_create(size, arena->node, &region);
	if (rc != 0)
		return rc;
	rc = kl__region_grant(chunks->space, chunks->user, region);
	if (rc != 0) {
		(void)kl_region_destroy(region);
		return rc;
	}
	chunk->memory = kl_region_memory(region);
	chunk->iova = (uintptr_t)chunk->memory;
	chunk->size = kl_region_size(region);
	chunk->origin = region;
	return 0;
}

/* One that can't be revoked may still be written to, so it stays. */
static void free_granted_chunk(struct kl__arena *arena, struct kl__chunk *chunk)
{
	struct kl__granted_chunks *chunks = arena->context;

	if (kl__region_revoke(chunks->space, chunks->user, chunk->origin, true) == 0)
		(void)kl_region_destroy(chunk->origin);
}

const struct kl__chunk_source kl__granted_chunks_source = {make_granted_chunk, free_granted_chunk};

/* The arenas of the process, one per node; the first is for no node in particular. */
struct process_arenas {
	struct kl__arena arena[NODES_MAX + 1];
	bool is_made[NODES_MAX + 1];
};

static struct kl__arena *find_arena(struct process_arenas *arenas,
	const struct kl__chunk_source *source, int node)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	unsigned int at = node < 0 || node >= NODES_MAX ? 0 : (unsigned int)node + 1;

	pthread_mutex_lock(&lock);
	if (!arenas->is_made[at])
		kl__arena_init(&arenas->arena[at], source, NULL, at == 0 ? -1 : node);
	arenas->is_made[at] = true;
	pthread_mutex_unlock(&lock);
	return &arenas->arena[at];
}

struct kl__arena *kl__eal_arena(int node)
{
	static struct process_arenas arenas;

	return find_arena(&arenas, &eal_source, node);
}

struct kl__arena *kl__private_arena(int node)
{
	static struct process_arenas arenas;

	return find_arena(&arenas, &private_source, node);
}
