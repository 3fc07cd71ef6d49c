/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that contradict themselves. */
#include "tx_offload.h"

#include <errno.h>

#include <criterion/criterion.h>

#include "frames.h"

static struct net_fixture fixture;
static struct virtio_net_hdr header;

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

/* Contradictory requests of an application: nothing is read or written outside of the packet. */
FRAMED_TEST(tx_offload_faults, contradictions)
{
	static const struct {
		uint64_t add, remove;
		int l2, l3, l4;
		int expected;
	} cases[] = {
		{RTE_MBUF_F_TX_IPV6, 0, 14, 20, 20, -EINVAL},
		{0, RTE_MBUF_F_TX_IPV4, 14, 20, 20, -EINVAL},
		{RTE_MBUF_F_TX_IPV6, RTE_MBUF_F_TX_IPV4, 14, 40, 20, -EINVAL},
		{RTE_MBUF_F_TX_SCTP_CKSUM, RTE_MBUF_F_TX_TCP_CKSUM, 14, 20, 20, -EINVAL},
		{RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG, 0, 14, 20, 20, -EINVAL},
		{RTE_MBUF_F_TX_QINQ, 0, 14, 20, 20, -ENOTSUP},
		{RTE_MBUF_F_TX_OUTER_UDP_CKSUM, 0, 14, 20, 20, -ENOTSUP},
		{0, 0, 14, 0, 20, -EINVAL},
		{0, 0, 14, 19, 20, -EINVAL},
		{0, 0, 13, 20, 20, -EINVAL},
		{0, 0, 127, 511, 20, -EINVAL},
		{0, 0, 14, 40, 20, -EINVAL},
		{RTE_MBUF_F_TX_IP_CKSUM, 0, 14, 8, 20, -EINVAL},
		{RTE_MBUF_F_TX_IP_CKSUM, 0, 127, 511, 20, -EINVAL},
		{RTE_MBUF_F_TX_TCP_SEG, 0, 14, 20, 0, -EINVAL},
		{RTE_MBUF_F_TX_TCP_SEG, 0, 14, 20, 19, -EINVAL},
		{RTE_MBUF_F_TX_TCP_SEG, 0, 127, 511, 255, -EINVAL},
	};
	const struct frame frame = {.payload = 5};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct rte_mbuf *packet = frame_make(&fixture, &frame);

		frame_request_offload(packet, &frame, 0);
		packet->ol_flags &= ~cases[i].remove;
		packet->ol_flags |= cases[i].add;
		packet->l2_len = (uint64_t)cases[i].l2;
		packet->l3_len = (uint64_t)cases[i].l3;
		packet->l4_len = (uint64_t)cases[i].l4;
		packet->tso_segsz = 1;
		cr_expect_eq(net_tx_offload(&with_all, packet, &header), cases[i].expected,
			"case %u", i);
		rte_pktmbuf_free(packet);
	}
}

/* An IP header whose length exceeds the packet. */
FRAMED_TEST(tx_offload_faults, malformed_lengths)
{
	const struct frame frame = {.payload = 5};

	for (unsigned int length = 0; length < 0x10000; length += 7) {
		struct rte_mbuf *packet = frame_make(&fixture, &frame);
		bool fits = length >= 20 + 18 && length <= 20 + 20 + 5;

		rte_pktmbuf_mtod(packet, uint8_t *)[16] = (uint8_t)(length >> 8);
		rte_pktmbuf_mtod(packet, uint8_t *)[17] = (uint8_t)length;
		frame_request_offload(packet, &frame, 0);
		cr_expect_eq(net_tx_offload(&without, packet, &header), fits ? 0 : -EINVAL, "%u",
			length);
		rte_pktmbuf_free(packet);
	}
}

/* Packets of another port that are not what they seem. */
FRAMED_TEST(tx_offload_faults, partial_without_transport)
{
	struct rte_mbuf *packet = net_packet(&fixture, 60, 3);

	packet->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	cr_expect_eq(net_tx_offload(&without, packet, &header), -EINVAL);
	packet->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
	cr_expect_eq(net_tx_offload(&without, packet, &header), 0, "not ours to repair");
	packet->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	cr_expect_not(net_tx_offload_is_requested(packet));
	rte_pktmbuf_free(packet);
}
