/* SPDX-License-Identifier: BSD-3-Clause */
/* What the driver keeps of a network device and of its queues. */
#ifndef KL_NET_STATE_H
#define KL_NET_STATE_H

#include <stdalign.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <kickless/driver/dma.h>
#include <kickless/driver/driver.h>
#include <kickless/driver/lifecycle.h>
#include <kickless/driver/queues.h>
#include <kickless/net.h>
#include <kickless/net_control.h>

#include "control.h"
#include "ring/gate.h"
#include "ring/queue.h"
#include "rx.h"
#include "tx.h"
#include "wire.h"

/* 5.1.4.1: a smaller MTU is nonsense, and the feature is not taken then. */
#define NET_MIN_MTU 68

/* Interrupt vectors: 0 tells of configuration changes, then one per receive queue. */
#define NET_RX_VECTOR(queue) ((uint16_t)((queue) + 1))

/* A setting that each start tells the device again. */
struct net_coalescing {
	bool is_set;
	struct kl_net_coalescing value;
};

/*
 * One queue pair. It lives as long as the device, since any thread may read its counters. What stands
 * behind a gate is touched by the control thread while the gate is closed, and by a thread that has
 * entered.
 */
struct net_pair {
	struct kl__gate rx_gate;
	struct net_rxq rx;
	struct kl__gate tx_gate;
	struct net_txq tx;
	struct net_coalescing coalescing[2]; /* by enum kl_net_direction */
};

/* How packets are hashed and spread, as it was asked for. */
struct net_rss {
	bool is_set;
	uint32_t types; /* VIRTIO_NET_HASH_TYPE_* */
	bool is_in_turn; /* the table is made for the queues of each start */
	uint16_t table_entries;
	uint16_t *table; /* receive queues */
	uint8_t key_bytes;
	uint8_t key[UINT8_MAX];
};

/* What was set through kickless/net_control.h: the device forgets it at a reset. */
struct net_settings {
	uint8_t rx_modes_set; /* a bit for each enum kl_net_rx_mode */
	uint8_t rx_modes;
	bool mac_is_given; /* by the user */
	uint8_t macs[KL_NET_MACS_MAX][KL_NET_MAC_BYTES];
	unsigned int mac_count;
	uint64_t vlans[4096 / 64];
	struct net_rss rss;
	uint32_t tunnels;
	struct net_coalescing coalescing[2]; /* by enum kl_net_direction */
	uint16_t mtu; /* 0: the device's */
	bool rx_offloads_set; /* since the last start */
	uint64_t rx_offloads;
};

struct kl_net {
	struct kl_device *device;
	struct kl_net_info info;
	uint8_t device_mac[KL_NET_MAC_BYTES]; /* in the configuration, if it is usable */
	bool random_mac_is_told;
	uint16_t config_pairs; /* in the configuration; 0: not there, or nonsense */
	uint32_t hash_types; /* VIRTIO_NET_HASH_TYPE_* that the device can */
	uint32_t tunnels;
	struct net_pair *pairs;
	void *pairs_memory; /* that pairs lie in */
	uint16_t pair_count; /* in pairs; as many as the device had when it was opened */
	uint16_t running_pairs; /* of those, of the last start */
	uint16_t header_bytes; /* before each packet, in both directions */
	uint64_t tx_offloads; /* in force */
	uint64_t rx_offloads;
	struct kl_net_conf conf; /* of the last start */
	struct net_control control;
	struct net_settings settings;
};

/* Whether the device was started and not stopped, though it may be halted, away or failed. */
static inline bool net_is_started(const struct kl_net *net)
{
	enum kl_device_state state = kl_device_state(net->device);

	return state != KL_DEVICE_STOPPED && state != KL_DEVICE_LOST;
}

static inline struct kl__gate *net_gate(struct net_pair *pair, enum kl_net_direction direction)
{
	return direction == KL_NET_RX ? &pair->rx_gate : &pair->tx_gate;
}

/* start.c: the life cycle, as struct kl_driver says. */
int net_configure(struct kl_device *device, const void *conf);
int net_negotiate(struct kl_device *device);
int net_create_queues(struct kl_device *device);
int net_replay(struct kl_device *device);
void net_quiesce(struct kl_device *device);
void net_drain(struct kl_device *device);
void net_halted(struct kl_device *device);
void net_wake_all(struct kl_device *device);

/* wait.c: wakes a thread that sleeps on a receive queue's eventfd. */
void net_wake(const struct kl_net *net, uint16_t queue);

/* queue.c: the largest frame by what the device says now and the user has set. */
void net_txq_set_mtu(const struct kl_net *net, struct net_txq *txq);

/* queue.c: frees what the device has sent, which must not count as lost. */
void net_txq_take_sent(struct net_txq *txq);

/* queue.c: -EINVAL after a message unless the device runs and has this queue. */
int net_check_queue(const struct kl_net *net, uint16_t queue);
/* -EAGAIN after a message, what it is that can't be done, when the running device has no queues now. */
int net_check_presence(const struct kl_net *net, const char *what);

/* config.c: reads the configuration that the offered features allow. */
int net_config_read(struct kl_net *net);
/* config.c: what a start may ask for, by the features offered and the user's word about them. */
void net_offloads_possible(struct kl_net *net);
/*
 * config.c: whether the device offers feature, has its field in the configuration space, and has
 * something there that makes sense.
 */
bool net_config_is_usable(const struct kl_net *net, unsigned int feature);
/* config.c: link and speed may have changed, and the device may ask for an announcement. */
void net_config_changed(struct kl_device *device);

/* queue.c: makes the records of all queue pairs that the device has. 0, -ENOMEM after a message. */
int net_pairs_create(struct kl_net *net);
/*
 * queue.c: makes the queues of pair number index, with a full receive ring; net_pair_drain frees
 * what exists.
 */
int net_pair_create_queues(struct kl_net *net, uint16_t index, const struct kl_net_conf *conf);
/* queue.c: after a reset: frees the packets that were in flight and what the queues needed. */
void net_pair_drain(struct kl_net *net, struct net_pair *pair);

#endif
