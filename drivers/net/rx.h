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

/*
 * Adds as many buffers to the ring as it and the pool allow, and publishes them. Does not kick. The
 * queue's thread; the control thread while the gate is closed.
 */
void net_rx_refill(struct net_rxq *rxq);

#endif
