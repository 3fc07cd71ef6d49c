/* SPDX-License-Identifier: BSD-3-Clause */
/* What the driver keeps of a network device and of its queues. */
#ifndef KL_NET_STATE_H
#define KL_NET_STATE_H

#include <stdalign.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <kickless/bus.h>
#include <kickless/net.h>

#include "ring/queue.h"
#include "wire.h"

/*
 * The header with which every packet starts. Legacy devices without MRG_RXBUF have a shorter one.
 */
#define NET_HEADER_BYTES ((uint16_t)sizeof(struct virtio_net_hdr))

/* 5.1.4.1: a smaller MTU is nonsense, and the feature is not taken then. */
#define NET_MIN_MTU 68

/*
 * Where the device starts to write in a receive buffer: the packet then starts at the usual
 * headroom.
 */
#define NET_RX_OFFSET ((uint16_t)(RTE_PKTMBUF_HEADROOM - NET_HEADER_BYTES))

struct net_txq;
struct net_rxq;
typedef uint16_t net_tx_burst_fn(struct net_txq *txq, struct rte_mbuf **packets, uint16_t count);
typedef uint16_t net_rx_burst_fn(struct net_rxq *rxq, struct rte_mbuf **packets, uint16_t count);

/* Written by the queue's thread. */
struct net_counters {
	uint64_t packets;
	uint64_t bytes;
	uint64_t errors;
	uint64_t nombuf;
};

struct net_txq {
	net_tx_burst_fn *burst;
	struct kl_queue *queue;
	struct rte_mempool *pool; /* of the last simple packets; see kind_of in tx.c */
	uint32_t max_frame; /* Ethernet header included; larger packets are refused */
	struct kl_dma header; /* a header of zeros, for packets that have no room for their own */
	const char *path;
	alignas(KL__CACHE_LINE) struct net_counters count;
};

struct net_rxq {
	net_rx_burst_fn *burst;
	struct kl_queue *queue;
	struct rte_mempool *pool;
	uint64_t mbuf_init; /* rearm_data of a fresh packet */
	uint32_t header_at; /* from the mbuf to where the device writes: the same in the whole pool
			     */
	bool iova_is_virtual;
	uint32_t buffer_bytes; /* what the device may write, header included */
	uint16_t refill_at; /* free descriptors that are worth a refill */
	const char *path;
	alignas(KL__CACHE_LINE) struct net_counters count;
};

/* One queue pair; what it counted in earlier runs is kept. */
struct net_pair {
	struct net_rxq rx;
	struct net_txq tx;
	struct kl_net_queue_stats rx_before;
	struct kl_net_queue_stats tx_before;
};

struct kl_net {
	struct kl_device *device;
	struct kl_net_info info;
	struct net_pair *pairs;
	uint16_t pair_count; /* in pairs; those of the last start */
	bool is_running;
	bool mac_is_given; /* by the user */
};

/* config.c: reads the configuration that the offered features allow. */
int net_config_read(struct kl_net *net);
/* config.c: whether the device offers feature and has its field in the configuration space. */
bool net_config_has(const struct kl_net *net, unsigned int feature);
/* config.c: link, speed and MTU may have changed. */
void net_config_changed(struct kl_device *device);

/*
 * queue.c: makes queue pair number index, with full receive ring; what exists is freed by
 * net_pair_free.
 */
int net_pair_create(struct kl_net *net, uint16_t index, const struct kl_net_conf *conf);
/* queue.c: after a reset: frees the packets and keeps the counters. */
void net_pair_drain(struct net_pair *pair);
void net_pair_free(struct kl_net *net, struct net_pair *pair);

/* rx.c and tx.c: choose the burst function for what was negotiated. */
void net_rx_choose(struct net_rxq *rxq, bool mergeable);
void net_tx_choose(struct net_txq *txq);
/*
 * rx.c: gives the device as many buffers as the ring and the pool allow; publishes, does not kick.
 */
void net_rx_refill(struct net_rxq *rxq);

#endif
