/* SPDX-License-Identifier: BSD-3-Clause */
#include "layers.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define TIME_TO_LIVE 64 /* RFC 1700 */
#define MAX_TAGS 4

static void *packet_at(const struct rte_mbuf *packet, uint32_t offset)
{
	return rte_pktmbuf_mtod_offset(packet, void *, offset);
}

/*
 * Bytes behind the IP header by its length field, extensions not counted; 0 when the
 * field is invalid.
 */
static uint32_t count_upper_bytes(const struct layers *layers)
{
	uint32_t total;

	if (layers->is_ipv4)
		total = rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)layers->l3)->total_length);
	else
		total = rte_be_to_cpu_16(((const struct rte_ipv6_hdr *)layers->l3)->payload_len) +
			sizeof(struct rte_ipv6_hdr);
	return total > layers->l3_bytes ? total - layers->l3_bytes : 0;
}

static uint8_t find_protocol(uint32_t type, const struct layers *layers)
{
	switch (type & RTE_PTYPE_L4_MASK) {
	case RTE_PTYPE_L4_TCP:
		return layers->l4_bytes >= sizeof(struct rte_tcp_hdr) ? IPPROTO_TCP : 0;
	case RTE_PTYPE_L4_UDP:
		return IPPROTO_UDP;
	}
	return 0;
}

static void parse_upper(const struct rte_mbuf *packet, uint8_t protocol, struct layers *layers)
{
	const uint32_t begin = layers->l2_bytes + layers->l3_bytes;
	const uint32_t total = count_upper_bytes(layers);

	if (protocol == 0 || begin + layers->l4_bytes > packet->data_len ||
		total < layers->l4_bytes || begin + total > packet->pkt_len)
		return;
	layers->protocol = protocol;
	layers->l4_total = total;
	layers->l4 = packet_at(packet, begin);
}

static bool is_tag(rte_be16_t type)
{
	return type == RTE_BE16(RTE_ETHER_TYPE_VLAN) || type == RTE_BE16(RTE_ETHER_TYPE_QINQ) ||
		type == RTE_BE16(RTE_ETHER_TYPE_QINQ1) || type == RTE_BE16(RTE_ETHER_TYPE_QINQ2) ||
		type == RTE_BE16(RTE_ETHER_TYPE_QINQ3);
}

/* Bytes of the VLAN tags in the first segment. */
static uint32_t count_tag_bytes(const struct rte_mbuf *packet)
{
	const uint32_t type_at = 2 * RTE_ETHER_ADDR_LEN;
	uint32_t bytes = 0;
	rte_be16_t type;

	while (bytes < MAX_TAGS * RTE_VLAN_HLEN &&
		type_at + bytes + sizeof(type) <= packet->data_len) {
		memcpy(&type, packet_at(packet, type_at + bytes), sizeof(type));
		if (!is_tag(type))
			break;
		bytes += RTE_VLAN_HLEN;
	}
	return bytes;
}

/*
 * rte_net_get_ptype knows one tag of 802.1Q, or 802.1ad and one more. It reads nothing of the
 * Ethernet header but the type, so it is given a view of the packet that starts later by the tags.
 */
static uint32_t find_headers(const struct rte_mbuf *packet, struct rte_net_hdr_lens *lengths)
{
	const uint32_t wanted = RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK;
	const uint32_t tag_bytes = count_tag_bytes(packet);
	struct rte_mbuf view;
	uint32_t type;

	if (tag_bytes == 0)
		return rte_net_get_ptype(packet, lengths, wanted);
	view = *packet;
	view.data_off += tag_bytes;
	view.data_len -= tag_bytes;
	view.pkt_len -= tag_bytes;
	type = rte_net_get_ptype(&view, lengths, wanted);
	lengths->l2_len += tag_bytes;
	return type;
}

void layers_parse(const struct rte_mbuf *packet, struct layers *layers)
{
	struct rte_net_hdr_lens lengths = {0};
	const uint32_t type = find_headers(packet, &lengths);

	*layers = (struct layers){
		.l2_bytes = lengths.l2_len,
		.l3_bytes = lengths.l3_len,
		.l4_bytes = lengths.l4_len,
	};
	if (layers->l2_bytes + layers->l3_bytes > packet->data_len)
		return;
	layers->is_ipv4 = RTE_ETH_IS_IPV4_HDR(type) &&
		layers->l3_bytes >= sizeof(struct rte_ipv4_hdr);
	layers->is_ipv6 = RTE_ETH_IS_IPV6_HDR(type) &&
		layers->l3_bytes >= sizeof(struct rte_ipv6_hdr);
	if (!layers->is_ipv4 && !layers->is_ipv6)
		return;
	layers->l3 = packet_at(packet, layers->l2_bytes);
	parse_upper(packet, find_protocol(type, layers), layers);
}

void layers_find_upper(const struct rte_mbuf *packet, uint8_t protocol, struct layers *layers)
{
	const uint32_t begin = layers->l2_bytes + layers->l3_bytes;
	const struct rte_tcp_hdr *tcp = packet_at(packet, begin);

	if (protocol == IPPROTO_UDP)
		layers->l4_bytes = sizeof(struct rte_udp_hdr);
	else if (protocol == IPPROTO_TCP && begin + sizeof(*tcp) <= packet->data_len)
		layers->l4_bytes = (tcp->data_off >> 4) * 4;
	else
		return;
	if (protocol == IPPROTO_UDP || layers->l4_bytes >= sizeof(*tcp))
		parse_upper(packet, protocol, layers);
}

/* Both kinds of header end with the two addresses, side by side. */
uint16_t layers_pseudo_sum(const struct layers *layers, uint32_t length)
{
	const struct rte_ipv4_hdr *ipv4 = layers->l3;
	const struct rte_ipv6_hdr *ipv6 = layers->l3;
	struct {
		uint8_t addresses[32];
		rte_be32_t length;
		uint8_t zeros[3];
		uint8_t protocol;
	} pseudo = {
		.length = rte_cpu_to_be_32(length),
		.protocol = layers->protocol,
	};

	if (layers->is_ipv4)
		memcpy(pseudo.addresses, &ipv4->src_addr, 8);
	else
		memcpy(pseudo.addresses, &ipv6->src_addr, 32);
	return rte_raw_cksum(&pseudo, sizeof(pseudo));
}

rte_be16_t layers_checksum(const struct layers *layers)
{
	if (layers->protocol == IPPROTO_TCP)
		return ((const struct rte_tcp_hdr *)layers->l4)->cksum;
	return ((const struct rte_udp_hdr *)layers->l4)->dgram_cksum;
}

void layers_set_checksum(const struct layers *layers, rte_be16_t sum)
{
	if (layers->protocol == IPPROTO_TCP)
		((struct rte_tcp_hdr *)layers->l4)->cksum = sum;
	else
		((struct rte_udp_hdr *)layers->l4)->dgram_cksum = sum;
}

rte_be16_t layers_make_checksum(const struct layers *layers, const struct rte_mbuf *packet)
{
	const rte_be16_t old = layers_checksum(layers);
	uint16_t data = 0;
	uint32_t sum;

	layers_set_checksum(layers, 0);
	/* It can't fail: the parser has checked that so many bytes are there. */
	rte_raw_cksum_mbuf(packet, layers->l2_bytes + layers->l3_bytes, layers->l4_total, &data);
	layers_set_checksum(layers, old);
	sum = (uint32_t)data + layers_pseudo_sum(layers, layers->l4_total);
	sum = (sum & 0xffff) + (sum >> 16);
	/* RFC 768: a sum of 0 is sent as 0xffff, since 0 means that there is none. */
	return (uint16_t)~sum != 0 ? (uint16_t)~sum : 0xffff;
}

void headers_fill(struct udp_headers *headers, const struct udp_addresses *addresses,
	uint16_t packet_bytes)
{
	const uint16_t ip_bytes = packet_bytes - sizeof(headers->ether);

	*headers = (struct udp_headers){
		.ether =
			{
				.dst_addr = addresses->destination,
				.src_addr = addresses->source,
				.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
			},
		.ip =
			{
				.version_ihl = RTE_IPV4_VHL_DEF,
				.total_length = rte_cpu_to_be_16(ip_bytes),
				.time_to_live = TIME_TO_LIVE,
				.next_proto_id = IPPROTO_UDP,
				.src_addr = rte_cpu_to_be_32(addresses->ip_source),
				.dst_addr = rte_cpu_to_be_32(addresses->ip_destination),
			},
		.udp =
			{
				.src_port = rte_cpu_to_be_16(addresses->udp_source),
				.dst_port = rte_cpu_to_be_16(addresses->udp_destination),
				.dgram_len = rte_cpu_to_be_16(ip_bytes - sizeof(headers->ip)),
			},
	};
	headers->ip.hdr_checksum = rte_ipv4_cksum(&headers->ip);
}
