/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel.h"

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_gre.h>
#include <rte_udp.h>

/* Destination ports of UDP: RFC 7348, RFC 9512, RFC 8926, 3GPP TS 29.281. */
#define VXLAN_PORT 4789
#define VXLAN_GPE_PORT 4790
#define GENEVE_PORT 6081
#define GTP_PORT 2152

#define HEADER_BYTES 8 /* of VXLAN, VXLAN-GPE, Geneve and GTP-U without options */
#define GRE_BYTES 4
#define MAX_TAGS 2

/* A place in the first segment of a packet, and the EtherType of what begins there. */
struct place {
	const struct rte_mbuf *packet;
	uint32_t at;
	uint16_t type;
};

static bool has_bytes(const struct place *place, uint32_t bytes)
{
	return place->at + bytes <= place->packet->data_len;
}

static const uint8_t *bytes_at(const struct place *place)
{
	return rte_pktmbuf_mtod_offset(place->packet, const uint8_t *, place->at);
}

static uint16_t read_be16(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

/* The EtherType of an IP header by its version; 0 for none. */
static uint16_t type_of_version(const struct place *place)
{
	if (!has_bytes(place, 1))
		return 0;
	switch (bytes_at(place)[0] >> 4) {
	case 4:
		return RTE_ETHER_TYPE_IPV4;
	case 6:
		return RTE_ETHER_TYPE_IPV6;
	}
	return 0;
}

/* RFC 9512, 3.2: the protocols that can be inside. */
static uint16_t type_of_gpe(uint8_t protocol)
{
	static const uint16_t types[] = {0, RTE_ETHER_TYPE_IPV4, RTE_ETHER_TYPE_IPV6,
		RTE_ETHER_TYPE_TEB};

	return protocol < RTE_DIM(types) ? types[protocol] : 0;
}

/* 3GPP TS 29.281, 5.1: four more bytes with any of the flags E, S and PN. */
static void skip_gtp(struct place *place)
{
	const uint8_t flags = bytes_at(place)[0];

	place->at += HEADER_BYTES + ((flags & 0x07) != 0 ? 4 : 0);
	/* An extension header is not followed. */
	place->type = (flags & 0x04) == 0 ? type_of_version(place) : 0;
}

static void skip_udp_tunnel(struct place *place, uint16_t port)
{
	const uint8_t *header = bytes_at(place);

	switch (port) {
	case VXLAN_PORT:
		place->type = RTE_ETHER_TYPE_TEB;
		place->at += HEADER_BYTES;
		break;
	case VXLAN_GPE_PORT:
		place->type = type_of_gpe(header[3]);
		place->at += HEADER_BYTES;
		break;
	case GENEVE_PORT:
		place->type = read_be16(header + 2);
		place->at += HEADER_BYTES + (header[0] & 0x3f) * 4;
		break;
	case GTP_PORT:
		skip_gtp(place);
		break;
	}
}

/* RFC 2784, RFC 2890: four more bytes for each of the flags C, K and S. */
static void skip_gre(struct place *place)
{
	const uint8_t *header;

	if (!has_bytes(place, GRE_BYTES))
		return;
	header = bytes_at(place);
	if ((header[1] & 0x07) != 0)
		return;
	place->type = read_be16(header + 2);
	place->at += GRE_BYTES + ((header[0] & 0x80) != 0 ? 4 : 0) +
		((header[0] & 0x20) != 0 ? 4 : 0) + ((header[0] & 0x10) != 0 ? 4 : 0);
}

static uint8_t next_protocol(const struct layers *layers)
{
	const struct rte_ipv4_hdr *ip = layers->l3;

	if (!layers->is_ipv4)
		return ((const struct rte_ipv6_hdr *)layers->l3)->proto;
	return (ip->fragment_offset &
		       rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) == 0 ?
		ip->next_proto_id :
		0;
}

/* Goes behind the header of the tunnel. type stays 0 when there is none. */
static void skip_tunnel(struct place *place, const struct layers *outer)
{
	if (outer->protocol == IPPROTO_UDP) {
		const struct rte_udp_hdr *udp = outer->l4;

		place->at += sizeof(*udp);
		if (has_bytes(place, HEADER_BYTES))
			skip_udp_tunnel(place, rte_be_to_cpu_16(udp->dst_port));
		return;
	}
	switch (next_protocol(outer)) {
	case IPPROTO_GRE:
		skip_gre(place);
		break;
	case IPPROTO_IPIP:
		place->type = RTE_ETHER_TYPE_IPV4;
		break;
	case IPPROTO_IPV6:
		place->type = RTE_ETHER_TYPE_IPV6;
		break;
	}
}

/* Goes behind an Ethernet header and its tags. */
static void skip_ethernet(struct place *place)
{
	if (!has_bytes(place, RTE_ETHER_HDR_LEN)) {
		place->type = 0;
		return;
	}
	place->type = read_be16(bytes_at(place) + 2 * RTE_ETHER_ADDR_LEN);
	place->at += RTE_ETHER_HDR_LEN;
	for (unsigned int tags = 0; tags < MAX_TAGS &&
		(place->type == RTE_ETHER_TYPE_VLAN || place->type == RTE_ETHER_TYPE_QINQ);
		tags++) {
		if (!has_bytes(place, RTE_VLAN_HLEN)) {
			place->type = 0;
			return;
		}
		place->type = read_be16(bytes_at(place) + 2);
		place->at += RTE_VLAN_HLEN;
	}
}

static bool parse_ip(const struct place *place, struct layers *inner)
{
	const uint8_t *header;

	*inner = (struct layers){.l2_bytes = place->at};
	if (place->type == RTE_ETHER_TYPE_IPV4 && has_bytes(place, sizeof(struct rte_ipv4_hdr))) {
		header = bytes_at(place);
		inner->l3_bytes = (header[0] & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;
		inner->is_ipv4 = header[0] >> 4 == 4 &&
			inner->l3_bytes >= sizeof(struct rte_ipv4_hdr);
	} else if (place->type == RTE_ETHER_TYPE_IPV6) {
		inner->l3_bytes = sizeof(struct rte_ipv6_hdr);
		inner->is_ipv6 = has_bytes(place, inner->l3_bytes);
	}
	if ((!inner->is_ipv4 && !inner->is_ipv6) || !has_bytes(place, inner->l3_bytes))
		return false;
	inner->l3 = rte_pktmbuf_mtod_offset(place->packet, void *, place->at);
	return true;
}

bool layers_parse_inner(const struct rte_mbuf *packet, const struct layers *outer,
	struct layers *inner)
{
	struct place place = {
		.packet = packet,
		.at = outer->l2_bytes + outer->l3_bytes,
	};

	if (!outer->is_ipv4 && !outer->is_ipv6)
		return false;
	skip_tunnel(&place, outer);
	if (place.type == RTE_ETHER_TYPE_TEB)
		skip_ethernet(&place);
	if (place.at > packet->data_len || !parse_ip(&place, inner))
		return false;
	layers_find_upper(packet, next_protocol(inner), inner);
	return true;
}
