/* SPDX-License-Identifier: BSD-3-Clause */
/* A transmit queue: its state, and the functions of tx.c and tx_slow.c. */
#ifndef KL_NET_TX_H
#define KL_NET_TX_H

#include <stdalign.h>

#include <rte_mbuf.h>

#include <kickless/driver/dma.h>

#include "burst.h"
#include "ring/queue.h"
#include "tx_offload.h"

struct net_txq;
typedef uint16_t net_tx_burst_fn(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count);

struct net_txq {
	net_tx_burst_fn *burst;
	struct kl_queue *queue;
	/* Of the device's header before each packet. */
	uint16_t header_bytes;
	/* Of the last simple packets; see pool_class in tx.c. */
	struct rte_mempool *pool;
	/* Packets in flight that are not returned to pool in bulk: of another mempool, or not simple. */
	uint16_t other_pool;
	/* The largest frame, Ethernet header included; larger packets are refused. */
	uint32_t max_frame;
	struct net_tx_rules rules;
	/* A header of zeros, for packets without room for their own. */
	struct kl_dma header;
	/* The burst function's name for a person. */
	const char *path;
	alignas(KL__CACHE_LINE) struct net_counters count;
};

/* Chooses the burst function for what was negotiated. */
void net_tx_choose(struct net_txq *txq);

/*
 * Adds a packet that is not simple. False when the ring has no room. A packet that can never be
 * sent is freed and counted. One that stays the caller's comes again, and what was done to it is
 * then done anew.
 */
bool net_tx_add_slow(struct net_txq *txq, struct rte_mbuf *packet);

#endif
