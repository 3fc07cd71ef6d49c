/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions of a transmit queue: the choice of its burst function, and the path of packets that are
 * not simple (tx_slow.c).
 */
#ifndef KL_NET_TX_H
#define KL_NET_TX_H

#include "burst.h"

/* Chooses the burst functions by the negotiated features. The control thread. */
void net_tx_choose(struct net_txq *txq);

/*
 * Adds a packet that is not simple. False when the ring has no room. A packet that can never be
 * sent is freed and counted. One that stays the caller's comes again, and what was done to it is
 * then done anew.
 */
bool net_tx_add_slow(struct net_txq *txq, struct rte_mbuf *packet);

#endif
