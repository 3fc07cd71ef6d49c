/* SPDX-License-Identifier: BSD-3-Clause */
/* State of the receive and transmit queues, as the burst functions use it. */
#ifndef KL_NET_BURST_H
#define KL_NET_BURST_H

#include <stdalign.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <kickless/driver/dma.h>

#include "ring/queue.h"
#include "ring/reach.h"
#include "rx_offload.h"
#include "tx_offload.h"
#include "wire.h"

/*
 * The header before each packet. Legacy devices without MRG_RXBUF have a shorter one.
 */
#define NET_HEADER_BYTES ((uint16_t)sizeof(struct virtio_net_hdr))

/* Written by the queue's thread. */
struct net_counters {
	uint64_t packets;
	uint64_t bytes;
	uint64_t errors;
	uint64_t nombuf;
	uint64_t interrupts;
};

struct net_rxq;
typedef uint16_t net_rx_burst_fn(struct net_rxq *rxq, struct rte_mbuf **packets, uint16_t count);

/* The place of a pool's buffers. */
#define NET_BUFFERS_FOLLOW 0u /* each lies behind its mbuf */
/*
 * External and pinned, in a row as their mbufs are, each so many times as large as what its mbuf
 * takes.
 */
#define NET_BUFFERS_STRIDED 1u
#define NET_BUFFERS_PINNED 2u /* external and pinned, in any order */

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
	uint8_t place; /* of the pool's buffers: NET_BUFFERS_* */
	/*
	 * The device writes to the mbuf's address times stride, plus stride_at. stride is 1 if
	 * buffers follow their mbufs. Neither is used if they are pinned in any order.
	 */
	uint64_t stride;
	uint64_t stride_at;
	/* Bus addresses are those that DPDK knows; else virtual ones. */
	bool is_physical;
	/* The part of a buffer that the device may write, header included. */
	uint32_t buffer_bytes;
	/* The largest frame; longer packets are refused. */
	uint32_t frame_bytes;
	/* The largest packet in one buffer. */
	uint32_t whole_bytes;
	/* Free descriptors that are worth a refill. */
	uint16_t refill_at;
	/* Buffers of the largest packet that a device is expected to deliver. */
	uint16_t packet_buffers;
	bool is_mergeable;
	/* A buffer takes two descriptors, or a table of them: refill_apart in rx.c. */
	bool header_is_apart;
	struct net_rx_rules rules;
	/* The burst function's name for a person. */
	const char *path;
	alignas(KL__CACHE_LINE) struct net_counters count;
};

/* A pool that was checked: struct net_pool_memory. */
struct net_known_pool {
	const struct rte_mempool *pool;
	const void *unreachable;
	bool has_right_iova;
};
#define NET_KNOWN_POOLS 4

struct net_txq;
typedef uint16_t net_tx_burst_fn(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count);

struct net_txq {
	net_tx_burst_fn *burst;
	/* For a pool of pinned buffers or not. */
	net_tx_burst_fn *bursts[2];
	struct kl_queue *queue;
	/* Of the device's header before each packet. */
	uint16_t header_bytes;
	/* Where simple packets in flight return to; see pool_class in tx.c. */
	struct rte_mempool *pool;
	/*
	 * The same, where packets of it may take the short path now: one if buffers follow their
	 * mbufs, the other if they are pinned. Else NULL.
	 */
	struct rte_mempool *direct_pool;
	struct rte_mempool *pinned_pool;
	/* From a pinned_pool's mbuf to the record of its buffer. */
	uint32_t shared_at;
	/* Empty once memory was taken from the device: what is known of pools is void then. */
	struct kl__window removals;
	/*
	 * Packets in flight that do not return to pool in bulk: of another mempool, or not simple.
	 */
	uint16_t other_pool;
	/* The largest packet without tags that may take the short path; 0: none may. */
	uint32_t simple_bytes;
	/* No descriptor holds bytes of both the header and the packet. */
	bool header_is_apart;
	/* Longer frames are refused: net_frame_max; 0: of no length. */
	uint16_t mtu;
	struct net_tx_rules rules;
	/* A header of zeros, for packets without room for their own. */
	struct kl_dma header;
	struct net_known_pool known[NET_KNOWN_POOLS];
	uint8_t next_known;
	bool is_physical;
	/* A packet that the device does not reach was reported. */
	bool has_logged;
	struct kl_device *device;
	/* The burst function's name for a person. */
	const char *path;
	alignas(KL__CACHE_LINE) struct net_counters count;
};

#endif
