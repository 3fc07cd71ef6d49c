/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions of a transmit queue: the choice of its burst function, and the path of packets that are
 * not simple (tx_slow.c).
 */
#ifndef KL_NET_TX_H
#define KL_NET_TX_H

#include "burst.h"

/*
 * The class of a sent packet, in the slot's field where a receive buffer has its size. A packet of
 * txq->pool that nobody else holds is returned to the pool without a read of the mbuf, which has
 * long left the cache.
 */
enum {
	TX_ANY_PACKET,
	TX_OWN_PACKET,
	/* None: the slow path decides. */
	TX_NO_PACKET,
};

/* Chooses the burst functions by the negotiated features. The control thread. */
void net_tx_choose(struct net_txq *txq);

/*
 * Adds a packet that is not simple. False when the ring has no room. A packet that can never be
 * sent is freed and counted. One that stays the caller's comes again, and what was done to it is
 * then done anew.
 */
bool net_tx_add_slow(struct net_txq *txq, struct rte_mbuf *packet);

#endif
