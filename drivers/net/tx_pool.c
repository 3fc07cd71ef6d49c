/* SPDX-License-Identifier: BSD-3-Clause */
#include "tx_pool.h"

#include "buffer.h"
#include "pool_reach.h"

/* False once memory was granted since a packet of the pool was found to be out of reach. */
static bool is_current(const struct net_txq *txq, const struct net_known_pool *known)
{
	return known->unreachable == NULL || txq->is_physical ||
		kl__reach_find(txq->queue->window.reach, (uintptr_t)known->unreachable).bytes == 0;
}

static void check_memory(const struct net_txq *txq, struct rte_mempool *pool,
	struct net_known_pool *known)
{
	const struct net_reach reach = {txq->queue->window.reach, !txq->is_physical};
	const struct net_pool_memory memory = net_pool_check_memory(pool, &reach);

	*known = (struct net_known_pool){pool, memory.unreachable, memory.has_right_iova};
}

bool net_txq_can_send(struct net_txq *txq, struct rte_mempool *pool)
{
	struct net_known_pool *known = NULL;

	for (unsigned int i = 0; i < NET_KNOWN_POOLS && known == NULL; i++)
		if (txq->known[i].pool == pool)
			known = &txq->known[i];
	if (known == NULL) {
		known = &txq->known[txq->next_known++ % NET_KNOWN_POOLS];
		check_memory(txq, pool, known);
	} else if (!is_current(txq, known)) {
		check_memory(txq, pool, known);
	}
	return known->unreachable == NULL && known->has_right_iova;
}

/* A pool's mbufs, as an iteration finds them. */
struct layout {
	uint32_t shared_at;
	bool is_uniform;
};

/* DPDK puts the record of a pinned buffer at the same place behind each mbuf. */
static void check_mbuf(struct rte_mempool *pool, void *context, void *object, unsigned int index)
{
	const struct rte_mbuf *mbuf = object;
	struct layout *layout = context;

	(void)pool;
	(void)index;
	layout->is_uniform &= (const void *)mbuf->shinfo == RTE_PTR_ADD(mbuf, layout->shared_at);
}

/* False when an mbuf of the pool is not laid out as the short path expects it. */
static bool find_layout(struct rte_mempool *pool, struct layout *layout)
{
	layout->shared_at = (uint32_t)sizeof(struct rte_mbuf) + rte_pktmbuf_priv_size(pool);
	layout->is_uniform = true;
	rte_mempool_obj_iter(pool, check_mbuf, layout);
	return layout->is_uniform;
}

bool net_txq_adopt_pool(struct net_txq *txq, struct rte_mempool *pool)
{
	const bool is_pinned = net_pool_is_pinned(pool);
	struct layout layout = {0};

	if (!net_txq_can_send(txq, pool) || (is_pinned && !find_layout(pool, &layout)))
		return false;
	txq->pool = pool;
	txq->direct_pool = is_pinned ? NULL : pool;
	txq->pinned_pool = is_pinned ? pool : NULL;
	txq->shared_at = layout.shared_at;
	txq->burst = txq->bursts[is_pinned];
	return true;
}

/* The window is in the table before the pools are looked up, so no removal is missed. */
static void expect_removals(struct net_txq *txq)
{
	memset(txq->known, 0, sizeof(txq->known));
	(void)kl__window_move(&txq->removals, txq->header.iova, txq->header_bytes);
}

/* True while the pool can't have been freed, since the queue holds packets of it. */
static bool holds_packets(const struct net_txq *txq)
{
	return (uint16_t)(txq->queue->avail_idx - txq->queue->used_idx) > txq->other_pool;
}

void net_txq_check_pool(struct net_txq *txq)
{
	expect_removals(txq);
	if (txq->pool == NULL)
		return;
	if (!holds_packets(txq))
		txq->pool = NULL;
	else if (net_txq_can_send(txq, txq->pool))
		return;
	/* What is in flight returns to it all the same. */
	txq->direct_pool = NULL;
	txq->pinned_pool = NULL;
	txq->burst = txq->bursts[false];
}

void net_txq_open_pools(struct net_txq *txq)
{
	kl__window_open(&txq->removals, txq->queue->window.reach);
	expect_removals(txq);
}

void net_txq_forget_pools(struct net_txq *txq)
{
	kl__window_close(&txq->removals);
	txq->other_pool = 0;
	txq->pool = NULL;
	txq->direct_pool = NULL;
	txq->pinned_pool = NULL;
}

/* Segments of one mempool that nobody else holds, to be returned together. */
struct run {
	struct rte_mempool *pool;
	bool is_pinned;
	unsigned int count;
	void *segment[64];
};

static void return_run(struct run *run)
{
	if (run->count > 0)
		rte_mempool_put_bulk(run->pool, run->segment, run->count);
	run->count = 0;
}

static void free_segment(struct run *run, struct rte_mbuf *segment)
{
	if (segment->pool != run->pool) {
		return_run(run);
		run->pool = segment->pool;
		run->is_pinned = net_pool_is_pinned(segment->pool);
	}
	if (rte_mbuf_refcnt_read(segment) != 1 ||
		(run->is_pinned ? rte_mbuf_ext_refcnt_read(segment->shinfo) != 1 :
				  !RTE_MBUF_DIRECT(segment))) {
		rte_pktmbuf_free_seg(segment);
		return;
	}
	segment->next = NULL;
	segment->nb_segs = 1;
	if (run->count == RTE_DIM(run->segment))
		return_run(run);
	run->segment[run->count++] = segment;
}

void net_free_packets(struct rte_mbuf **packets, uint16_t count)
{
	struct run run = {.count = 0};

	for (uint16_t i = 0; i < count; i++)
		for (struct rte_mbuf *segment = packets[i], *next; segment != NULL;
			segment = next) {
			next = segment->next;
			free_segment(&run, segment);
		}
	return_run(&run);
}
