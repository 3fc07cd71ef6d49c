/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool of a transmit queue's simple packets. They take the short path and return to it in bulk,
 * so what that needs is checked once, when the pool is chosen.
 */
#ifndef KL_NET_TX_POOL_H
#define KL_NET_TX_POOL_H

#include "burst.h"

/*
 * Makes pool the one whose packets take the short path, while no packet is in flight. From the next
 * burst on the burst function is the one for its kind. False when its packets can't. The queue's
 * thread.
 */
bool net_txq_adopt_pool(struct net_txq *txq, struct rte_mempool *pool);
/* While no packet is in flight: the pool may be freed from now on. The control thread. */
void net_txq_forget_pool(struct net_txq *txq);

#endif
