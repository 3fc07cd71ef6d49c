/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions of a receive queue: the choice of its burst function, and its refill. The burst
 * functions of all variants are in rx.c.
 */
#ifndef KL_NET_RX_H
#define KL_NET_RX_H

#include "burst.h"

/* Chooses the burst function by the negotiated features. The control thread. */
void net_rx_choose(struct net_rxq *rxq, bool mergeable);

/* The limit of a refill that takes all that the ring has room for. */
#define NET_RX_ALL UINT16_MAX

/* Buffers that the ring has room for. Threads as of net_rx_refill. */
uint16_t net_rx_room(const struct net_rxq *rxq);

/*
 * Adds as many buffers to the ring as it and the pool allow, at most limit, and publishes them.
 * Does not kick. The queue's thread; the control thread while the gate is closed.
 */
void net_rx_refill(struct net_rxq *rxq, uint16_t limit);

#endif
