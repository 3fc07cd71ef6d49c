/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The offloads that a packet requests: written into the device's header, or done here where the
 * device can't. virtio 1.x, 5.1.9.2. Pure functions over a packet; the queue's thread.
 */
#ifndef KL_NET_TX_OFFLOAD_H
#define KL_NET_TX_OFFLOAD_H

#include <stdbool.h>

#include <rte_mbuf.h>

#include <kickless/features.h>

#include "wire.h"

/* The offloads of the device; constant from one start to the next. */
struct net_tx_rules {
	/* Some packet may request an offload. */
	bool is_needed;
	bool has_csum;
	bool has_tso4;
	bool has_tso6;
	bool has_ecn;
	bool has_uso;
	bool has_ufo;
};

/* The rules that follow from the features accepted and the offloads in force. */
struct net_tx_rules net_tx_rules_of(const struct kl_features *accepted, uint64_t tx_offloads);

/*
 * The flags of which one is set in a packet that net_tx_offload has to process. The last of
 * them is one bit of RTE_MBUF_F_RX_L4_CKSUM_NONE: the packet came from a port, and its checksum
 * is not complete.
 */
#define NET_TX_FLAGS (RTE_MBUF_F_TX_OFFLOAD_MASK | RTE_MBUF_F_RX_L4_CKSUM_BAD)

/* True when net_tx_offload has something to do. Otherwise the header is all zeros. */
static inline bool net_tx_offload_is_requested(const struct rte_mbuf *packet)
{
	return (packet->ol_flags & NET_TX_FLAGS) != 0;
}

/*
 * Changes the packet (tag, checksums) and fills header, with num_buffers 0. A packet whose
 * header->gso_type is not NONE may be longer than the MTU. 0, or the packet can't be sent: -EINVAL,
 * it contradicts itself; -ENOTSUP, the device can't do this and neither can software.
 */
int net_tx_offload(const struct net_tx_rules *rules, struct rte_mbuf *packet,
	struct virtio_net_hdr *header);

#endif
