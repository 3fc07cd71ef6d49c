/* SPDX-License-Identifier: BSD-3-Clause */
#include "tx_offload.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "checksum.h"
#include "buffer.h"

#define SEGMENT_FLAGS (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)
#define OUTER_FLAGS \
	(RTE_MBUF_F_TX_OUTER_IPV4 | RTE_MBUF_F_TX_OUTER_IPV6 | RTE_MBUF_F_TX_TUNNEL_MASK)
/* Requested by other means than ours, or beyond the feature bits below 64. */
#define REFUSED_FLAGS \
	(RTE_MBUF_F_TX_QINQ | RTE_MBUF_F_TX_OUTER_UDP_CKSUM | RTE_MBUF_F_TX_MACSEC | \
		RTE_MBUF_F_TX_SEC_OFFLOAD | RTE_MBUF_F_TX_IEEE1588_TMST)

#define IP_BYTES_MAX 65535u
#define UDP_HEADER 8
#define TCP_HEADER_MIN 20
#define TCP_FLAGS_AT 13

/* The offloads of one packet. */
struct task {
	struct net_place place;
	/* Of an outer IPv4 header whose checksum is requested; 0: none. */
	uint16_t outer_at;
	/* Of the transport header. */
	uint16_t l4_bytes;
	/* Payload of each segment; 0: the packet is not segmented. */
	uint16_t segment;
};

struct net_tx_rules net_tx_rules_of(const struct kl_features *accepted, uint64_t tx_offloads)
{
	return (struct net_tx_rules){
		.is_needed = (tx_offloads & ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0,
		.has_csum = kl_features_has(accepted, VIRTIO_NET_F_CSUM),
		.has_tso4 = kl_features_has(accepted, VIRTIO_NET_F_HOST_TSO4),
		.has_tso6 = kl_features_has(accepted, VIRTIO_NET_F_HOST_TSO6),
		.has_ecn = kl_features_has(accepted, VIRTIO_NET_F_HOST_ECN),
		.has_uso = kl_features_has(accepted, VIRTIO_NET_F_HOST_USO),
		.has_ufo = kl_features_has(accepted, VIRTIO_NET_F_HOST_UFO),
	};
}

/* As rte_vlan_insert, which refuses all pinned buffers. */
static int insert_tag(struct rte_mbuf *packet)
{
	const size_t addresses = 2 * RTE_ETHER_ADDR_LEN;
	const rte_be16_t tag[] = {rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN),
		rte_cpu_to_be_16(packet->vlan_tci)};
	char *start;

	static_assert(sizeof(tag) == RTE_VLAN_HLEN, "a tag");
	if (packet->data_len < RTE_ETHER_HDR_LEN)
		return -EINVAL;
	/* It needs a packet that nobody else holds, with headroom. */
	start = net_owns_buffer(packet) ? rte_pktmbuf_prepend(packet, sizeof(tag)) : NULL;
	if (start == NULL)
		return -ENOTSUP;
	memmove(start, start + sizeof(tag), addresses);
	memcpy(start + addresses, tag, sizeof(tag));
	packet->ol_flags &= ~(RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_TX_VLAN);
	if ((packet->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK) != 0)
		packet->outer_l2_len += RTE_VLAN_HLEN;
	else
		packet->l2_len += RTE_VLAN_HLEN;
	return 0;
}

/* The header checksum of an IPv4 header that lies in the packet. */
static int set_ip_checksum(struct rte_mbuf *packet, uint32_t at, uint32_t bytes)
{
	uint32_t field = at + offsetof(struct rte_ipv4_hdr, hdr_checksum);

	if (bytes < sizeof(struct rte_ipv4_hdr) || at + bytes > packet->pkt_len)
		return -EINVAL;
	net_write16(packet, field, 0);
	net_write16(packet, field, (uint16_t)~net_checksum(packet, at, bytes));
	return 0;
}

/* Reads the flags, and the lengths beside them. */
static int read_flags(const struct rte_mbuf *packet, struct task *task)
{
	uint64_t flags = packet->ol_flags, l4 = flags & RTE_MBUF_F_TX_L4_MASK;
	bool is_tcp = (flags & RTE_MBUF_F_TX_TCP_SEG) != 0 || l4 == RTE_MBUF_F_TX_TCP_CKSUM;
	bool is_ipv6 = (flags & RTE_MBUF_F_TX_IPV6) != 0;
	uint32_t at = packet->l2_len;

	if (((flags & RTE_MBUF_F_TX_IPV4) != 0) == is_ipv6 || l4 == RTE_MBUF_F_TX_SCTP_CKSUM ||
		(flags & SEGMENT_FLAGS) == SEGMENT_FLAGS ||
		((flags & RTE_MBUF_F_TX_TCP_SEG) != 0 && l4 == RTE_MBUF_F_TX_UDP_CKSUM) ||
		((flags & RTE_MBUF_F_TX_UDP_SEG) != 0 && is_tcp))
		return -EINVAL;
	if ((flags & OUTER_FLAGS) != 0) {
		/* 5.1.3: segmentation in a tunnel needs features that this driver does not have. */
		if ((flags & SEGMENT_FLAGS) != 0)
			return -ENOTSUP;
		if ((flags & RTE_MBUF_F_TX_OUTER_IP_CKSUM) != 0)
			task->outer_at = (uint16_t)packet->outer_l2_len;
		at += (uint32_t)packet->outer_l2_len + (uint32_t)packet->outer_l3_len;
	}
	task->place = (struct net_place){
		.l3_at = (uint16_t)at,
		.l3_bytes = packet->l3_len,
		.l4_at = (uint16_t)(at + packet->l3_len),
		.protocol = is_tcp ? IPPROTO_TCP : IPPROTO_UDP,
		.is_ipv6 = is_ipv6,
	};
	task->l4_bytes = packet->l4_len;
	if ((flags & SEGMENT_FLAGS) != 0)
		task->segment = packet->tso_segsz;
	return (flags & SEGMENT_FLAGS) != 0 && task->segment == 0 ? -EINVAL : 0;
}

/* The length of a transport header that lies in the packet. 0 or -EINVAL. */
static int measure_l4(const struct rte_mbuf *packet, struct task *task)
{
	const uint8_t *field;
	uint8_t copy;

	task->l4_bytes = UDP_HEADER;
	if (task->place.protocol != IPPROTO_TCP)
		return 0;
	field = rte_pktmbuf_read(packet,
		task->place.l4_at + (uint32_t)offsetof(struct rte_tcp_hdr, data_off), 1, &copy);
	if (field == NULL)
		return -EINVAL;
	task->l4_bytes = (uint16_t)((*field >> 4) * 4);
	return 0;
}

/*
 * Reads a packet that came from a port. It may have been changed since, so its headers are searched
 * again. A packet that was coalesced is segmented in the same way. -ENOENT: there is nothing to do.
 */
static int read_packet(const struct rte_mbuf *packet, struct task *task)
{
	uint64_t checksum = packet->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint32_t type;

	if (checksum != RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return -ENOENT;
	if (net_find_transport(packet, &task->place, &type) != 0)
		return -EINVAL;
	if ((packet->ol_flags & RTE_MBUF_F_RX_LRO) == 0)
		return 0;
	task->segment = packet->tso_segsz;
	return measure_l4(packet, task);
}

/* 5.1.9.2: the type of segmentation, if the device has it. */
static int choose_gso(const struct net_tx_rules *rules, const struct rte_mbuf *packet,
	const struct task *task, struct virtio_net_hdr *header)
{
	const uint8_t *flags;
	uint8_t copy;

	if (task->place.protocol != IPPROTO_TCP) {
		header->gso_type = rules->has_uso ? VIRTIO_NET_HDR_GSO_UDP_L4 :
						    VIRTIO_NET_HDR_GSO_UDP;
		return rules->has_uso || rules->has_ufo ? 0 : -ENOTSUP;
	}
	if (!(task->place.is_ipv6 ? rules->has_tso6 : rules->has_tso4))
		return -ENOTSUP;
	header->gso_type = task->place.is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 :
						 VIRTIO_NET_HDR_GSO_TCPV4;
	flags = rte_pktmbuf_read(packet, task->place.l4_at + TCP_FLAGS_AT, 1, &copy);
	if (flags == NULL)
		return -EINVAL;
	if ((*flags & RTE_TCP_CWR_FLAG) == 0)
		return 0;
	/* NTX-10: not all segments may carry the CWR flag of the first. */
	header->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	return rules->has_ecn ? 0 : -ENOTSUP;
}

/* Requests segmentation of a packet of more than one segment; NTX-17: hdr_len is exact. */
static int set_gso(const struct net_tx_rules *rules, const struct rte_mbuf *packet,
	const struct task *task, struct virtio_net_hdr *header)
{
	uint32_t headers = (uint32_t)task->place.l4_at + task->l4_bytes;
	uint16_t least = task->place.protocol == IPPROTO_TCP ? TCP_HEADER_MIN : UDP_HEADER;
	uint32_t ip_bytes = packet->pkt_len - task->place.l3_at;

	if (task->l4_bytes < least || headers > packet->pkt_len || headers > UINT16_MAX)
		return -EINVAL;
	if (task->place.is_ipv6)
		ip_bytes -= (uint32_t)sizeof(struct rte_ipv6_hdr);
	if (ip_bytes > IP_BYTES_MAX)
		return -EINVAL;
	if (packet->pkt_len - headers <= task->segment)
		return 0;
	header->hdr_len = (uint16_t)headers;
	header->gso_size = task->segment;
	return choose_gso(rules, packet, task, header);
}

/*
 * NTX-14, NTX-15: the field gets the sum of the pseudo header, and the device sums up to the end of
 * the packet. The padding behind the end of the datagram is subtracted beforehand.
 */
static void seed_checksum(struct rte_mbuf *packet, const struct net_place *place, uint32_t bytes,
	uint16_t pseudo, struct virtio_net_hdr *header)
{
	uint32_t padding_at = place->l4_at + bytes;
	uint16_t padding = net_checksum(packet, padding_at, packet->pkt_len - padding_at);

	if (bytes % 2 != 0)
		padding = rte_bswap16(padding);
	if (padding != 0)
		pseudo = net_checksum_add(pseudo, (uint16_t)~padding);
	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->csum_start = place->l4_at;
	header->csum_offset = net_checksum_offset(place);
	net_write16(packet, (uint32_t)place->l4_at + header->csum_offset, pseudo);
}

/* NTX-04: computes the whole checksum. A UDP checksum of zero would mean that there is none. */
static void complete_checksum(struct rte_mbuf *packet, const struct net_place *place,
	uint32_t bytes, uint16_t pseudo)
{
	uint32_t field = (uint32_t)place->l4_at + net_checksum_offset(place);
	uint16_t sum;

	net_write16(packet, field, 0);
	sum = (uint16_t)~net_checksum_add(pseudo, net_checksum(packet, place->l4_at, bytes));
	if (sum == 0 && place->protocol == IPPROTO_UDP)
		sum = 0xffff;
	net_write16(packet, field, sum);
}

static int set_checksum(const struct net_tx_rules *rules, struct rte_mbuf *packet,
	const struct task *task, struct virtio_net_hdr *header)
{
	const struct net_place *place = &task->place;
	uint32_t field_end = (uint32_t)place->l4_at + net_checksum_offset(place) + sizeof(uint16_t);
	uint16_t least = place->is_ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	uint16_t pseudo;
	int bytes;

	if (place->l3_bytes < least || field_end > packet->pkt_len)
		return -EINVAL;
	/* The IP header of a packet to be segmented need not have the length of the whole. */
	bytes = header->gso_type != VIRTIO_NET_HDR_GSO_NONE ?
		(int)(packet->pkt_len - place->l4_at) :
		net_transport_bytes(packet, place);
	if (bytes < 0 || place->l4_at + (uint32_t)bytes < field_end ||
		net_checksum_pseudo_header(packet, place, (uint32_t)bytes, &pseudo) != 0)
		return -EINVAL;
	if (rules->has_csum)
		seed_checksum(packet, place, (uint32_t)bytes, pseudo, header);
	else
		complete_checksum(packet, place, (uint32_t)bytes, pseudo);
	return 0;
}

/* NTX-13: all headers before the transport header are complete when the device gets them. */
static int set_ip_checksums(struct rte_mbuf *packet, const struct task *task)
{
	int rc = 0;

	if (task->outer_at != 0)
		rc = set_ip_checksum(packet, task->outer_at, packet->outer_l3_len);
	if (rc == 0 && (packet->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0)
		rc = task->place.is_ipv6 ?
			-EINVAL :
			set_ip_checksum(packet, task->place.l3_at, task->place.l3_bytes);
	return rc;
}

int net_tx_offload(const struct net_tx_rules *rules, struct rte_mbuf *packet,
	struct virtio_net_hdr *header)
{
	const uint64_t sums = RTE_MBUF_F_TX_L4_MASK | SEGMENT_FLAGS;
	bool is_requested = (packet->ol_flags & (sums | RTE_MBUF_F_TX_IP_CKSUM)) != 0;
	struct task task = {.outer_at = 0};
	int rc = 0;

	*header = (struct virtio_net_hdr){0};
	if ((packet->ol_flags & REFUSED_FLAGS) != 0)
		return -ENOTSUP;
	if ((packet->ol_flags & RTE_MBUF_F_TX_VLAN) != 0)
		rc = insert_tag(packet);
	if (rc == 0)
		rc = is_requested ? read_flags(packet, &task) : read_packet(packet, &task);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0 && is_requested)
		rc = set_ip_checksums(packet, &task);
	if (rc != 0 || (is_requested && (packet->ol_flags & sums) == 0))
		return rc;
	if (task.segment != 0)
		rc = set_gso(rules, packet, &task, header);
	return rc == 0 ? set_checksum(rules, packet, &task, header) : rc;
}
