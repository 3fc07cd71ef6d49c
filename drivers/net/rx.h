/* SPDX-License-Identifier: BSD-3-Clause */
/* A receive queue: its state, and the functions of rx.c. */
#ifndef KL_NET_RX_H
#define KL_NET_RX_H

#include <stdalign.h>

#include <rte_mbuf.h>

#include "burst.h"
#include "ring/queue.h"
#include "rx_offload.h"

struct net_rxq;
typedef uint16_t net_rx_burst_fn(struct net_rxq *rxq, struct rte_mbuf **packets, uint16_t count);

struct net_rxq {
	net_rx_burst_fn *burst;
	struct kl_queue *queue;
	/* Of the device's header before each packet. */
	uint16_t header_bytes;
	/* In a buffer, of the header: the packet starts at the headroom. */
	uint16_t offset;
	struct rte_mempool *pool;
	/* The rearm_data of a fresh packet. */
	uint64_t mbuf_init;
	/* From the mbuf to the place where the device writes: the same in the whole pool. */
	uint32_t header_at;
	bool iova_is_virtual;
	/* The part of a buffer that the device may write, header included. */
	uint32_t buffer_bytes;
	/* The largest frame; longer packets are refused. */
	uint32_t frame_bytes;
	/* The largest packet in one buffer. */
	uint32_t whole_bytes;
	/* Free descriptors that are worth a refill. */
	uint16_t refill_at;
	bool is_mergeable;
	struct net_rx_rules rules;
	/* The burst function's name for a person. */
	const char *path;
	alignas(KL__CACHE_LINE) struct net_counters count;
};

/* Chooses the burst function for what was negotiated. */
void net_rx_choose(struct net_rxq *rxq, bool mergeable);

/* Gives the device as many buffers as the ring and the pool allow, and publishes; does not kick. */
void net_rx_refill(struct net_rxq *rxq);

#endif
