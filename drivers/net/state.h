/* SPDX-License-Identifier: BSD-3-Clause */
/* State of a network device and of its queue pairs. */
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

#include "burst.h"
#include "limit.h"
#include "ring/gate.h"
#include "settings.h"

/* 5.1.4.1: a smaller MTU is invalid, and the feature is not accepted then. */
#define NET_MIN_MTU 68

/* Interrupt vectors: 0 for configuration changes, then one per receive queue. */
#define NET_RX_VECTOR(queue) ((uint16_t)((queue) + 1))

/*
 * One queue pair. It lives as long as the device, since any thread may read its counters. The
 * fields behind a gate are written by the control thread while the gate is closed, and by a thread
 * that has entered.
 */
struct net_pair {
	struct kl__gate rx_gate;
	struct net_rxq rx;
	struct kl__gate tx_gate;
	struct net_txq tx;
	struct net_coalescing coalescing[2]; /* by enum kl_net_direction */
	bool is_stopped[2]; /* by the application, likewise */
	uint16_t ring_sizes[2]; /* likewise, of the last start's conf; 0: the device's maximum */
};

struct net_control {
	struct kl_queue *queue; /* NULL while there is none */
	/*
	 * Memory of one command, its answer and its reply. It is used for one command after the
	 * other, and not at all while an answer is pending to one that timed out.
	 */
	struct kl_dma memory;
	size_t data_bytes; /* capacity for a command's data */
	const char *unanswered; /* the command without an answer, or NULL */
};

/* Settings that a start or a recovery sends again: replay.h. */
struct net_replay {
	bool is_on; /* within net_replay_begin and net_replay_end */
	bool is_quiet; /* net_report logs nothing */
	enum kl_net_setting setting; /* the one that is sent now */
	uint32_t reported; /* bits of settings whose failure was logged in this run */
};

/* Requests of the device for announcements: announce.c. */
struct net_announce {
	struct net_limit limit;
	bool is_pending; /* the last one was suppressed */
};

/* The device at the end of the last start or recovery, which a recovery compares it with. */
struct net_past {
	bool is_known;
	uint8_t mac[KL_NET_MAC_BYTES]; /* device_mac */
	uint16_t mtu;
	uint16_t max_queue_pairs;
	uint16_t ring_size[2]; /* of the first pair, by enum kl_net_direction */
};

struct kl_net {
	struct kl_device *device;
	struct kl_net_info info;
	uint8_t device_mac[KL_NET_MAC_BYTES]; /* in the configuration, if it is usable */
	bool random_mac_is_logged;
	bool lacks_pairs; /* with MQ it had no control queue: it has fewer pairs than it names */
	bool small_pool_is_reported; /* since the last start */
	bool tag_room_is_reported; /* likewise */
	uint16_t config_mtu; /* in the configuration; 0: not there, or invalid */
	struct net_limit mtu_notices;
	uint16_t config_pairs; /* in the configuration; 0: not there, or invalid */
	uint32_t hash_types; /* VIRTIO_NET_HASH_TYPE_* that the device can compute */
	uint32_t tunnels;
	struct net_pair *pairs;
	void *pairs_memory; /* the allocation that holds pairs */
	uint16_t pair_count; /* in pairs; as many as the device had when it was opened */
	/* Of those, of the last start. The device may have fewer: info.queue_pairs. */
	uint16_t running_pairs;
	uint16_t header_bytes; /* before each packet, in both directions */
	bool header_is_apart; /* in a descriptor of its own */
	uint64_t tx_offloads; /* in force */
	uint64_t rx_offloads;
	struct kl_net_conf conf; /* of the last start */
	struct net_control control;
	struct net_settings settings;
	struct net_replay replay;
	struct net_past past;
	struct net_announce announce;
};

/* True if the device was started and not stopped, though it may be halted, away or failed. */
static inline bool net_is_started(const struct kl_net *net)
{
	enum kl_device_state state = kl_device_state(net->device);

	return state != KL_DEVICE_STOPPED && state != KL_DEVICE_LOST;
}

static inline struct kl__gate *net_gate(struct net_pair *pair, enum kl_net_direction direction)
{
	return direction == KL_NET_RX ? &pair->rx_gate : &pair->tx_gate;
}

#endif
