/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <criterion/criterion.h>

#include "net_fixture.h"

static struct net_fixture fixture;
TestSuite(rx, .timeout = 60);

static void open_plain(void)
{
	net_prepare(&fixture);
	fake_offer_not(fixture.fake, FIXTURE_MRG_RXBUF);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

static void run_sizes(void)
{
	for (uint32_t bytes = 1; bytes <= FIXTURE_ROOM; bytes += bytes < 70 ? 1 : 61) {
		const struct arrival arrival = {.bytes = bytes, .seed = bytes};
		struct rte_mbuf *packet;

		cr_assert_eq(net_arrive(&fixture, &arrival), 1);
		packet = net_receive(&fixture);
		cr_assert_neq(packet, NULL);
		cr_expect_eq(packet->data_off, RTE_PKTMBUF_HEADROOM);
		cr_expect_eq(packet->nb_segs, 1);
		cr_expect_eq(packet->port, RTE_MBUF_PORT_INVALID);
		cr_expect_eq(packet->packet_type, 0);
		net_expect_packet(packet, bytes, bytes);
		cr_expect_eq(net_receive(&fixture), NULL);
	}
	net_expect_law(&fixture);
}

Test(rx, every_size)
{
	net_open(&fixture);
	run_sizes();
	net_close(&fixture);
}

Test(rx, every_size_with_virtual_bus_addresses)
{
	net_iova_is_virtual = true;
	net_open(&fixture);
	run_sizes();
	net_close(&fixture);
}

Test(rx, every_size_without_mergeable_buffers)
{
	open_plain();
	run_sizes();
	net_close(&fixture);
}

/* NRX-07: the first buffer alone has a header; the packet continues where the device wrote. */
Test(rx, packets_over_several_buffers)
{
	ONLY_IF(!ring_is("unmerged"));
	net_open(&fixture);
	for (uint32_t bytes = FIXTURE_ROOM + 1; bytes < 64000; bytes = bytes * 3 / 2 + 1) {
		const struct arrival arrival = {.bytes = bytes, .seed = bytes};
		unsigned int buffers = net_arrive(&fixture, &arrival);
		struct rte_mbuf *packet = net_receive(&fixture);

		cr_assert_gt(buffers, 1);
		cr_assert_neq(packet, NULL);
		cr_expect_eq(packet->nb_segs, buffers);
		net_expect_packet(packet, bytes, bytes);
	}
	net_expect_law(&fixture);
	net_close(&fixture);
}

Test(rx, a_packet_split_at_every_byte)
{
	ONLY_IF(!ring_is("unmerged"));
	net_open(&fixture);
	for (uint32_t first = 1; first < 300; first++) {
		const struct arrival arrival = {.bytes = 300, .seed = first, .first_bytes = first};

		cr_assert_eq(net_arrive(&fixture, &arrival), 2);
		net_expect_packet(net_receive(&fixture), 300, first);
	}
	net_close(&fixture);
}

/* NRX-08, 09, 10, 12, 13: without offloads the header's other fields mean nothing. */
Test(rx, header_garbage_is_ignored)
{
	net_open(&fixture);
	for (unsigned int value = 0; value < 256; value += 5) {
		struct arrival arrival = {.bytes = 60, .seed = value};

		memset(arrival.header, (int)value, sizeof(arrival.header));
		net_arrive(&fixture, &arrival);
		net_expect_packet(net_receive(&fixture), 60, value);
	}
	net_close(&fixture);
}

/* SPL-12, SPL-13: bytes in a buffer beyond the length are not delivered. */
Test(rx, only_len_bytes_are_delivered)
{
	static struct fake_chain chain;
	struct rte_mbuf *packet;

	net_open(&fixture);
	cr_assert(fake_pop(fixture.fake, FIXTURE_RX, &chain));
	memset(chain.segment[0].data, 0xee, chain.segment[0].length);
	memset(chain.segment[0].data, 0, FIXTURE_HEADER);
	chain.segment[0].data[10] = 1;
	fake_complete(fixture.fake, FIXTURE_RX, chain.head, FIXTURE_HEADER + 33);
	packet = net_receive(&fixture);
	cr_assert_neq(packet, NULL);
	cr_expect(packet->pkt_len == 33 && packet->data_len == 33);
	rte_pktmbuf_free(packet);
	net_close(&fixture);
}

/* Buffers return to the device: more packets than indices, in bursts of any size. */
static void run_long(void)
{
	struct rte_mbuf *packets[FIXTURE_RING];
	uint64_t arrived = 0, received = 0;

	for (unsigned int round = 0; received < 70000; round++) {
		uint16_t want = (uint16_t)(fake_random(fixture.fake) % FIXTURE_RING), got;
		unsigned int burst = (unsigned int)(fake_random(fixture.fake) % FIXTURE_RING);

		cr_assert_lt(round, 20000, "no progress");
		while (burst-- > 0) {
			const struct arrival arrival = {.bytes = 60 + arrived % 64,
				.seed = (uint32_t)arrived};

			if (net_arrive(&fixture, &arrival) == 0)
				break;
			arrived++;
		}
		got = kl_net_rx_burst(fixture.net, 0, packets, want);
		cr_assert_leq(got, want);
		for (uint16_t i = 0; i < got; i++, received++)
			net_expect_packet(packets[i], 60 + received % 64, (uint32_t)received);
	}
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).packets, received);
	cr_expect_eq(fixture.fake->queue[FIXTURE_RX].interrupts, 0);
	net_expect_law(&fixture);
}

Test(rx, long_run)
{
	net_open(&fixture);
	run_long();
	net_close(&fixture);
}

Test(rx, long_run_with_virtual_bus_addresses)
{
	net_iova_is_virtual = true;
	net_open(&fixture);
	run_long();
	net_close(&fixture);
}

Test(rx, long_run_without_mergeable_buffers)
{
	open_plain();
	run_long();
	net_close(&fixture);
}

/* Fills the buffer that the device has taken with a packet of its own number. */
static uint16_t take_one(uint32_t seed)
{
	static struct fake_chain chain;

	cr_assert(fake_pop(fixture.fake, FIXTURE_RX, &chain));
	memset(chain.segment[0].data, 0, FIXTURE_HEADER);
	chain.segment[0].data[10] = 1;
	for (uint32_t i = 0; i < 20; i++)
		chain.segment[0].data[FIXTURE_HEADER + i] = net_pattern(seed, i);
	return chain.head;
}

/* The device completes any of what it has, and some stay with it for long: SPL-16. */
Test(rx, out_of_order)
{
	struct rte_mbuf *packets[FIXTURE_RING];
	uint16_t heads[24];
	uint32_t seeds[24], done[8], holding = 0, seed = 0;

	ONLY_IF(!ring_is("in_order"));
	net_open(&fixture);
	for (unsigned int round = 0; round < 3000; round++) {
		for (; holding < 24; holding++) {
			seeds[holding] = seed;
			heads[holding] = take_one(seed++);
		}
		for (unsigned int i = 0; i < 8; i++, holding--) {
			uint32_t which = (uint32_t)(fake_random(fixture.fake) % holding);

			fake_complete(fixture.fake, FIXTURE_RX, heads[which], FIXTURE_HEADER + 20);
			done[i] = seeds[which];
			heads[which] = heads[holding - 1];
			seeds[which] = seeds[holding - 1];
		}
		fake_arm(fixture.fake, FIXTURE_RX);
		cr_assert_eq(kl_net_rx_burst(fixture.net, 0, packets, FIXTURE_RING), 8);
		for (uint32_t i = 0; i < 8; i++)
			net_expect_packet(packets[i], 20, done[i]);
	}
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).packets, 3000 * 8);
	net_close(&fixture);
}

/* Bytes are counted from the Ethernet header on. */
Test(rx, statistics)
{
	struct kl_net_queue_stats stats;

	net_open(&fixture);
	for (uint32_t i = 1; i <= 10; i++) {
		const struct arrival arrival = {.bytes = 100 * i, .seed = i};

		net_arrive(&fixture, &arrival);
		net_expect_packet(net_receive(&fixture), 100 * i, i);
	}
	stats = net_stats(&fixture, KL_NET_RX);
	cr_expect_eq(stats.packets, 10);
	cr_expect_eq(stats.bytes, 5500);
	cr_expect_eq(stats.errors, 0);
	cr_expect_eq(stats.queue.done, 10);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).packets, 0);
	net_close(&fixture);
}

Test(rx, no_packets_requested_none_taken)
{
	const struct arrival arrival = {.bytes = 60};
	struct rte_mbuf *packet;

	net_open(&fixture);
	net_arrive(&fixture, &arrival);
	cr_expect_eq(kl_net_rx_burst(fixture.net, 0, &packet, 0), 0);
	net_expect_packet(net_receive(&fixture), 60, 0);
	net_close(&fixture);
}

/* The application keeps all packets: the ring runs dry, and fills again when they come back. */
Test(rx, a_short_pool_recovers)
{
	static struct rte_mbuf *kept[FIXTURE_POOL];
	struct rte_mbuf *packets[FIXTURE_RING];
	unsigned int count;
	uint16_t got;

	net_open(&fixture);
	for (unsigned int round = 0; round < 5; round++) {
		count = 0;
		for (;;) {
			const struct arrival arrival = {.bytes = 60, .seed = 1};

			while (net_arrive(&fixture, &arrival) != 0)
				;
			got = kl_net_rx_burst(fixture.net, 0, packets, FIXTURE_RING);
			if (got == 0)
				break;
			memcpy(&kept[count], packets, got * sizeof(packets[0]));
			count += got;
		}
		cr_expect_eq(count, FIXTURE_POOL);
		cr_expect_gt(net_stats(&fixture, KL_NET_RX).nombuf, 0);
		rte_pktmbuf_free_bulk(kept, count);
		cr_expect_eq(kl_net_rx_burst(fixture.net, 0, packets, FIXTURE_RING), 0,
			"it refills only");
		cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	}
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 0);
	net_expect_law(&fixture);
	net_close(&fixture);
}

/* The last few buffers of a pool are used, too. */
Test(rx, a_pool_smaller_than_the_ring)
{
	struct rte_mbuf *hold[FIXTURE_POOL];

	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(rte_pktmbuf_alloc_bulk(fixture.pool, hold, FIXTURE_POOL - 5), 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	for (uint32_t i = 0; i < 100; i++) {
		const struct arrival arrival = {.bytes = 60, .seed = i};

		cr_assert_eq(net_arrive(&fixture, &arrival), 1);
		net_expect_packet(net_receive(&fixture), 60, i);
	}
	rte_pktmbuf_free_bulk(hold, FIXTURE_POOL - 5);
	net_close(&fixture);
}
