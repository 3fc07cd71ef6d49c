/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the device says of a received packet, put into the mbuf's fields: virtio 1.x, 5.1.9.4. Pure
 * functions over a packet; the queue's thread. Every value is held against the packet first.
 */
#ifndef KL_NET_RX_OFFLOAD_H
#define KL_NET_RX_OFFLOAD_H

#include <stdbool.h>

#include <rte_mbuf.h>

#include <kickless/features.h>

#include "wire.h"

/* What the device may say; the control thread changes it with the offloads in force. */
struct net_rx_rules {
	bool is_needed; /* some packet may need a look */
	bool has_csum;
	bool has_hash;
	bool has_rsc;
	bool strips_vlan;
	uint64_t gso_types; /* a bit for each gso_type that was negotiated, ECN apart */
	bool has_ecn;
};

/* By the features accepted, and the offloads in force. */
struct net_rx_rules net_rx_rules_of(const struct kl_features *accepted, uint64_t rx_offloads);

enum net_rx_verdict {
	NET_RX_GOOD,
	NET_RX_DOUBTFUL, /* the header makes no sense, the data may: count it, its checksum is unknown */
	NET_RX_BAD, /* drop and count it */
};

/*
 * header: the caller's copy, taken once; its last eight bytes count only with HASH_REPORT. The packet
 * is whole, its ol_flags and packet_type 0.
 */
enum net_rx_verdict net_rx_offload(const struct net_rx_rules *rules, struct rte_mbuf *packet,
	const struct virtio_net_hdr_v1_hash *header);

#endif
