/* SPDX-License-Identifier: BSD-3-Clause */
/* What the driver keeps of a network device and of its queues. */
#ifndef KL_NET_STATE_H
#define KL_NET_STATE_H

#include <stdalign.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <kickless/bus.h>
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

/* Any state of a gate but open. */
#define NET_GATE_CLOSED 1

/*
 * One queue pair; what it counted in earlier runs is kept, and what was set for it. What stands
 * behind a gate may only be touched while it is shut, or by who has entered.
 */
struct net_pair {
	struct kl__gate rx_gate;
	struct net_rxq rx;
	struct kl__gate tx_gate;
	struct net_txq tx;
	struct net_coalescing coalescing[2]; /* by enum kl_net_direction */
	bool is_stopped[2]; /* alone; as above */
	struct kl_net_queue_stats rx_before;
	struct kl_net_queue_stats tx_before;
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
	uint16_t pair_count; /* in pairs; those of all starts */
	uint16_t running_pairs; /* of those, of the last start */
	uint16_t header_bytes; /* before each packet, in both directions */
	uint64_t tx_offloads; /* in force */
	uint64_t rx_offloads;
	bool is_running;
	bool is_lost; /* a reset did not end: nothing may be done with it any more */
	bool is_stuck; /* the reset of one queue failed; the device needs one */
	/* Running, but stopped until kl_net_recover finds the device there again. */
	bool is_away;
	bool is_given_up; /* running, but stopped until it is started anew */
	uint64_t resets; /* all that ended well */
	struct kl_net_conf conf; /* of the last start */
	struct net_control control;
	struct net_settings settings;
};

/* start.c: negotiates, sets running_pairs queue pairs up as conf says, and lets the device run. */
int net_bring_up(struct kl_net *net);
/* start.c: as kl_device_reset; gates are shut. */
int net_reset(struct kl_net *net);

/* gates.c: nobody is within a burst any more, nor will be. 0, or after a message -EAGAIN. */
int net_gates_close(struct kl_net *net);
/* gates.c: bursts may run again, but for queues that are stopped alone. */
void net_gates_open(struct kl_net *net);
/* gates.c: both for one queue. */
int net_gate_close(struct kl_net *net, enum kl_net_direction direction, uint16_t queue);
void net_gate_open(struct kl_net *net, enum kl_net_direction direction, uint16_t queue);
/* gates.c: who fell asleep on the old ring, or because there was none, must look at the new one. */
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

/*
 * queue.c: makes queue pair number index, with full receive ring; what exists is freed by
 * net_pair_free.
 */
int net_pair_create(struct kl_net *net, uint16_t index, const struct kl_net_conf *conf);
/* queue.c: after a reset: frees the packets and keeps the counters. */
void net_pair_drain(struct net_pair *pair);
void net_pair_free(struct kl_net *net, struct net_pair *pair);

#endif
