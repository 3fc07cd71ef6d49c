/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pools of a transmit queue's packets. Packets of one of them take the short path and return to
 * it in bulk, so what that needs is checked once, when the pool is chosen: that the device reaches
 * all its packets, and for pinned buffers that they are laid out as usual. The queue's thread, or
 * the control thread while the gate is closed.
 */
#ifndef KL_NET_TX_POOL_H
#define KL_NET_TX_POOL_H

#include "burst.h"

/* True if the device reaches all packets of the pool, as it was found before. */
static inline bool net_txq_knows_pool(const struct net_txq *txq, const struct rte_mempool *pool)
{
	for (unsigned int i = 0; i < NET_KNOWN_POOLS; i++)
		if (txq->known[i].pool == pool)
			return txq->known[i].unreachable == NULL;
	return false;
}

/* Tests whether the device reaches all packets of the pool, by the bus addresses in their mbufs. */
bool net_txq_can_send(struct net_txq *txq, struct rte_mempool *pool);

/*
 * Makes pool the one whose packets take the short path, while no packet is in flight. From the next
 * burst on the burst function is the one for its kind. False when its packets can't.
 */
bool net_txq_adopt_pool(struct net_txq *txq, struct rte_mempool *pool);

/* Checks the pool anew, since memory was taken from the device. */
void net_txq_check_pool(struct net_txq *txq);

/*
 * Frees packets of any kind and any pool, as rte_pktmbuf_free_bulk does, which takes a long way for
 * each pinned buffer.
 */
void net_free_packets(struct rte_mbuf **packets, uint16_t count);

/* Of a queue that was made: no pool is known. */
void net_txq_open_pools(struct net_txq *txq);
/* While no packet is in flight: pools may be freed from now on. */
void net_txq_forget_pools(struct net_txq *txq);

#endif
