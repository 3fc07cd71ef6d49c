/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings of kickless/net_control.h, which the device forgets at a reset. Each replay function
 * sends those of its file to the running device again. It returns 0, or -errno after a message.
 */
#ifndef KL_NET_SETTINGS_H
#define KL_NET_SETTINGS_H

#include <kickless/net.h>
#include <kickless/net_control.h>

/* A setting that each start sends to the device again. */
struct net_coalescing {
	bool is_set;
	struct kl_net_coalescing value;
};

/* The requested hash and its distribution over receive queues. */
struct net_rss {
	bool is_set;
	uint32_t types; /* VIRTIO_NET_HASH_TYPE_* */
	bool is_default_table; /* it is made anew for the queues of each start */
	uint16_t table_entries;
	uint16_t *table; /* receive queues */
	uint8_t key_bytes;
	uint8_t key[UINT8_MAX];
};

/* All settings. */
struct net_settings {
	uint8_t rx_modes_set; /* a bit for each enum kl_net_rx_mode */
	uint8_t rx_modes;
	bool mac_is_given; /* set by the user */
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

/* filter.c: receive modes, MAC addresses and VLAN ids. */
int net_filters_replay(struct kl_net *net);
/* coalescing.c */
int net_coalescing_replay(struct kl_net *net);
/* guest_offloads.c: if they were changed since the start. */
int net_rx_offloads_replay(struct kl_net *net);
/* queue_stop.c: stops the queues again that were stopped alone. */
int net_queue_stops_replay(struct kl_net *net);

#endif
