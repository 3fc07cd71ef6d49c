/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices from before virtio 1.0 without ANY_LAYOUT: the header of a packet, and each part of a
 * command, has a descriptor of its own. 5.1.9.8. The fake device checks all that it is given:
 * NETL-04, NETL-05, NETL-06.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_fixture.h"
#include "spec/features.h"

#define CSUM 0

static struct control_fixture control;
static struct net_fixture *const fixture = &control.net;
TestSuite(framing, .timeout = 60);

/* The features of a device, as bits. */
enum {
	MERGEABLE = 1,
	INDIRECT = 2,
	EVENT_IDX = 4,
};

static void prepare(unsigned int features)
{
	static const struct {
		unsigned int flag, bit;
	} optional[] = {
		{MERGEABLE, FIXTURE_MRG_RXBUF},
		{INDIRECT, FIXTURE_INDIRECT},
		{EVENT_IDX, FIXTURE_EVENT_IDX},
	};

	control_prepare(&control);
	fixture->fake->script.interfaces = FAKE_LEGACY;
	fixture->fake->script.next_iova = UINT64_C(1) << 32;
	fake_offer_not(fixture->fake, VIRTIO_F_VERSION_1);
	fixture->fake->script.mmio_version = ring_is("mmio") ? 1 : 2;
	/* In place of those of this run's form of ring. A legacy device has no others of it. */
	for (unsigned int i = 0; i < RTE_DIM(optional); i++)
		((features & optional[i].flag) != 0 ? fake_offer : fake_offer_not)(fixture->fake,
			optional[i].bit);
	if ((features & MERGEABLE) == 0)
		fixture->header = 10;
	fake_rebuild(fixture->fake);
}

/* Buffers that a receive ring holds. */
static unsigned int ring_buffers(unsigned int features)
{
	return (features & INDIRECT) != 0 ? FIXTURE_RING : FIXTURE_RING / 2;
}

static void open_as(unsigned int features)
{
	prepare(features);
	control_start(&control, NULL);
	cr_expect_eq(net_buffers_out(fixture), ring_buffers(features));
	cr_assert_not(kl_device_has(fixture->device, VIRTIO_F_ANY_LAYOUT));
	cr_assert_str_eq(kl_device_info(fixture->device)->transport,
		ring_is("mmio") ? "mmio-legacy" : "pci-legacy");
}

static void expect_goes_out(struct rte_mbuf *packet, uint32_t bytes, uint32_t seed,
	unsigned int segments)
{
	cr_assert_eq(net_send(fixture, packet), 1);
	cr_assert_eq(net_transmit(fixture, 8), 1);
	net_expect_sent(fixture, bytes, seed);
	cr_expect_eq(fixture->sent.segments, segments, "%u segments", fixture->sent.segments);
}

static struct rte_mbuf *scattered(unsigned int segments, uint32_t bytes, uint32_t seed)
{
	struct rte_mbuf *head = net_packet(fixture, bytes, seed);

	for (unsigned int i = 1; i < segments; i++) {
		struct rte_mbuf *m = net_packet(fixture, bytes, 0);

		for (uint32_t b = 0; b < bytes; b++)
			rte_pktmbuf_mtod(m, uint8_t *)[b] = net_pattern(seed, i * bytes + b);
		cr_assert_eq(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

/* Every kind of packet that the transmit side tells apart. */
static void send_all_kinds(void)
{
	struct rte_mempool *clones = net_pool(fixture, "clones", 16, 0, 0);
	struct rte_mbuf *packet, *clone;

	for (uint32_t bytes = 1; bytes <= FIXTURE_ROOM; bytes += bytes < 70 ? 1 : 97)
		expect_goes_out(net_packet(fixture, bytes, bytes), bytes, bytes, 2);
	for (unsigned int segments = 2; segments <= 30; segments++)
		expect_goes_out(scattered(segments, 77, segments), 77 * segments, segments,
			segments + 1);
	/* Without headroom, and with the data in another's buffer. */
	packet = net_packet(fixture, 300, 3);
	memmove(packet->buf_addr, rte_pktmbuf_mtod(packet, char *), 300);
	packet->data_off = 0;
	expect_goes_out(packet, 300, 3, 2);
	packet = net_packet(fixture, 200, 4);
	clone = rte_pktmbuf_clone(packet, clones);
	cr_assert_neq(clone, NULL);
	rte_pktmbuf_free(packet);
	expect_goes_out(clone, 200, 4, 2);
	/* An empty first segment. */
	packet = net_packet(fixture, 0, 0);
	cr_assert_eq(rte_pktmbuf_chain(packet, scattered(2, 50, 5)), 0);
	expect_goes_out(packet, 100, 5, 3);
	kl_net_tx_kick(fixture->net, 0);
	cr_expect_eq(net_stats(fixture, KL_NET_TX).errors, 0);
}

static void receive_all_sizes(unsigned int features)
{
	for (uint32_t bytes = 1; bytes <= FIXTURE_ROOM; bytes += bytes < 70 ? 1 : 61) {
		cr_assert_eq(net_arrive(fixture, &(struct arrival){.bytes = bytes, .seed = bytes}),
			1);
		net_expect_packet(net_receive(fixture), bytes, bytes);
	}
	if ((features & MERGEABLE) == 0)
		return;
	for (uint32_t bytes = FIXTURE_ROOM + 1; bytes < 40000; bytes = bytes * 3 / 2 + 1) {
		cr_assert_gt(net_arrive(fixture, &(struct arrival){.bytes = bytes, .seed = bytes}),
			1);
		net_expect_packet(net_receive(fixture), bytes, bytes);
	}
	/* The second buffer has data where others have their header. */
	for (uint32_t first = 1; first < 300; first += 7) {
		const struct arrival arrival = {.bytes = 300, .seed = first, .first_bytes = first};

		cr_assert_eq(net_arrive(fixture, &arrival), 2);
		net_expect_packet(net_receive(fixture), 300, first);
	}
}

static void move_packets(unsigned int features)
{
	send_all_kinds();
	receive_all_sizes(features);
	net_expect_law(fixture);
}

/* All combinations of the features that change the rings or the header. */
#define FEATURES_TEST(suite, name, features) \
	Test(suite, name) \
	{ \
		open_as(features); \
		move_packets(features); \
		control_close(&control); \
	}
FEATURES_TEST(framing, plain, 0)
FEATURES_TEST(framing, mergeable, MERGEABLE)
FEATURES_TEST(framing, plain_indirect, INDIRECT)
FEATURES_TEST(framing, mergeable_indirect, MERGEABLE | INDIRECT)
FEATURES_TEST(framing, plain_events, EVENT_IDX)
FEATURES_TEST(framing, mergeable_events, MERGEABLE | EVENT_IDX)
FEATURES_TEST(framing, plain_indirect_events, INDIRECT | EVENT_IDX)
FEATURES_TEST(framing, mergeable_indirect_events, MERGEABLE | INDIRECT | EVENT_IDX)

/* More packets than indices, in bursts that fill and empty the rings. */
static void run_long(unsigned int features)
{
	struct rte_mbuf *packets[FIXTURE_RING];
	uint64_t arrived = 0, received = 0;
	uint16_t taken;

	open_as(features);
	while (received < 66000) {
		unsigned int burst = (unsigned int)(fake_random(fixture->fake) % FIXTURE_RING);
		uint16_t got;

		for (; burst > 0; burst--, arrived++)
			if (net_arrive(fixture,
				    &(struct arrival){.bytes = 60, .seed = (uint32_t)arrived}) == 0)
				break;
		got = kl_net_rx_burst(fixture->net, 0, packets, FIXTURE_RING);
		for (uint16_t i = 0; i < got; i++)
			cr_assert_eq(rte_pktmbuf_mtod(packets[i], uint8_t *)[59],
				net_pattern((uint32_t)(received + i), 59));
		received += got;
		taken = kl_net_tx_burst(fixture->net, 0, packets, got);
		cr_assert_eq(taken, RTE_MIN(got, ring_buffers(features)));
		rte_pktmbuf_free_bulk(packets + taken, got - taken);
		net_transmit(fixture, FIXTURE_RING);
	}
	kl_net_tx_kick(fixture->net, 0);
	cr_expect_leq(net_buffers_out(fixture), ring_buffers(features));
	cr_expect_eq(net_stats(fixture, KL_NET_RX).errors, 0);
	cr_expect_eq(net_stats(fixture, KL_NET_TX).errors, 0);
	net_expect_law(fixture);
	control_close(&control);
}

Test(framing, long_run)
{
	run_long(INDIRECT | EVENT_IDX);
}

Test(framing, long_run_without_indirect)
{
	run_long(MERGEABLE);
}

/* Takes a receive buffer and writes a packet of one buffer into it. */
static uint16_t take_one(uint32_t seed)
{
	static struct fake_chain chain;

	cr_assert(fake_pop(fixture->fake, FIXTURE_RX, &chain));
	cr_assert_eq(chain.count, 2);
	memset(chain.segment[0].data, 0, fixture->header);
	if (fixture->header >= FIXTURE_HEADER)
		chain.segment[0].data[10] = 1;
	for (uint32_t i = 0; i < 20; i++)
		chain.segment[1].data[i] = net_pattern(seed, i);
	return chain.head;
}

/* The device completes any of the buffers that it has, both ways; some stay with it for long. */
static void run_out_of_order(unsigned int features)
{
	struct rte_mbuf *packets[FIXTURE_RING];
	uint16_t heads[24];
	uint32_t seeds[24], done[8], holding = 0, seed = 0;

	open_as(features);
	fixture->fake->script.order = FAKE_SHUFFLE;
	for (unsigned int round = 0; round < 2000; round++) {
		for (; holding < 24; holding++) {
			seeds[holding] = seed;
			heads[holding] = take_one(seed++);
		}
		for (unsigned int i = 0; i < 8; i++, holding--) {
			uint32_t which = (uint32_t)(fake_random(fixture->fake) % holding);

			fake_complete(fixture->fake, FIXTURE_RX, heads[which],
				fixture->header + 20);
			done[i] = seeds[which];
			heads[which] = heads[holding - 1];
			seeds[which] = seeds[holding - 1];
		}
		fake_arm(fixture->fake, FIXTURE_RX);
		cr_assert_eq(kl_net_rx_burst(fixture->net, 0, packets, FIXTURE_RING), 8);
		for (uint32_t i = 0; i < 8; i++)
			cr_assert_eq(rte_pktmbuf_mtod(packets[i], uint8_t *)[19],
				net_pattern(done[i], 19));
		cr_assert_eq(kl_net_tx_burst(fixture->net, 0, packets, 8), 8);
		net_transmit(fixture, 8);
	}
	cr_expect_eq(net_stats(fixture, KL_NET_RX).packets, 2000 * 8);
	net_expect_law(fixture);
	control_close(&control);
}

Test(framing, out_of_order)
{
	run_out_of_order(MERGEABLE | INDIRECT);
}

Test(framing, out_of_order_without_indirect)
{
	run_out_of_order(EVENT_IDX);
}

/* A header that requests something, in a packet that has no room for it. */
Test(framing, offloads)
{
	for (unsigned int features = 0; features < 4; features++) {
		static struct fake_chain chain;
		struct rte_mbuf *packet;

		prepare(features);
		fake_offer(fixture->fake, CSUM);
		fixture->conf.tx_offloads = RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
		control_start(&control, NULL);
		cr_assert(kl_device_has(fixture->device, CSUM));
		for (uint16_t headroom = 0; headroom <= 128; headroom += 128) {
			packet = net_packet(fixture, 100, 1);
			packet->data_off = headroom;
			memset(rte_pktmbuf_mtod(packet, void *), 0x45, 100);
			memcpy(rte_pktmbuf_mtod_offset(packet, void *, 12), "\x08\0\x45\0\0\x56",
				6);
			packet->l2_len = 14;
			packet->l3_len = 20;
			packet->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
			cr_assert_eq(net_send(fixture, packet), 1);
			cr_assert(fake_pop(fixture->fake, FIXTURE_TX, &chain));
			cr_expect_eq(chain.segment[0].length, fixture->header);
			cr_expect_eq(chain.segment[0].data[0], 1, "NEEDS_CSUM");
			cr_expect_eq(chain.segment[0].data[6], 34);
			cr_expect_eq(chain.readable_bytes, fixture->header + 100);
			fake_complete(fixture->fake, FIXTURE_TX, chain.head, 0);
			fake_arm(fixture->fake, FIXTURE_TX);
			kl_net_tx_kick(fixture->net, 0);
		}
		cr_expect_eq(net_stats(fixture, KL_NET_TX).errors, 0);
		control_close(&control);
	}
}

/* Every command that such a device can have; the table of addresses has two parts. */
static void send_commands(unsigned int features)
{
	static const uint8_t unicast[] = {0x02, 0, 0, 0, 0, 9}, multicast[] = {1, 0, 0x5e, 0, 0, 1};
	struct kl_net *net;

	fake_offer(fixture->fake, FIXTURE_MQ);
	fixture->conf.queue_pairs = 2;
	fixture->conf.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	control_start(&control, NULL);
	net = fixture->net;
	cr_expect_eq(kl_net_mac_add(net, unicast), 0, "%s", log_text());
	control_expect(&control, 1, 0, "\1\0\0\0\2\0\0\0\0\x9\0\0\0\0", 14);
	cr_expect_eq(kl_net_mac_add(net, multicast), 0, "%s", log_text());
	control_expect(&control, 1, 0, "\1\0\0\0\2\0\0\0\0\x9\1\0\0\0\1\0\x5e\0\0\1", 20);
	cr_expect_eq(kl_net_mac_remove(net, unicast), 0, "%s", log_text());
	control_expect(&control, 1, 0, "\0\0\0\0\1\0\0\0\1\0\x5e\0\0\1", 14);
	cr_expect_eq(kl_net_mac_set(net, unicast), 0, "%s", log_text());
	cr_expect_eq(kl_net_rx_mode_set(net, KL_NET_PROMISCUOUS, true), 0, "%s", log_text());
	cr_expect_eq(kl_net_vlan_set(net, 5, true), 0, "%s", log_text());
	fake_need_reset(fixture->fake);
	control_history(&control);
	cr_expect_eq(kl_net_recover(net), 0, "%s", log_text());
	cr_expect_neq(strstr(control_history(&control), "1.0"), NULL, "the table again");
	move_packets(features);
	control_close(&control);
}

Test(framing, commands)
{
	prepare(MERGEABLE | INDIRECT | EVENT_IDX);
	send_commands(MERGEABLE | INDIRECT | EVENT_IDX);
}

Test(framing, commands_without_ring_features)
{
	prepare(0);
	send_commands(0);
}

/* The legacy interface of MMIO has the same framing. */
Test(framing, by_mmio)
{
	setenv("UNIT_RING", "mmio", 1);
	prepare(MERGEABLE | EVENT_IDX);
	control_start(&control, NULL);
	cr_assert_str_eq(kl_device_info(fixture->device)->transport, "mmio-legacy");
	cr_expect_eq(kl_net_rx_mode_set(fixture->net, KL_NET_PROMISCUOUS, true), 0);
	move_packets(MERGEABLE | EVENT_IDX);
	control_close(&control);
}

/* Pinned buffers, and bus addresses that are virtual ones. */
Test(framing, other_buffers)
{
	prepare(MERGEABLE);
	fixture->conf.pool = net_pinned_pool(fixture, "pinned", 300, FIXTURE_ROOM, 64);
	control_start(&control, NULL);
	receive_all_sizes(MERGEABLE);
	cr_expect_leq(rte_mempool_in_use_count(fixture->conf.pool), FIXTURE_RING / 2);
	control_close(&control);
	cr_expect_eq(rte_mempool_in_use_count(fixture->conf.pool), 0);
}

/* A short pool leaves what it has in the ring, and a stop returns it. */
Test(framing, a_short_pool)
{
	struct rte_mbuf *hold[FIXTURE_POOL];

	prepare(0);
	cr_assert_eq(net_attach(fixture, NULL), 0);
	cr_assert_eq(rte_pktmbuf_alloc_bulk(fixture->pool, hold, FIXTURE_POOL - 5), 0);
	cr_assert_eq(net_start(fixture), 0, "%s", log_text());
	for (uint32_t i = 0; i < 100; i++) {
		cr_assert_eq(net_arrive(fixture, &(struct arrival){.bytes = 60, .seed = i}), 1);
		net_expect_packet(net_receive(fixture), 60, i);
	}
	cr_expect_eq(kl_net_stop(fixture->net), 0);
	rte_pktmbuf_free_bulk(hold, FIXTURE_POOL - 5);
	cr_expect_eq(net_start(fixture), 0, "%s", log_text());
	move_packets(0);
	control_close(&control);
}
