/* SPDX-License-Identifier: BSD-3-Clause */
#include "checksum.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "frame.h"

uint16_t net_checksum_offset(const struct net_place *place)
{
	return place->protocol == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum) :
						offsetof(struct rte_udp_hdr, dgram_cksum);
}

/* rte_net_get_ptype finds the headers behind one tag of 802.1Q, or 802.1ad and one more, only. */
static uint32_t find_headers(const struct rte_mbuf *packet, struct rte_net_hdr_lens *lens)
{
	const uint32_t layers = RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK;
	const unsigned int tags = net_frame_is_plain_ip(packet) ? 0 : net_frame_tags(packet);
	struct rte_mbuf view;
	uint32_t type;

	if (tags == 0)
		return rte_net_get_ptype(packet, lens, layers);
	net_frame_skip_tags(packet, tags, &view);
	type = rte_net_get_ptype(&view, lens, layers);
	lens->l2_len += tags * RTE_VLAN_HLEN;
	return (type & ~RTE_PTYPE_L2_MASK) |
		(tags == 1 ? RTE_PTYPE_L2_ETHER_VLAN : RTE_PTYPE_L2_ETHER_QINQ);
}

int net_find_transport(const struct rte_mbuf *packet, struct net_place *place, uint32_t *type)
{
	struct rte_net_hdr_lens lens = {0};
	uint32_t l4;

	*type = find_headers(packet, &lens);
	l4 = *type & RTE_PTYPE_L4_MASK;
	if (l4 != RTE_PTYPE_L4_TCP && l4 != RTE_PTYPE_L4_UDP)
		return -ENOENT;
	*place = (struct net_place){
		.l3_at = lens.l2_len,
		.l3_bytes = lens.l3_len,
		.l4_at = (uint16_t)(lens.l2_len + lens.l3_len),
		.protocol = l4 == RTE_PTYPE_L4_TCP ? IPPROTO_TCP : IPPROTO_UDP,
		.is_ipv6 = RTE_ETH_IS_IPV6_HDR(*type) != 0,
	};
	return 0;
}

/* The segment that has the byte at *at, which becomes an offset in that segment. */
static struct rte_mbuf *segment_at(struct rte_mbuf *packet, uint32_t *at)
{
	while (*at >= packet->data_len) {
		*at -= packet->data_len;
		packet = packet->next;
	}
	return packet;
}

void net_write16(struct rte_mbuf *packet, uint32_t at, uint16_t value)
{
	const uint8_t *bytes = (const uint8_t *)&value;

	for (unsigned int i = 0; i < sizeof(value); i++) {
		uint32_t in_segment = at + i;
		struct rte_mbuf *segment = segment_at(packet, &in_segment);

		*rte_pktmbuf_mtod_offset(segment, uint8_t *, in_segment) = bytes[i];
	}
}

uint16_t net_checksum(const struct rte_mbuf *packet, uint32_t at, uint32_t bytes)
{
	const struct rte_mbuf *segment = packet;
	uint16_t sum = 0;

	for (uint32_t done = 0; done < bytes && segment != NULL; segment = segment->next) {
		uint32_t count;
		uint16_t part;

		if (at >= segment->data_len) {
			at -= segment->data_len;
			continue;
		}
		count = RTE_MIN(bytes - done, segment->data_len - at);
		part = rte_raw_cksum(rte_pktmbuf_mtod_offset(segment, const char *, at), count);
		/* Behind an odd number of bytes the words lie the other way round. */
		sum = net_checksum_add(sum, done % 2 != 0 ? rte_bswap16(part) : part);
		done += count;
		at = 0;
	}
	return sum;
}

static uint16_t sum_bytes(const void *bytes, size_t count)
{
	return rte_raw_cksum(bytes, count);
}

int net_checksum_pseudo_header(const struct rte_mbuf *packet, const struct net_place *place,
	uint32_t bytes, uint16_t *sum)
{
	struct {
		rte_be32_t bytes;
		uint8_t zero[3], protocol;
	} rest = {.bytes = rte_cpu_to_be_32(bytes), .protocol = place->protocol};
	uint8_t copy[sizeof(struct rte_ipv6_hdr)];
	size_t header = place->is_ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	size_t from = place->is_ipv6 ? offsetof(struct rte_ipv6_hdr, src_addr) :
				       offsetof(struct rte_ipv4_hdr, src_addr);
	const uint8_t *ip = rte_pktmbuf_read(packet, place->l3_at, (uint32_t)header, copy);

	if (ip == NULL || ip[0] >> 4 != (place->is_ipv6 ? 6 : 4))
		return -EINVAL;
	*sum = net_checksum_add(sum_bytes(ip + from, header - from),
		sum_bytes(&rest, sizeof(rest)));
	return 0;
}

int net_transport_bytes(const struct rte_mbuf *packet, const struct net_place *place)
{
	size_t at = place->is_ipv6 ? offsetof(struct rte_ipv6_hdr, payload_len) :
				     offsetof(struct rte_ipv4_hdr, total_length);
	uint32_t behind = packet->pkt_len - place->l4_at;
	const uint8_t *field;
	uint8_t copy[2];
	int bytes;

	field = rte_pktmbuf_read(packet, place->l3_at + (uint32_t)at, sizeof(copy), copy);
	if (field == NULL || packet->pkt_len < place->l4_at)
		return -EINVAL;
	bytes = (field[0] << 8 | field[1]) - place->l3_bytes;
	if (place->is_ipv6)
		bytes += (int)sizeof(struct rte_ipv6_hdr);
	return bytes > 0 && (uint32_t)bytes <= behind ? bytes : -EINVAL;
}
