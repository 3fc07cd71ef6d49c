/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap_header.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "layers.h"

static uint16_t sum_offset(const struct layers *layers)
{
	return layers->protocol == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum) :
						 offsetof(struct rte_udp_hdr, dgram_cksum);
}

/*
 * The segmentation type of a packet, requested or undone. The kernel sets its ECN bit only for a
 * reader that has declared support.
 */
static uint8_t gso_type(const struct layers *layers, uint8_t udp)
{
	if (layers->protocol == IPPROTO_UDP)
		return udp;
	return layers->is_ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
}

/*
 * Completes a checksum that mbufs can't request, such as one inside a tunnel. It covers the packet
 * from its start to the end; its field holds the rest of the sum. A result of 0 is written as
 * 0xffff, which is equivalent everywhere.
 */
static bool complete_sum(const struct virtio_net_hdr *header, struct rte_mbuf *packet)
{
	const uint32_t field = (uint32_t)header->csum_start + header->csum_offset;
	uint16_t sum;

	if (field + sizeof(sum) > packet->data_len ||
		rte_raw_cksum_mbuf(packet, header->csum_start, packet->pkt_len - header->csum_start,
			&sum) != 0)
		return false;
	sum = sum == 0xffff ? sum : (uint16_t)~sum;
	memcpy(rte_pktmbuf_mtod_offset(packet, void *, field), &sum, sizeof(sum));
	return true;
}

static void request_sum(struct rte_mbuf *packet, const struct layers *layers)
{
	packet->l2_len = layers->l2_bytes;
	packet->l3_len = layers->l3_bytes;
	packet->l4_len = layers->l4_bytes;
	packet->ol_flags |= layers->is_ipv4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	packet->ol_flags |= layers->protocol == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM :
							      RTE_MBUF_F_TX_UDP_CKSUM;
}

bool tap_header_read(const struct virtio_net_hdr *header, struct rte_mbuf *packet)
{
	const bool is_whole = header->gso_type == VIRTIO_NET_HDR_GSO_NONE;
	struct layers layers;

	if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
		return is_whole;
	layers_parse(packet, &layers);
	if (layers.protocol == 0 || header->csum_start != layers.l2_bytes + layers.l3_bytes ||
		header->csum_offset != sum_offset(&layers))
		return is_whole && complete_sum(header, packet);
	request_sum(packet, &layers);
	if (is_whole)
		return true;
	if (header->gso_type != gso_type(&layers, TAP_GSO_UDP_L4) || header->gso_size == 0)
		return false;
	packet->ol_flags |= layers.protocol == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_SEG :
							     RTE_MBUF_F_TX_UDP_SEG;
	packet->tso_segsz = header->gso_size;
	/*
	 * By DPDK's convention the pseudo header of a packet for segmentation is summed
	 * without its length.
	 */
	layers_set_checksum(&layers, layers_pseudo_sum(&layers, 0));
	return true;
}

void tap_header_write(const struct rte_mbuf *packet, uint8_t joined_udp,
	struct virtio_net_hdr *header)
{
	const bool is_joined = (packet->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
	const uint64_t sum = packet->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	struct layers layers;

	memset(header, 0, sizeof(*header));
	if (sum == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		header->flags = VIRTIO_NET_HDR_F_DATA_VALID;
	if (sum != RTE_MBUF_F_RX_L4_CKSUM_NONE && !is_joined)
		return;
	layers_parse(packet, &layers);
	if (layers.protocol == 0)
		return;
	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->csum_start = layers.l2_bytes + layers.l3_bytes;
	header->csum_offset = sum_offset(&layers);
	/* The field must hold the sum of the pseudo header, whatever it holds now. */
	layers_set_checksum(&layers, layers_pseudo_sum(&layers, layers.l4_total));
	if (!is_joined)
		return;
	header->gso_type = gso_type(&layers, joined_udp);
	header->gso_size = packet->tso_segsz;
	header->hdr_len = header->csum_start + layers.l4_bytes;
}
