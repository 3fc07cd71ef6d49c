/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx_offload.h"

#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "frames.h"

#define NEEDS_CSUM 1
#define DATA_VALID 2
#define RSC_INFO 4

static struct net_fixture fixture;
static uint8_t bytes[70000];

static const struct net_rx_rules csum = {.is_needed = true, .has_csum = true};
/* TCPV4, UDP, TCPV6, UDP_L4 */
static const struct net_rx_rules large = {.is_needed = true,
	.has_csum = true,
	.has_ecn = true,
	.gso_types = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5};

static void set_up(void)
{
	net_prepare(&fixture);
}

static void tear_down(void)
{
	net_close(&fixture);
}

static struct virtio_net_hdr_v1_hash partial_header(const struct frame *frame)
{
	return (struct virtio_net_hdr_v1_hash){
		.hdr =
			{
				.flags = NEEDS_CSUM,
				.csum_start = (uint16_t)frame_l4_at(frame),
				.csum_offset = frame->is_udp ? 6 : 16,
			},
	};
}

/* NRX-11: marked, and where the headers end. */
FRAMED_TEST(rx_offload, partial_checksums)
{
	for (unsigned int kind = 0; kind < 16; kind++) {
		struct frame frame = {.is_ipv6 = kind & 1,
			.is_udp = kind & 2,
			.tags = {kind & 4 ? 0x8100 : 0},
			.ip_extra = kind & 8 ? 8 : 0,
			.tcp_extra = 8,
			.payload = 33,
			.is_partial = true};

		for (frame.cut = 0; frame.cut < 90; frame.cut++) {
			struct virtio_net_hdr_v1_hash header = partial_header(&frame);
			struct rte_mbuf *packet = frame_make(&fixture, &frame);

			cr_assert_eq(net_rx_offload(&csum, packet, &header), NET_RX_GOOD);
			cr_assert_eq(net_flags(packet), RTE_MBUF_F_RX_L4_CKSUM_NONE,
				"kind %u cut %u", kind, frame.cut);
			cr_assert_eq(packet->packet_type & RTE_PTYPE_L4_MASK,
				frame.is_udp ? RTE_PTYPE_L4_UDP : RTE_PTYPE_L4_TCP);
			cr_assert_eq(packet->l2_len, frame_l2(&frame));
			cr_assert_eq(packet->l3_len, frame_l3(&frame));
			cr_assert_eq(packet->l4_len, frame_l4(&frame));
			rte_pktmbuf_free(packet);
		}
	}
}

/* Tags of any types, in any order; the first buffer ends before, within or behind them. */
FRAMED_TEST(rx_offload, partial_checksums_behind_tags)
{
	static const uint16_t types[] = {0x8100, 0x88a8, 0x9100};

	for (unsigned int mix = 1; mix < 256; mix++) {
		struct frame frame = {.is_ipv6 = mix & 1, .payload = 3000, .is_partial = true};
		unsigned int tags = 0;

		/* Two bits for each tag; 3 ends the list. */
		for (unsigned int rest = mix; tags < 4 && (rest & 3) != 3; rest >>= 2)
			frame.tags[tags++] = types[rest & 3];
		for (frame.cut = 0; frame.cut < 60; frame.cut += 1 + frame.cut % 5) {
			struct virtio_net_hdr_v1_hash header = partial_header(&frame);
			struct rte_mbuf *packet = frame_make(&fixture, &frame);

			header.hdr.gso_type = frame.is_ipv6 ? 4 : 1;
			header.hdr.gso_size = 1000;
			cr_assert_eq(net_rx_offload(&large, packet, &header), NET_RX_GOOD);
			cr_assert_eq(net_flags(packet),
				RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO, "mix %u cut %u",
				mix, frame.cut);
			cr_assert_eq(packet->packet_type & RTE_PTYPE_L2_MASK,
				tags == 0         ? RTE_PTYPE_L2_ETHER :
					tags == 1 ? RTE_PTYPE_L2_ETHER_VLAN :
						    RTE_PTYPE_L2_ETHER_QINQ);
			cr_assert_eq(packet->l2_len, frame_l2(&frame));
			cr_assert_eq(packet->l3_len, frame_l3(&frame));
			cr_assert_eq(packet->l4_len, frame_l4(&frame));
			rte_pktmbuf_free(packet);
		}
	}
}

/* A checksum that nothing behind us could find is completed here: a tunnel, a made-up protocol. */
FRAMED_TEST(rx_offload, partial_checksums_elsewhere)
{
	for (uint32_t cut = 0; cut < 60; cut++) {
		const struct frame frame = {.payload = 31, .cut = cut};
		const struct virtio_net_hdr_v1_hash header = {
			.hdr = {.flags = NEEDS_CSUM, .csum_start = 20, .csum_offset = 25},
		};
		struct rte_mbuf *packet = frame_make(&fixture, &frame);
		uint32_t count = frame_bytes(packet, bytes, sizeof(bytes));
		static uint8_t after[200];

		frame_device_sum(bytes, count, 20, 25);
		cr_assert_eq(net_rx_offload(&csum, packet, &header), NET_RX_GOOD);
		cr_assert_eq(net_flags(packet), RTE_MBUF_F_RX_L4_CKSUM_GOOD);
		frame_bytes(packet, after, sizeof(after));
		cr_assert_arr_eq(after, bytes, count);
		rte_pktmbuf_free(packet);
	}
}

/* NRX-10 */
FRAMED_TEST(rx_offload, valid_and_unknown)
{
	for (unsigned int flags = 0; flags < 256; flags++) {
		struct rte_mbuf *packet = net_packet(&fixture, 60, flags);
		/* NRX-09: outside, and not read. NRX-13: hdr_len means nothing. */
		const struct virtio_net_hdr_v1_hash header = {
			.hdr = {.flags = (uint8_t)flags, .csum_start = 0xffff, .hdr_len = 0xffff},
			.hash_value = 1,
			.hash_report = 1,
		};
		bool is_partial = flags & NEEDS_CSUM;

		cr_expect_eq(net_rx_offload(&csum, packet, &header),
			is_partial ? NET_RX_DOUBTFUL : NET_RX_GOOD);
		cr_expect_eq(net_flags(packet),
			!is_partial && (flags & DATA_VALID) ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : 0);
		rte_pktmbuf_free(packet);
	}
}

/* Whatever csum_start and csum_offset are, nothing outside of the packet is touched. */
FRAMED_TEST(rx_offload, places_of_the_checksum)
{
	for (uint32_t start = 0; start < 70; start++)
		for (uint32_t offset = 0; offset < 70; offset++) {
			struct rte_mbuf *packet = net_packet(&fixture, 60, start);
			const struct virtio_net_hdr_v1_hash header = {
				.hdr = {.flags = NEEDS_CSUM,
					.csum_start = (uint16_t)start,
					.csum_offset = (uint16_t)offset}};
			bool is_inside = start + offset + 2 <= 60;

			cr_assert_eq(net_rx_offload(&csum, packet, &header),
				is_inside ? NET_RX_GOOD : NET_RX_DOUBTFUL);
			cr_assert_eq(net_flags(packet),
				is_inside ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : 0);
			rte_pktmbuf_free(packet);
		}
	for (uint32_t value = 59; value < 0x10000; value += 211) {
		struct rte_mbuf *packet = net_packet(&fixture, 60, value);
		const struct virtio_net_hdr_v1_hash header = {
			.hdr = {.flags = NEEDS_CSUM,
				.csum_start = (uint16_t)value,
				.csum_offset = (uint16_t)value}};

		cr_assert_eq(net_rx_offload(&csum, packet, &header), NET_RX_DOUBTFUL);
		rte_pktmbuf_free(packet);
	}
}

/* Of all types and sizes only those negotiated, with a size and an incomplete checksum. */
FRAMED_TEST(rx_offload, large_packets)
{
	const struct frame frame = {.payload = 5000, .is_partial = true};

	for (unsigned int type = 1; type < 256; type++)
		for (unsigned int kind = 0; kind < 8; kind++) {
			struct virtio_net_hdr_v1_hash header = partial_header(&frame);
			struct rte_mbuf *packet = frame_make(&fixture, &frame);
			struct net_rx_rules rules = large;
			unsigned int base = type & 0x7f;
			bool is_legal = base == 1 || base == 3 || base == 4 || base == 5;

			header.hdr.gso_type = (uint8_t)type;
			header.hdr.gso_size = kind & 1 ? 0 : 1460;
			header.hdr.flags = kind & 2 ? DATA_VALID : NEEDS_CSUM;
			rules.has_ecn = (kind & 4) == 0;
			is_legal = is_legal && (kind & 3) == 0 && (rules.has_ecn || type < 0x80);
			cr_assert_eq(net_rx_offload(&rules, packet, &header),
				is_legal ? NET_RX_GOOD : NET_RX_BAD, "type 0x%x kind %u", type,
				kind);
			if (is_legal) {
				cr_assert_eq(net_flags(packet),
					RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO);
				cr_assert_eq(packet->tso_segsz, 1460);
			}
			rte_pktmbuf_free(packet);
		}
}

/* NRX-19: with RSC_INFO the two fields are counts, whatever they look like. */
FRAMED_TEST(rx_offload, coalesced)
{
	const struct frame frame = {.payload = 5000, .is_partial = true};
	struct virtio_net_hdr_v1_hash header = partial_header(&frame);
	struct net_rx_rules rules = large;
	struct rte_mbuf *packet = frame_make(&fixture, &frame);

	rules.has_rsc = true;
	header.hdr = (struct virtio_net_hdr){.flags = NEEDS_CSUM | RSC_INFO,
		.gso_type = 1,
		.gso_size = 1000,
		.csum_start = 5,
		.csum_offset = 0xffff};
	cr_expect_eq(net_rx_offload(&rules, packet, &header), NET_RX_GOOD);
	cr_expect_eq(net_flags(packet), RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO);
	rte_pktmbuf_free(packet);
	/* Not negotiated: an unknown bit, NRX-08. */
	packet = frame_make(&fixture, &frame);
	cr_expect_eq(net_rx_offload(&large, packet, &header), NET_RX_DOUBTFUL);
	rte_pktmbuf_free(packet);
	/* No transport header to be found. */
	packet = net_packet(&fixture, 100, 1);
	cr_expect_eq(net_rx_offload(&rules, packet, &header), NET_RX_DOUBTFUL);
	rte_pktmbuf_free(packet);
}

/* NRX-20 */
FRAMED_TEST(rx_offload, hashes)
{
	const struct net_rx_rules rules = {.is_needed = true, .has_hash = true};

	for (uint32_t report = 0; report < 0x10000; report += report < 20 ? 1 : 97) {
		struct rte_mbuf *packet = net_packet(&fixture, 60, report);
		const struct virtio_net_hdr_v1_hash header = {.hdr = {.flags = 0xff,
								      .gso_type = 0xff},
			.hash_value = 0xdeadbeef,
			.hash_report = (uint16_t)report};
		bool is_known = report >= 1 && report <= 9;

		cr_expect_eq(net_rx_offload(&rules, packet, &header), NET_RX_GOOD);
		cr_expect_eq(net_flags(packet), is_known ? RTE_MBUF_F_RX_RSS_HASH : 0);
		cr_expect_eq(packet->packet_type != 0, is_known);
		if (is_known) {
			uint32_t l4 = packet->packet_type & RTE_PTYPE_L4_MASK;

			cr_expect_eq(packet->hash.rss, 0xdeadbeef);
			cr_expect_eq(!!RTE_ETH_IS_IPV4_HDR(packet->packet_type), report <= 3);
			cr_expect_eq(l4,
				report % 3 == 1         ? 0 :
					report % 3 == 2 ? RTE_PTYPE_L4_TCP :
							  RTE_PTYPE_L4_UDP);
		}
		rte_pktmbuf_free(packet);
	}
}

FRAMED_TEST(rx_offload, tags)
{
	const struct net_rx_rules rules = {.is_needed = true,
		.has_csum = true,
		.strips_vlan = true};
	const struct frame tagged = {.payload = 50, .tags = {0x8100}, .is_partial = true};
	struct virtio_net_hdr_v1_hash header = partial_header(&tagged);
	struct rte_mbuf *packet = frame_make(&fixture, &tagged);
	uint32_t before = packet->pkt_len;

	cr_expect_eq(net_rx_offload(&rules, packet, &header), NET_RX_GOOD);
	cr_expect_eq(net_flags(packet),
		RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	cr_expect_eq(packet->vlan_tci, 0x2007);
	cr_expect_eq(packet->pkt_len, before - 4);
	cr_expect_eq(packet->l2_len, 14);
	cr_expect_eq(packet->packet_type & RTE_PTYPE_L2_MASK, RTE_PTYPE_L2_ETHER);
	cr_expect_eq(rte_pktmbuf_mtod(packet, uint8_t *)[12], 8);
	cr_expect_eq(rte_pktmbuf_mtod(packet, uint8_t *)[0], 2);
	rte_pktmbuf_free(packet);
	/* Too short for a tag, in a packet or in its first buffer. */
	header = (struct virtio_net_hdr_v1_hash){0};
	for (uint32_t cut = 1; cut < 18; cut++) {
		const struct frame cut_tag = {.payload = 50, .tags = {0x8100}, .cut = cut};

		packet = frame_make(&fixture, &cut_tag);
		cr_expect_eq(net_rx_offload(&rules, packet, &header), NET_RX_GOOD);
		cr_expect_eq(net_flags(packet), 0);
		cr_expect_eq(packet->pkt_len, before);
		rte_pktmbuf_free(packet);
	}
}

FRAMED_TEST(rx_offload, rules)
{
	struct kl_features set = {{0, 0}};
	struct net_rx_rules rules = net_rx_rules_of(&set, RTE_ETH_RX_OFFLOAD_SCATTER);

	cr_expect_not(rules.is_needed);
	cr_expect(net_rx_rules_of(&set, RTE_ETH_RX_OFFLOAD_VLAN_STRIP).is_needed);
	kl_features_set(&set, VIRTIO_NET_F_HASH_REPORT);
	rules = net_rx_rules_of(&set, 0);
	cr_expect(rules.is_needed && rules.has_hash && !rules.has_csum);
	kl_features_set(&set, VIRTIO_NET_F_GUEST_CSUM);
	kl_features_set(&set, VIRTIO_NET_F_GUEST_TSO6);
	kl_features_set(&set, VIRTIO_NET_F_GUEST_USO4);
	rules = net_rx_rules_of(&set, 0);
	cr_expect(rules.has_csum && !rules.has_ecn && !rules.has_rsc);
	cr_expect_eq(rules.gso_types, 1 << 4 | 1 << 5);
}
