/* SPDX-License-Identifier: BSD-3-Clause */
#include "tx_pool.h"

#include "pinned.h"

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

	if (is_pinned && !find_layout(pool, &layout))
		return false;
	txq->pool = pool;
	txq->direct_pool = is_pinned ? NULL : pool;
	txq->pinned_pool = is_pinned ? pool : NULL;
	txq->shared_at = layout.shared_at;
	txq->burst = txq->bursts[is_pinned];
	return true;
}

void net_txq_forget_pool(struct net_txq *txq)
{
	txq->other_pool = 0;
	txq->pool = NULL;
	txq->direct_pool = NULL;
	txq->pinned_pool = NULL;
}
