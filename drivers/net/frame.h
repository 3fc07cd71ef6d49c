/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lengths of Ethernet frames. An MTU counts neither the Ethernet header nor VLAN tags, so a tagged
 * frame may be longer by its tags: 5.1.4.2, which speaks of low level headers, and IEEE 802.1Q.
 * The limits of both directions are made here.
 */
#ifndef KL_NET_FRAME_H
#define KL_NET_FRAME_H

#include <stdbool.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

/* Tags of one frame that do not count. A frame with more of them has the room of so many. */
#define NET_TAGS_MAX 4u

/* The longest frame with so many tags. */
static inline uint32_t net_frame_max(uint32_t mtu, unsigned int tags)
{
	return mtu + RTE_ETHER_HDR_LEN + tags * RTE_VLAN_HLEN;
}

/* VLAN tags at the start of a frame, of five types in any order; at most NET_TAGS_MAX. */
unsigned int net_frame_tags(const struct rte_mbuf *packet);

/* True for an IP packet without tags, as most are: a cheaper question than that for tags. */
static inline bool net_frame_is_plain_ip(const struct rte_mbuf *packet)
{
	rte_be16_t type;

	if (packet->data_len < RTE_ETHER_HDR_LEN)
		return false;
	memcpy(&type, rte_pktmbuf_mtod_offset(packet, char *, 2 * RTE_ETHER_ADDR_LEN),
		sizeof(type));
	return type == RTE_BE16(RTE_ETHER_TYPE_IPV4) || type == RTE_BE16(RTE_ETHER_TYPE_IPV6);
}

/*
 * A view of a packet, for parsers that know no tags: it starts later by the tags that the packet
 * has, so the type behind them is where that of an untagged frame is. The addresses are not.
 */
void net_frame_skip_tags(const struct rte_mbuf *packet, unsigned int tags, struct rte_mbuf *view);

#endif
