/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool_reach.h"

#include "buffer.h"

/* Called with each part of a pool's memory that has packet buffers, and its bus address. */
struct visit {
	void (*function)(struct visit *visit, const void *address, size_t size, rte_iova_t iova);
	const struct net_reach *reach;
	/* Where the last part was found. */
	struct kl__range range;
	struct net_pool_memory found;
	/* The memory that may overlap. */
	struct kl__range other;
	bool overlaps;
};

static void visit_chunk(struct rte_mempool *pool, void *context, struct rte_mempool_memhdr *chunk,
	unsigned int index)
{
	struct visit *visit = context;

	(void)pool;
	(void)index;
	visit->function(visit, chunk->addr, chunk->len, chunk->iova);
}

static void visit_packet(struct rte_mempool *pool, void *context, void *object, unsigned int index)
{
	const struct rte_mbuf *packet = object;
	struct visit *visit = context;

	(void)pool;
	(void)index;
	visit->function(visit, packet->buf_addr, packet->buf_len, packet->buf_iova);
}

/* Ordinary buffers lie in the mempool's own memory; a packet may have another's at this time. */
static void visit_buffers(struct rte_mempool *pool, struct visit *visit)
{
	if (net_pool_is_pinned(pool))
		rte_mempool_obj_iter(pool, visit_packet, visit);
	else
		rte_mempool_mem_iter(pool, visit_chunk, visit);
}

static void check_reach(struct visit *visit, const void *address, size_t size, rte_iova_t iova)
{
	bool is_reachable = true;

	if (!visit->reach->is_virtual) {
		is_reachable = iova != RTE_BAD_IOVA;
	} else if (visit->reach->table != NULL) {
		if (!kl__range_covers(visit->range, (uintptr_t)address, size))
			visit->range = kl__reach_find(visit->reach->table, (uintptr_t)address);
		is_reachable = kl__range_covers(visit->range, (uintptr_t)address, size);
	}
	if (!is_reachable && visit->found.unreachable == NULL)
		visit->found.unreachable = address;
	visit->found.has_right_iova &= !visit->reach->is_virtual || iova == (uintptr_t)address;
}

struct net_pool_memory net_pool_check_memory(struct rte_mempool *pool,
	const struct net_reach *reach)
{
	struct visit visit = {
		.function = check_reach,
		.reach = reach,
		.found = {.has_right_iova = true},
	};

	visit_buffers(pool, &visit);
	return visit.found;
}

static void check_overlap(struct visit *visit, const void *address, size_t size, rte_iova_t iova)
{
	(void)iova;
	visit->overlaps |= kl__range_overlaps((struct kl__range){(uintptr_t)address, size},
		visit->other);
}

bool net_pool_overlaps(struct rte_mempool *pool, const void *address, size_t size)
{
	struct visit visit = {
		.function = check_overlap,
		.other = {(uintptr_t)address, size},
	};

	visit_buffers(pool, &visit);
	return visit.overlaps;
}
