/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

/* IEEE 802.1Q and 802.1ad, and the types that were in use before 802.1ad had one. */
static bool is_tag(rte_be16_t type)
{
	return type == RTE_BE16(RTE_ETHER_TYPE_VLAN) || type == RTE_BE16(RTE_ETHER_TYPE_QINQ) ||
		type == RTE_BE16(RTE_ETHER_TYPE_QINQ1) || type == RTE_BE16(RTE_ETHER_TYPE_QINQ2) ||
		type == RTE_BE16(RTE_ETHER_TYPE_QINQ3);
}

/* False at the end of the packet. The type may lie in two segments, and at an odd address. */
static bool read_type(const struct rte_mbuf *packet, uint32_t at, rte_be16_t *type)
{
	const void *bytes = rte_pktmbuf_read(packet, at, sizeof(*type), type);

	if (bytes != NULL && bytes != type)
		memcpy(type, bytes, sizeof(*type));
	return bytes != NULL;
}

unsigned int net_frame_tags(const struct rte_mbuf *packet)
{
	uint32_t at = 2 * RTE_ETHER_ADDR_LEN;
	unsigned int tags = 0;
	rte_be16_t type = 0;

	while (tags < NET_TAGS_MAX && read_type(packet, at, &type) && is_tag(type)) {
		at += RTE_VLAN_HLEN;
		tags++;
	}
	return tags;
}

void net_frame_skip_tags(const struct rte_mbuf *packet, unsigned int tags, struct rte_mbuf *view)
{
	const uint32_t bytes = tags * RTE_VLAN_HLEN;
	const struct rte_mbuf *segment = packet;
	uint32_t skipped = bytes;

	/* The last tag ends behind what is skipped, so there is such a segment. */
	for (; skipped >= segment->data_len; segment = segment->next)
		skipped -= segment->data_len;
	*view = *segment;
	view->data_off += skipped;
	view->data_len -= skipped;
	view->pkt_len = packet->pkt_len - bytes;
}
