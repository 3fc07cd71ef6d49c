/* SPDX-License-Identifier: BSD-3-Clause */
#include "tx_offload.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "frames.h"

static struct net_fixture fixture;
static uint8_t bytes[70000];
static struct virtio_net_hdr header;

static const struct net_tx_rules with_csum = {.is_needed = true, .has_csum = true};
static const struct net_tx_rules without = {.is_needed = true};
static const struct net_tx_rules with_all = {.is_needed = true,
	.has_csum = true,
	.has_tso4 = true,
	.has_tso6 = true,
	.has_ecn = true,
	.has_uso = true,
	.has_ufo = true};

static void set_up(void)
{
	net_prepare(&fixture);
}

static void tear_down(void)
{
	net_close(&fixture);
}

/* NTX-14, NTX-15: after the device's part, or without one, the checksum is right. */
static void expect_right(const struct net_tx_rules *rules, const struct frame *frame,
	struct rte_mbuf *packet)
{
	uint32_t count;

	cr_assert(net_tx_offload_is_requested(packet));
	memset(&header, 0xa5, sizeof(header));
	cr_assert_eq(net_tx_offload(rules, packet, &header), 0, "cut %u", frame->cut);
	cr_assert_eq(header.num_buffers, 0, "NTX-02");
	count = frame_bytes(packet, bytes, sizeof(bytes));
	cr_assert_eq(header.flags, rules->has_csum ? 1 : 0, "NTX-03, NTX-12, NTX-20");
	if (rules->has_csum) {
		cr_assert_eq(header.csum_start, frame_l4_at(frame));
		frame_device_sum(bytes, count, header.csum_start, header.csum_offset);
	}
	cr_assert(frame_l4_is_right(frame, bytes),
		"v6 %d udp %d vlan %d extra %u payload %u padding %u cut %u partial %d",
		frame->is_ipv6, frame->is_udp, frame->tags[0], frame->ip_extra, frame->payload,
		frame->padding, frame->cut, frame->is_partial);
	rte_pktmbuf_free(packet);
}

static void expect_all_ways(const struct frame *frame)
{
	const struct net_tx_rules *const all[] = {&with_csum, &without};

	for (unsigned int i = 0; i < RTE_DIM(all); i++) {
		struct rte_mbuf *packet = frame_make(&fixture, frame);

		if (frame->is_partial)
			packet->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
		else
			frame_request_offload(packet, frame, 0);
		expect_right(all[i], frame, packet);
		cr_assert_eq(header.gso_type, 0, "NTX-09");
	}
}

/* All kinds of headers, lengths odd and even, padding, and a cut at each byte of the headers. */
static void expect_all_frames(bool is_partial)
{
	static const uint32_t payloads[] = {0, 1, 2, 17, 1400};
	static const uint32_t paddings[] = {0, 1, 6};

	for (unsigned int kind = 0; kind < 16; kind++)
		for (unsigned int p = 0; p < RTE_DIM(payloads); p++)
			for (unsigned int q = 0; q < RTE_DIM(paddings); q++) {
				struct frame frame = {
					.is_ipv6 = kind & 1,
					.is_udp = kind & 2,
					.tags = {kind & 4 ? 0x8100 : 0},
					.ip_extra = kind & 8 ? 8 : 0,
					.tcp_extra = kind & 8 ? 12 : 0,
					.payload = payloads[p],
					.padding = paddings[q],
					.is_partial = is_partial,
				};
				uint32_t end = frame_l4_at(&frame) + frame_l4(&frame) + 2;

				expect_all_ways(&frame);
				for (frame.cut = 1; payloads[p] == 17 && frame.cut < end;
					frame.cut++)
					expect_all_ways(&frame);
			}
}

FRAMED_TEST(tx_offload, checksums)
{
	expect_all_frames(false);
}

/* NRX-11: what another port received with an incomplete checksum, and nobody has touched. */
FRAMED_TEST(tx_offload, partial_checksums_of_another_port)
{
	expect_all_frames(true);
}

/* A UDP checksum that comes out as zero is sent as all ones: zero means that there is none. */
FRAMED_TEST(tx_offload, udp_checksum_of_zero)
{
	struct frame frame = {.is_udp = true, .payload = 2};
	unsigned int found = 0;

	for (unsigned int word = 0; word < 0x10000; word++) {
		struct rte_mbuf *packet = frame_make(&fixture, &frame);
		uint8_t *data = rte_pktmbuf_mtod(packet, uint8_t *);

		data[frame_l4_at(&frame) + 8] = (uint8_t)(word >> 8);
		data[frame_l4_at(&frame) + 9] = (uint8_t)word;
		frame_request_offload(packet, &frame, 0);
		cr_assert_eq(net_tx_offload(&without, packet, &header), 0);
		frame_bytes(packet, bytes, sizeof(bytes));
		cr_assert_neq(bytes[40] | bytes[41], 0);
		found += bytes[40] == 0xff && bytes[41] == 0xff;
		rte_pktmbuf_free(packet);
	}
	cr_expect_geq(found, 1);
}

/* NTX-13: with IP_CKSUM the header's is made here, since no device does. */
FRAMED_TEST(tx_offload, ip_checksums)
{
	for (unsigned int kind = 0; kind < 8; kind++) {
		struct frame frame = {.tags = {kind & 1 ? 0x8100 : 0},
			.ip_extra = kind & 2 ? 16 : 0,
			.payload = 9};

		for (frame.cut = 0; frame.cut < 60; frame.cut++) {
			struct rte_mbuf *packet = frame_make(&fixture, &frame);

			frame_request_offload(packet, &frame, RTE_MBUF_F_TX_IP_CKSUM);
			/* And alone, without the transport's. */
			if (kind & 4)
				packet->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
			cr_assert_eq(net_tx_offload(&with_csum, packet, &header), 0);
			cr_assert_eq(header.flags, kind & 4 ? 0 : 1);
			frame_bytes(packet, bytes, sizeof(bytes));
			cr_assert(frame_ip_is_right(&frame, bytes), "cut %u", frame.cut);
			rte_pktmbuf_free(packet);
		}
	}
}

/* The inner packet of a tunnel, by the outer lengths. */
FRAMED_TEST(tx_offload, checksum_inside_of_a_tunnel)
{
	struct frame inner = {.payload = 100};
	struct rte_mbuf *packet = frame_make(&fixture, &inner);
	uint8_t *outer = (uint8_t *)rte_pktmbuf_prepend(packet, 50);
	uint32_t count;

	cr_assert_neq(outer, NULL);
	memset(outer, 0, 50);
	outer[12] = 8;
	outer[14] = 0x45;
	frame_request_offload(packet, &inner,
		RTE_MBUF_F_TX_OUTER_IPV4 | RTE_MBUF_F_TX_OUTER_IP_CKSUM |
			RTE_MBUF_F_TX_TUNNEL_VXLAN);
	packet->outer_l2_len = 14;
	packet->outer_l3_len = 20;
	packet->l2_len = 8 + 8 + 14;
	cr_assert_eq(net_tx_offload(&with_csum, packet, &header), 0);
	cr_expect_eq(header.csum_start, 50 + 34);
	count = frame_bytes(packet, bytes, sizeof(bytes));
	frame_device_sum(bytes, count, header.csum_start, header.csum_offset);
	cr_expect(frame_l4_is_right(&inner, bytes + 50));
	cr_expect(frame_ip_is_right(&inner, bytes), "the outer header");
	/* 5.1.3: to cut it needs features above bit 63. */
	packet->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	packet->tso_segsz = 10;
	cr_expect_eq(net_tx_offload(&with_all, packet, &header), -ENOTSUP);
	rte_pktmbuf_free(packet);
}

static int request_segmentation(const struct net_tx_rules *rules, const struct frame *frame,
	uint16_t segment)
{
	struct rte_mbuf *packet = frame_make(&fixture, frame);
	int rc;

	frame_request_offload(packet, frame, 0);
	packet->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
	packet->ol_flags |= frame->is_udp ? RTE_MBUF_F_TX_UDP_SEG : RTE_MBUF_F_TX_TCP_SEG;
	packet->tso_segsz = segment;
	rc = net_tx_offload(rules, packet, &header);
	if (rc == 0) {
		uint32_t count = frame_bytes(packet, bytes, sizeof(bytes));

		frame_device_sum(bytes, count, header.csum_start, header.csum_offset);
		cr_assert(frame_l4_is_right(frame, bytes), "the sum of the whole, length included");
	}
	rte_pktmbuf_free(packet);
	return rc;
}

/* NTX-16, NTX-17 */
static void expect_cut(const struct frame *frame, uint8_t gso_type)
{
	cr_assert_eq(request_segmentation(&with_all, frame, 1000), 0);
	cr_expect_eq(header.gso_type, gso_type);
	cr_expect_eq(header.gso_size, 1000);
	cr_expect_eq(header.hdr_len, frame_l4_at(frame) + frame_l4(frame));
	cr_expect_eq(header.flags, 1);
}

FRAMED_TEST(tx_offload, segmentation)
{
	struct frame frame = {.payload = 60000, .tcp_extra = 12};

	for (unsigned int kind = 0; kind < 4; kind++) {
		frame.tags[0] = kind & 1 ? 0x8100 : 0;
		frame.cut = kind & 2 ? 45 : 0;
		frame.is_ipv6 = false;
		frame.is_udp = false;
		expect_cut(&frame, 1);
		frame.tcp_flags = 0x80;
		expect_cut(&frame, 0x81);
		frame.tcp_flags = 0;
		frame.is_ipv6 = true;
		expect_cut(&frame, 4);
		frame.is_udp = true;
		expect_cut(&frame, 5);
		frame.is_ipv6 = false;
		expect_cut(&frame, 5);
	}
}

/* NTX-05 to NTX-08, NTX-10: nothing that was not negotiated. */
FRAMED_TEST(tx_offload, segmentation_that_the_device_has_not)
{
	struct frame frame = {.payload = 5000};
	struct net_tx_rules rules = with_all;

	rules.has_tso4 = false;
	cr_expect_eq(request_segmentation(&rules, &frame, 1000), -ENOTSUP);
	frame.is_ipv6 = true;
	cr_expect_eq(request_segmentation(&rules, &frame, 1000), 0);
	rules.has_tso6 = false;
	cr_expect_eq(request_segmentation(&rules, &frame, 1000), -ENOTSUP);
	frame.is_udp = true;
	rules.has_uso = false;
	cr_expect_eq(request_segmentation(&rules, &frame, 1000), 0);
	cr_expect_eq(header.gso_type, 3, "fragments");
	rules.has_ufo = false;
	cr_expect_eq(request_segmentation(&rules, &frame, 1000), -ENOTSUP);
	frame = (struct frame){.payload = 5000, .tcp_flags = 0x80};
	rules = with_all;
	rules.has_ecn = false;
	cr_expect_eq(request_segmentation(&rules, &frame, 1000), -ENOTSUP);
}

/* One segment's worth is a packet like others. */
FRAMED_TEST(tx_offload, nothing_to_cut)
{
	const struct frame frame = {.payload = 1000};

	cr_assert_eq(request_segmentation(&with_all, &frame, 1000), 0);
	cr_expect_eq(header.gso_type, 0);
	cr_expect_eq(header.gso_size, 0);
	cr_assert_eq(request_segmentation(&with_all, &frame, 999), 0);
	cr_expect_eq(header.gso_type, 1);
	cr_expect_eq(request_segmentation(&with_all, &frame, 0), -EINVAL);
}

/* A packet that one port coalesced, another segments again. A port that can't refuses it. */
FRAMED_TEST(tx_offload, coalesced_by_another_port)
{
	const struct frame frame = {.payload = 5000, .is_partial = true};

	for (unsigned int kind = 0; kind < 2; kind++) {
		struct rte_mbuf *packet = frame_make(&fixture, &frame);
		uint32_t count;

		packet->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO;
		packet->tso_segsz = 1400;
		if (kind == 0) {
			cr_assert_eq(net_tx_offload(&with_all, packet, &header), 0);
			cr_expect_eq(header.gso_type, 1);
			cr_expect_eq(header.gso_size, 1400);
			cr_expect_eq(header.hdr_len, 54);
			count = frame_bytes(packet, bytes, sizeof(bytes));
			frame_device_sum(bytes, count, header.csum_start, header.csum_offset);
			cr_expect(frame_l4_is_right(&frame, bytes));
		} else {
			cr_expect_eq(net_tx_offload(&with_csum, packet, &header), -ENOTSUP);
		}
		rte_pktmbuf_free(packet);
	}
}

FRAMED_TEST(tx_offload, tags)
{
	const struct frame frame = {.payload = 100}, tagged = {.payload = 100, .tags = {0x8100}};
	static uint8_t expected[200];
	struct rte_mempool *clones = net_pool(&fixture, "clones", 16, 0, 0);
	struct rte_mbuf *packet = frame_make(&fixture, &tagged), *clone;
	uint32_t count = frame_bytes(packet, expected, sizeof(expected));

	rte_pktmbuf_free(packet);
	packet = frame_make(&fixture, &frame);
	packet->ol_flags = RTE_MBUF_F_TX_VLAN;
	packet->vlan_tci = 0x2007;
	cr_assert_eq(net_tx_offload(&without, packet, &header), 0);
	cr_assert_eq(frame_bytes(packet, bytes, sizeof(bytes)), count);
	/* The payload's pattern goes by the place in the frame. */
	cr_expect_arr_eq(bytes, expected, 18 + 20);
	rte_pktmbuf_free(packet);
	/* And a checksum behind it. */
	packet = frame_make(&fixture, &frame);
	frame_request_offload(packet, &frame, RTE_MBUF_F_TX_VLAN);
	packet->vlan_tci = 0x2007;
	expect_right(&with_csum, &tagged, packet);
	/* A packet that somebody else has too can't be changed. */
	packet = frame_make(&fixture, &frame);
	clone = rte_pktmbuf_clone(packet, clones);
	clone->ol_flags |= RTE_MBUF_F_TX_VLAN;
	cr_expect_eq(net_tx_offload(&without, clone, &header), -ENOTSUP);
	rte_pktmbuf_free(clone);
	rte_pktmbuf_free(packet);
	packet = net_packet(&fixture, 13, 1);
	packet->ol_flags |= RTE_MBUF_F_TX_VLAN;
	cr_expect_eq(net_tx_offload(&without, packet, &header), -EINVAL);
	rte_pktmbuf_free(packet);
}

FRAMED_TEST(tx_offload, rules)
{
	struct kl_features set = {{0, 0}};
	struct net_tx_rules rules = net_tx_rules_of(&set, RTE_ETH_TX_OFFLOAD_MULTI_SEGS);

	cr_expect_not(rules.is_needed || rules.has_csum || rules.has_tso4 || rules.has_tso6);
	kl_features_set(&set, VIRTIO_NET_F_CSUM);
	kl_features_set(&set, VIRTIO_NET_F_HOST_TSO6);
	kl_features_set(&set, VIRTIO_NET_F_HOST_USO);
	rules = net_tx_rules_of(&set, RTE_ETH_TX_OFFLOAD_TCP_CKSUM);
	cr_expect(rules.is_needed && rules.has_csum && !rules.has_tso4 && rules.has_tso6 &&
		!rules.has_ecn && rules.has_uso && !rules.has_ufo);
}
