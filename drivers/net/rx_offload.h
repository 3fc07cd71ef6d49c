/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The offload fields of a received packet's header, applied to the mbuf: virtio 1.x, 5.1.9.4. Pure
 * functions over a packet; the queue's thread. Every value is checked against the packet first.
 */
#ifndef KL_NET_RX_OFFLOAD_H
#define KL_NET_RX_OFFLOAD_H

#include <stdbool.h>

#include <rte_mbuf.h>

#include <kickless/features.h>

#include "wire.h"

/* The fields that the device may set; the control thread changes it with the offloads in force. */
struct net_rx_rules {
	/* Some packet may need net_rx_offload. */
	bool is_needed;
	bool has_csum;
	bool has_hash;
	bool has_rsc;
	bool strips_vlan;
	/* A bit for each gso_type that was negotiated, without ECN. */
	uint64_t gso_types;
	bool has_ecn;
};

/* The rules that follow from the features accepted and the offloads in force. */
struct net_rx_rules net_rx_rules_of(const struct kl_features *accepted, uint64_t rx_offloads);

enum net_rx_verdict {
	NET_RX_GOOD,
	/* The header is malformed, the data may be good: count it; its checksum is unknown. */
	NET_RX_DOUBTFUL,
	/* Drop and count it. */
	NET_RX_BAD,
};

/*
 * Applies header, the caller's only copy; its last eight bytes count only with HASH_REPORT. The
 * packet is complete, its ol_flags and packet_type are 0.
 */
enum net_rx_verdict net_rx_offload(const struct net_rx_rules *rules, struct rte_mbuf *packet,
	const struct virtio_net_hdr_v1_hash *header);

#endif
