/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx_offload.h"

#include <netinet/in.h>

#include <rte_ethdev.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "checksum.h"
#include "frame.h"

#define VLAN_FRAME_MIN (RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)

static uint64_t gso_bit(const struct kl_features *accepted, unsigned int feature, uint8_t gso_type)
{
	return kl_features_has(accepted, feature) ? RTE_BIT64(gso_type) : 0;
}

struct net_rx_rules net_rx_rules_of(const struct kl_features *accepted, uint64_t rx_offloads)
{
	struct net_rx_rules rules = {
		.has_csum = kl_features_has(accepted, VIRTIO_NET_F_GUEST_CSUM),
		.has_hash = kl_features_has(accepted, VIRTIO_NET_F_HASH_REPORT),
		.has_rsc = kl_features_has(accepted, VIRTIO_NET_F_RSC_EXT),
		.strips_vlan = (rx_offloads & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) != 0,
		.gso_types = gso_bit(accepted, VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_HDR_GSO_TCPV4) |
			gso_bit(accepted, VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_HDR_GSO_TCPV6) |
			gso_bit(accepted, VIRTIO_NET_F_GUEST_UFO, VIRTIO_NET_HDR_GSO_UDP) |
			gso_bit(accepted, VIRTIO_NET_F_GUEST_USO4, VIRTIO_NET_HDR_GSO_UDP_L4) |
			gso_bit(accepted, VIRTIO_NET_F_GUEST_USO6, VIRTIO_NET_HDR_GSO_UDP_L4),
		.has_ecn = kl_features_has(accepted, VIRTIO_NET_F_GUEST_ECN),
	};

	rules.is_needed = rules.has_csum || rules.has_hash || rules.strips_vlan;
	return rules;
}

/* 5.1.9.4.5: the packet type that each type of hash stands for. */
static const uint32_t type_of_report[VIRTIO_NET_HASH_REPORT_MAX + 1] = {
	0,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4_EXT_UNKNOWN,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4_EXT_UNKNOWN | RTE_PTYPE_L4_TCP,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4_EXT_UNKNOWN | RTE_PTYPE_L4_UDP,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT_UNKNOWN,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT_UNKNOWN | RTE_PTYPE_L4_TCP,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT_UNKNOWN | RTE_PTYPE_L4_UDP,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT | RTE_PTYPE_L4_TCP,
	RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT | RTE_PTYPE_L4_UDP,
};

static void set_hash(struct rte_mbuf *packet, const struct virtio_net_hdr_v1_hash *header)
{
	uint16_t report = header->hash_report;

	if (report == VIRTIO_NET_HASH_REPORT_NONE || report > VIRTIO_NET_HASH_REPORT_MAX)
		return;
	packet->hash.rss = header->hash_value;
	packet->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
	packet->packet_type = type_of_report[report];
}

/* 5.1.9.4.1: a large packet has a negotiated type, a size, and an incomplete checksum. */
static bool is_legal_gso(const struct net_rx_rules *rules, const struct virtio_net_hdr *header)
{
	uint8_t type = header->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	bool has_ecn = (header->gso_type & VIRTIO_NET_HDR_GSO_ECN) != 0;

	return type < 64 && (rules->gso_types & RTE_BIT64(type)) != 0 && header->gso_size != 0 &&
		(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0 && (!has_ecn || rules->has_ecn);
}

/*
 * Completes the checksum of an unknown transport header, for example in a tunnel. No later stage
 * would find that header again.
 */
static void complete_checksum(struct rte_mbuf *packet, const struct virtio_net_hdr *header)
{
	uint32_t field = (uint32_t)header->csum_start + header->csum_offset;
	uint16_t sum = (uint16_t)~net_checksum(packet, header->csum_start,
		packet->pkt_len - header->csum_start);

	if (sum == 0 && header->csum_offset == offsetof(struct rte_udp_hdr, dgram_cksum))
		sum = 0xffff;
	net_write16(packet, field, sum);
	packet->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

static bool is_inside(const struct rte_mbuf *packet, const struct virtio_net_hdr *header)
{
	return (uint32_t)header->csum_start + header->csum_offset + sizeof(uint16_t) <=
		packet->pkt_len;
}

/* The length of the transport header, for a stage that segments the packet again. */
static uint16_t l4_bytes(const struct rte_mbuf *packet, const struct net_place *place)
{
	const uint8_t *field;
	uint8_t copy;

	if (place->protocol != IPPROTO_TCP)
		return sizeof(struct rte_udp_hdr);
	field = rte_pktmbuf_read(packet,
		place->l4_at + (uint32_t)offsetof(struct rte_tcp_hdr, data_off), 1, &copy);
	return field != NULL ? (uint16_t)((*field >> 4) * 4) : 0;
}

/*
 * NRX-11: the data is good and the checksum is not complete. csum_start and csum_offset are its
 * place, unless the device coalesced packets and these fields are counts (RSC_INFO, NRX-09).
 */
static enum net_rx_verdict set_partial(const struct net_rx_rules *rules, struct rte_mbuf *packet,
	const struct virtio_net_hdr *header)
{
	bool has_counts = rules->has_rsc && (header->flags & VIRTIO_NET_HDR_F_RSC_INFO) != 0;
	struct net_place place;
	uint32_t type;
	int rc;

	if (!has_counts && !is_inside(packet, header))
		return NET_RX_DOUBTFUL;
	rc = net_find_transport(packet, &place, &type);
	packet->packet_type = type;
	if (rc == 0 &&
		(has_counts ||
			(header->csum_start == place.l4_at &&
				header->csum_offset == net_checksum_offset(&place)))) {
		packet->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
		packet->l2_len = place.l3_at;
		packet->l3_len = place.l3_bytes;
		packet->l4_len = (uint8_t)l4_bytes(packet, &place);
		return NET_RX_GOOD;
	}
	if (has_counts)
		return NET_RX_DOUBTFUL;
	complete_checksum(packet, header);
	return NET_RX_GOOD;
}

static enum net_rx_verdict set_checksum(const struct net_rx_rules *rules, struct rte_mbuf *packet,
	const struct virtio_net_hdr *header)
{
	bool is_large = header->gso_type != VIRTIO_NET_HDR_GSO_NONE;
	enum net_rx_verdict verdict = NET_RX_GOOD;

	if (is_large && !is_legal_gso(rules, header))
		return NET_RX_BAD;
	/* All lengths in one store. */
	packet->tx_offload = 0;
	if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0)
		verdict = set_partial(rules, packet, header);
	else if ((header->flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0)
		packet->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	if (is_large) {
		packet->ol_flags |= RTE_MBUF_F_RX_LRO;
		packet->tso_segsz = header->gso_size;
	}
	return verdict;
}

static void strip_tag(struct rte_mbuf *packet)
{
	unsigned int tags;

	if (packet->data_len < VLAN_FRAME_MIN || rte_vlan_strip(packet) != 0)
		return;
	if (packet->l2_len >= VLAN_FRAME_MIN)
		packet->l2_len -= RTE_VLAN_HLEN;
	tags = net_frame_tags(packet);
	packet->packet_type &= ~RTE_PTYPE_L2_MASK;
	packet->packet_type |= tags == 0 ? RTE_PTYPE_L2_ETHER :
		tags == 1                ? RTE_PTYPE_L2_ETHER_VLAN :
					   RTE_PTYPE_L2_ETHER_QINQ;
}

enum net_rx_verdict net_rx_offload(const struct net_rx_rules *rules, struct rte_mbuf *packet,
	const struct virtio_net_hdr_v1_hash *header)
{
	enum net_rx_verdict verdict = NET_RX_GOOD;

	if (rules->has_hash)
		set_hash(packet, header);
	if (rules->has_csum)
		verdict = set_checksum(rules, packet, &header->hdr);
	if (rules->strips_vlan && verdict != NET_RX_BAD)
		strip_tag(packet);
	return verdict;
}
