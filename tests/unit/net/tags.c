/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VLAN tags do not count towards the MTU: 5.1.4.2, IEEE 802.1Q. Every mix of up to four tags passes
 * both ways with a full frame behind them, in every form of ring and of buffer.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include <kickless/net_control.h>

#include "net_fixture.h"
#include "state.h"

#define MTU 1500u
#define FRAME (MTU + 14)
#define TAGS_MAX 4u
#define TX_OFFLOADS \
	(RTE_ETH_TX_OFFLOAD_VLAN_INSERT | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | \
		RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO)

static const uint16_t types[] = {0x8100, 0x88a8, 0x9100};
static struct net_fixture fixture;

/* Calls visit with each mix of so many tags, as numbers of types. */
static void for_each_mix(void (*visit)(const uint8_t *mix, unsigned int tags))
{
	for (unsigned int tags = 0, mixes = 1; tags <= TAGS_MAX; tags++, mixes *= RTE_DIM(types))
		for (unsigned int number = 0; number < mixes; number++) {
			uint8_t mix[TAGS_MAX] = {0};
			unsigned int rest = number;

			for (unsigned int i = 0; i < tags; i++, rest /= RTE_DIM(types))
				mix[i] = rest % RTE_DIM(types);
			visit(mix, tags);
		}
}

static void put_type(struct rte_mbuf *packet, uint32_t at, uint16_t type)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct rte_mbuf *m = packet;
		uint32_t in_segment = at + i;

		for (; in_segment >= m->data_len; m = m->next)
			in_segment -= m->data_len;
		rte_pktmbuf_mtod(m, uint8_t *)[in_segment] = (uint8_t)(i == 0 ? type >> 8 : type);
	}
}

/* A tagged packet, in two buffers from cut on, and behind so many bytes of headroom. */
static struct rte_mbuf *tagged(const uint8_t *mix, unsigned int tags, uint32_t bytes, uint32_t cut,
	uint16_t headroom)
{
	struct rte_mbuf *packet = net_packet(&fixture, cut != 0 ? cut : bytes, 1);

	if (cut != 0)
		cr_assert_eq(rte_pktmbuf_chain(packet, net_packet(&fixture, bytes - cut, 2)), 0);
	packet->data_off = headroom;
	for (unsigned int i = 0; i < tags; i++)
		put_type(packet, 12 + 4 * i, types[mix[i]]);
	put_type(packet, 12 + 4 * tags, 0x0800);
	return packet;
}

static void expect_passes(struct rte_mbuf *packet, uint32_t bytes, const char *what)
{
	cr_assert_eq(net_send(&fixture, packet), 1);
	cr_assert_eq(net_transmit(&fixture, 8), 1, "%s of %u bytes", what, bytes);
	cr_assert_eq(fixture.sent.length, bytes);
}

static void expect_refused(struct rte_mbuf *packet, const char *what)
{
	uint64_t errors = net_stats(&fixture, KL_NET_TX).errors;

	cr_assert_eq(net_send(&fixture, packet), 1);
	cr_assert_eq(net_transmit(&fixture, 8), 0, "%s", what);
	cr_assert_eq(net_stats(&fixture, KL_NET_TX).errors, errors + 1);
}

static void send_mix(const uint8_t *mix, unsigned int tags)
{
	const uint32_t bytes = FRAME + 4 * tags;

	expect_passes(tagged(mix, tags, bytes, 0, RTE_PKTMBUF_HEADROOM), bytes, "one buffer");
	kl_net_tx_kick(fixture.net, 0);
	cr_assert_eq(net_send(&fixture, tagged(mix, tags, bytes, 0, RTE_PKTMBUF_HEADROOM)), 1);
	cr_expect_eq(fixture.net->pairs[0].tx.other_pool, 0, "it takes the short path");
	cr_assert_eq(net_transmit(&fixture, 8), 1);
	expect_refused(tagged(mix, tags, bytes + 1, 0, RTE_PKTMBUF_HEADROOM), "one buffer");
	expect_passes(tagged(mix, tags, bytes, 0, 0), bytes, "no headroom");
	expect_refused(tagged(mix, tags, bytes + 1, 0, 0), "no headroom");
	/* Cut within a type, within a tag and behind all of them. */
	for (uint32_t cut = 13; cut < 34; cut += 4) {
		expect_passes(tagged(mix, tags, bytes, cut, RTE_PKTMBUF_HEADROOM), bytes,
			"two buffers");
		expect_refused(tagged(mix, tags, bytes + 1, cut, RTE_PKTMBUF_HEADROOM),
			"two buffers");
	}
}

/* A fifth tag counts. */
static void send_too_many(void)
{
	const uint8_t mix[TAGS_MAX] = {1, 0, 2, 0};
	struct rte_mbuf *packet = tagged(mix, TAGS_MAX, FRAME + 20, 0, RTE_PKTMBUF_HEADROOM);

	put_type(packet, 28, 0x8100);
	expect_refused(packet, "five tags");
}

/* The tag that the driver inserts is one like the others. */
static void insert_mix(const uint8_t *mix, unsigned int tags)
{
	struct rte_mbuf *packet;

	if (tags == TAGS_MAX)
		return;
	packet = tagged(mix, tags, FRAME + 4 * tags, 0, RTE_PKTMBUF_HEADROOM);
	packet->ol_flags |= RTE_MBUF_F_TX_VLAN;
	packet->vlan_tci = 5;
	expect_passes(packet, FRAME + 4 * (tags + 1), "one more tag");
}

static void receive_mix(const uint8_t *mix, unsigned int tags)
{
	const struct arrival arrival = {.bytes = FRAME + 4 * tags, .seed = mix[0] + 3 * tags};
	struct rte_mbuf *packet;

	cr_assert_geq(net_arrive(&fixture, &arrival), 1);
	packet = net_receive(&fixture);
	cr_assert_neq(packet, NULL, "%u tags", tags);
	cr_expect_eq(packet->pkt_len, arrival.bytes);
	rte_pktmbuf_free(packet);
}

/* No device with an MTU sends more. The tags of such a frame are not counted. */
static void receive_too_long(void)
{
	const struct arrival arrival = {.bytes = FRAME + 4 * TAGS_MAX + 1, .seed = 1};

	cr_assert_geq(net_arrive(&fixture, &arrival), 1);
	cr_expect_null(net_receive(&fixture));
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 1);
}

/* The device as the words of ring_variant.h describe it, with and without offloads. */
static void run_as(const char *words, bool has_offloads)
{
	setenv("UNIT_RING", words, 1);
	net_prepare(&fixture);
	fake_offer(fixture.fake, FIXTURE_MTU);
	if (has_offloads) {
		for (unsigned int bit = 0; bit <= 12; bit++)
			if (bit == 0 || bit == 11 || bit == 12)
				fake_offer(fixture.fake, bit);
		fixture.conf.tx_offloads = TX_OFFLOADS;
		fixture.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	}
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	for_each_mix(send_mix);
	send_too_many();
	if (has_offloads)
		for_each_mix(insert_mix);
	for_each_mix(receive_mix);
	receive_too_long();
	net_close(&fixture);
}

#define FORM_TEST(suite, name, words, has_offloads) \
	Test(suite, name) \
	{ \
		run_as(words, has_offloads); \
	}
FORM_TEST(tags, split, "", false)
FORM_TEST(tags, split_with_offloads, "", true)
FORM_TEST(tags, split_chained, "direct", false)
FORM_TEST(tags, split_chained_with_offloads, "direct", true)
FORM_TEST(tags, split_in_order, "in_order", false)
FORM_TEST(tags, split_in_order_with_offloads, "in_order", true)
FORM_TEST(tags, split_in_order_chained, "in_order,direct", false)
FORM_TEST(tags, split_in_order_chained_with_offloads, "in_order,direct", true)
FORM_TEST(tags, packed, "packed", false)
FORM_TEST(tags, packed_with_offloads, "packed", true)
FORM_TEST(tags, packed_chained, "packed,direct", false)
FORM_TEST(tags, packed_chained_with_offloads, "packed,direct", true)
FORM_TEST(tags, packed_in_order, "packed,in_order", false)
FORM_TEST(tags, packed_in_order_with_offloads, "packed,in_order", true)
FORM_TEST(tags, packed_in_order_chained, "packed,in_order,direct", false)
FORM_TEST(tags, packed_in_order_chained_with_offloads, "packed,in_order,direct", true)
FORM_TEST(tags, plain, "unmerged", false)
FORM_TEST(tags, plain_with_offloads, "unmerged", true)
FORM_TEST(tags, plain_packed, "unmerged,packed", false)
FORM_TEST(tags, plain_packed_with_offloads, "unmerged,packed", true)
FORM_TEST(tags, plain_in_order, "unmerged,in_order", false)
FORM_TEST(tags, plain_in_order_with_offloads, "unmerged,in_order", true)
FORM_TEST(tags, pinned, "pinned", false)
FORM_TEST(tags, pinned_with_offloads, "pinned", true)
FORM_TEST(tags, pinned_chained, "pinned,direct", false)
FORM_TEST(tags, pinned_chained_with_offloads, "pinned,direct", true)
FORM_TEST(tags, pinned_packed, "pinned,packed", false)
FORM_TEST(tags, pinned_packed_with_offloads, "pinned,packed", true)
FORM_TEST(tags, pinned_plain, "pinned,unmerged", false)
FORM_TEST(tags, pinned_plain_with_offloads, "pinned,unmerged", true)
FORM_TEST(tags, pinned_in_order, "pinned,packed,in_order", false)
FORM_TEST(tags, pinned_in_order_with_offloads, "pinned,packed,in_order", true)

/* The MTU that the user sets, too. */
Test(tags, with_an_mtu_of_the_users)
{
	static const uint8_t mix[TAGS_MAX] = {1, 0};

	net_open(&fixture);
	cr_assert_eq(kl_net_mtu_set(fixture.net, 1000), 0);
	expect_passes(tagged(mix, 2, 1022, 0, RTE_PKTMBUF_HEADROOM), 1022, "one buffer");
	expect_refused(tagged(mix, 2, 1023, 0, RTE_PKTMBUF_HEADROOM), "one buffer");
	cr_assert_eq(kl_net_mtu_set(fixture.net, 65535), 0);
	expect_passes(tagged(mix, 2, 2000, 0, RTE_PKTMBUF_HEADROOM), 2000, "one buffer");
	net_close(&fixture);
}
