/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum: as mac, with new checksums of IPv4, TCP and UDP: from the sending device where "csum set"
 * selects hw, else computed here. With "tso set", TCP packets with more payload than that are
 * segmented by the device. With "csum parse-tunnel" the headers inside of a tunnel get theirs here,
 * too. With "set txsplit" packets leave as copies of several segments. Checksums that the receiving
 * device found wrong are counted.
 */
#include "modes.h"

#include <netinet/in.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "edit.h"
#include "port/layers.h"
#include "port/tunnel.h"
#include "split.h"

static void count_bad_sums(struct fwd_stream *stream, const struct rte_mbuf *packet)
{
	const uint64_t l4 = packet->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const uint64_t ip = packet->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	stream->bad_l4 += l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD;
	stream->bad_ip += ip == RTE_MBUF_F_RX_IP_CKSUM_BAD;
}

/* Sets the fields by which an mbuf describes its headers. */
static void set_lengths(struct rte_mbuf *packet, const struct layers *layers)
{
	packet->l2_len = layers->l2_bytes;
	packet->l3_len = layers->l3_bytes;
	packet->l4_len = layers->l4_bytes;
	packet->ol_flags |= layers->is_ipv4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
}

/*
 * Requests the checksum from the device, which completes the sum of the pseudo header in its place.
 */
static void request_sum(struct rte_mbuf *packet, const struct layers *layers, uint64_t flag)
{
	set_lengths(packet, layers);
	packet->ol_flags |= flag;
	layers_set_checksum(layers, layers_pseudo_sum(layers, layers->l4_total));
}

/* Requests segmentation. By DPDK's convention the pseudo header is then summed without a length. */
static void request_segmentation(struct rte_mbuf *packet, const struct layers *layers,
	uint16_t segment)
{
	set_lengths(packet, layers);
	packet->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
	packet->tso_segsz = segment;
	layers_set_checksum(layers, layers_pseudo_sum(layers, 0));
}

static void sum_tcp(const struct port_sums *sums, struct rte_mbuf *packet,
	const struct layers *layers)
{
	if (sums->tso_segment != 0 && layers->l4_total - layers->l4_bytes > sums->tso_segment)
		request_segmentation(packet, layers, sums->tso_segment);
	else if (sums->tcp_hw)
		request_sum(packet, layers, RTE_MBUF_F_TX_TCP_CKSUM);
	else
		layers_set_checksum(layers, layers_make_checksum(layers, packet));
}

/* RFC 768: 0 means that there is no checksum; it stays. */
static void sum_udp(const struct port_sums *sums, struct rte_mbuf *packet,
	const struct layers *layers)
{
	if (layers_checksum(layers) == 0)
		return;
	if (sums->udp_hw)
		request_sum(packet, layers, RTE_MBUF_F_TX_UDP_CKSUM);
	else
		layers_set_checksum(layers, layers_make_checksum(layers, packet));
}

static void sum_ip(const struct layers *layers)
{
	struct rte_ipv4_hdr *ip = layers->l3;

	if (!layers->is_ipv4)
		return;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* In software: the device computes one checksum of a packet, the outer one. */
static void sum_inner(const struct rte_mbuf *packet, const struct layers *outer)
{
	struct layers inner;

	if (!layers_parse_inner(packet, outer, &inner))
		return;
	sum_ip(&inner);
	if (inner.protocol == IPPROTO_TCP ||
		(inner.protocol == IPPROTO_UDP && layers_checksum(&inner) != 0))
		layers_set_checksum(&inner, layers_make_checksum(&inner, packet));
}

static bool sum_packet(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	const struct port_sums *sums = &stream->settings->sums[stream->tx_port];
	struct layers layers;

	count_bad_sums(stream, packet);
	layers_parse(packet, &layers);
	if (likely(!sums->keeps_addresses))
		edit_set_addresses(stream, packet);
	if (unlikely(sums->parses_tunnels))
		sum_inner(packet, &layers);
	sum_ip(&layers);
	if (layers.protocol == IPPROTO_TCP)
		sum_tcp(sums, packet, &layers);
	else if (layers.protocol == IPPROTO_UDP)
		sum_udp(sums, packet, &layers);
	return true;
}

/* As stream_edit, but for copies of several segments. */
static bool split_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	for (uint16_t i = 0; i < count; i++) {
		sum_packet(stream, packets[i]);
		packets[i] = split_copy(stream, packets[i]);
	}
	if (count > 0)
		stream_send(stream, packets, count);
	return count > 0;
}

static bool csum_burst(struct fwd_stream *stream)
{
	if (unlikely(stream->settings->split != SPLIT_OFF))
		return split_burst(stream);
	return stream_edit(stream, sum_packet);
}

const struct fwd_engine csum_engine = {
	.name = "csum",
	.counts_sums = true,
	.burst = csum_burst,
};
