/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <criterion/criterion.h>

#include "net_fixture.h"

static struct net_fixture fixture;
TestSuite(tx, .timeout = 60);

static void open_without(unsigned int bit)
{
	net_prepare(&fixture);
	fake_offer_not(fixture.fake, bit);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

/* Sends a packet that must go out whole in so many segments, and come back to its pool. */
static void expect_goes_out(struct rte_mbuf *packet, uint32_t bytes, uint32_t seed,
	unsigned int segments)
{
	cr_assert_eq(net_send(&fixture, packet), 1);
	cr_assert_eq(net_transmit(&fixture, 8), 1);
	net_expect_sent(&fixture, bytes, seed);
	cr_expect_eq(fixture.sent.segments, segments, "%u segments", fixture.sent.segments);
	cr_expect_eq(fixture.sent.is_indirect,
		segments > 1 && kl_device_has(fixture.device, FIXTURE_INDIRECT));
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING, "only the receive ring's");
}

/* The header stands in the headroom: one segment, one descriptor. */
static void send_sizes(void)
{
	for (uint32_t bytes = 1; bytes <= FIXTURE_ROOM; bytes += bytes < 70 ? 1 : 97)
		expect_goes_out(net_packet(&fixture, bytes, bytes), bytes, bytes, 1);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).errors, 0);
}

Test(tx, every_size)
{
	net_open(&fixture);
	send_sizes();
	net_close(&fixture);
}

Test(tx, every_size_with_virtual_bus_addresses)
{
	net_iova_is_virtual = true;
	net_open(&fixture);
	send_sizes();
	net_close(&fixture);
}

Test(tx, every_size_without_indirect)
{
	open_without(FIXTURE_INDIRECT);
	send_sizes();
	net_close(&fixture);
}

/* The bytes before the data are the driver's only where nobody else can see them. */
static void send_headless(void)
{
	struct rte_mbuf *packet = net_packet(&fixture, 100, 1), *clone;
	struct rte_mempool *clones = net_pool(&fixture, "clones", 16, 0, 0);
	char before[FIXTURE_HEADER];

	/* Somebody else holds it as well. */
	rte_mbuf_refcnt_update(packet, 1);
	memset(rte_pktmbuf_mtod(packet, char *) - FIXTURE_HEADER, 0x55, FIXTURE_HEADER);
	memset(before, 0x55, sizeof(before));
	cr_assert_eq(net_send(&fixture, packet), 1);
	cr_assert_eq(net_transmit(&fixture, 8), 1);
	net_expect_sent(&fixture, 100, 1);
	cr_expect_eq(fixture.sent.segments, 2);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(rte_mbuf_refcnt_read(packet), 1);
	cr_expect_eq(memcmp(rte_pktmbuf_mtod(packet, char *) - FIXTURE_HEADER, before,
			     FIXTURE_HEADER),
		0);
	rte_pktmbuf_free(packet);
	/* The data belongs to another packet. */
	packet = net_packet(&fixture, 200, 2);
	clone = rte_pktmbuf_clone(packet, clones);
	cr_assert_neq(clone, NULL);
	rte_pktmbuf_free(packet);
	expect_goes_out(clone, 200, 2, 2);
	/* There is no room. */
	for (unsigned int room = 0; room <= FIXTURE_HEADER; room++) {
		packet = net_packet(&fixture, 300, 3);
		memmove((char *)packet->buf_addr + room, rte_pktmbuf_mtod(packet, char *), 300);
		packet->data_off = (uint16_t)room;
		expect_goes_out(packet, 300, 3, room < FIXTURE_HEADER ? 2 : 1);
	}
}

Test(tx, packets_without_room_for_a_header)
{
	net_open(&fixture);
	send_headless();
	net_close(&fixture);
}

Test(tx, packets_without_room_for_a_header_nor_indirect)
{
	open_without(FIXTURE_INDIRECT);
	send_headless();
	net_close(&fixture);
}

/* A packet of so many segments, each of bytes; a pattern over all. */
static struct rte_mbuf *scattered(unsigned int segments, uint32_t bytes, uint32_t seed)
{
	struct rte_mbuf *head = NULL;
	uint32_t at = 0;

	for (unsigned int i = 0; i < segments; i++) {
		struct rte_mbuf *m = net_packet(&fixture, bytes, 0);

		for (uint32_t b = 0; b < bytes; b++)
			rte_pktmbuf_mtod(m, uint8_t *)[b] = net_pattern(seed, at++);
		if (head == NULL)
			head = m;
		else
			cr_assert_eq(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

static void send_scattered(void)
{
	for (unsigned int segments = 2; segments <= 30; segments++)
		expect_goes_out(scattered(segments, 77, segments), 77 * segments, segments,
			segments);
}

Test(tx, scattered)
{
	net_open(&fixture);
	send_scattered();
	net_close(&fixture);
}

Test(tx, scattered_without_indirect)
{
	open_without(FIXTURE_INDIRECT);
	send_scattered();
	net_close(&fixture);
}

/* No empty descriptor reaches the device: faults 49. */
Test(tx, empty_segments)
{
	struct rte_mbuf *packet, *empty;

	net_open(&fixture);
	packet = scattered(2, 50, 4);
	empty = net_packet(&fixture, 0, 0);
	empty->next = packet->next;
	packet->next = empty;
	packet->nb_segs++;
	expect_goes_out(packet, 100, 4, 2);
	packet = scattered(2, 50, 5);
	empty = net_packet(&fixture, 0, 0);
	cr_assert_eq(rte_pktmbuf_chain(empty, packet), 0);
	expect_goes_out(empty, 100, 5, 3);
	net_close(&fixture);
}

/* Taken, freed, counted: it could never be sent. */
static void expect_impossible(struct rte_mbuf *packet)
{
	uint64_t errors = net_stats(&fixture, KL_NET_TX).errors;

	cr_expect_eq(net_send(&fixture, packet), 1);
	cr_expect_eq(net_transmit(&fixture, 8), 0);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).errors, errors + 1);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).packets, 0);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
}

Test(tx, impossible_packets)
{
	ONLY_IF(!ring_is("direct"));
	net_open(&fixture);
	expect_impossible(net_packet(&fixture, 0, 0));
	expect_impossible(scattered(37, 10, 0));
	expect_impossible(scattered(300, 1, 0));
	net_close(&fixture);
	fixture.device = NULL;
}

Test(tx, impossible_packets_without_indirect)
{
	open_without(FIXTURE_INDIRECT);
	expect_impossible(net_packet(&fixture, 0, 0));
	expect_impossible(scattered(FIXTURE_RING + 1, 10, 0));
	net_close(&fixture);
}

/* The good ones of a burst go out around the bad ones. */
Test(tx, impossible_packets_in_a_burst)
{
	struct rte_mbuf *packets[6];

	ONLY_IF(!ring_is("direct"));
	net_open(&fixture);
	for (uint32_t i = 0; i < 6; i++)
		packets[i] = i % 2 == 0 ? net_packet(&fixture, 60, i) : scattered(40, 1, 0);
	cr_expect_eq(kl_net_tx_burst(fixture.net, 0, packets, 6), 6);
	for (uint32_t i = 0; i < 6; i += 2) {
		cr_expect_eq(net_transmit(&fixture, 1), 1);
		net_expect_sent(&fixture, 60, i);
	}
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).errors, 3);
	net_close(&fixture);
}

/* NET-08: no frame above the device's MTU, the tag not counted. */
Test(tx, mtu)
{
	struct rte_mbuf *packet;

	net_prepare(&fixture);
	fake_offer(fixture.fake, FIXTURE_MTU);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	expect_impossible(net_packet(&fixture, 1515, 1));
	expect_impossible(scattered(3, 600, 1));
	packet = net_packet(&fixture, 1519, 1);
	rte_pktmbuf_mtod(packet, uint8_t *)[12] = 0x81;
	rte_pktmbuf_mtod(packet, uint8_t *)[13] = 0x00;
	expect_impossible(packet);
	packet = net_packet(&fixture, 1518, 1);
	rte_pktmbuf_mtod(packet, uint8_t *)[12] = 0x81;
	rte_pktmbuf_mtod(packet, uint8_t *)[13] = 0x00;
	cr_expect_eq(net_send(&fixture, packet), 1);
	cr_expect_eq(net_transmit(&fixture, 1), 1);
	cr_expect_eq(fixture.sent.length, 1518);
	expect_goes_out(net_packet(&fixture, 1514, 1), 1514, 1, 1);
	expect_goes_out(scattered(2, 757, 9), 1514, 9, 2);
	net_close(&fixture);
}

/* Each packet goes back to the pool that it came from, whichever that is. */
Test(tx, packets_of_several_pools)
{
	struct rte_mempool *other, *first;
	unsigned int seed = 0;

	net_open(&fixture);
	first = fixture.pool;
	other = net_pool(&fixture, "other", 256, FIXTURE_ROOM, 0);
	for (unsigned int round = 0; round < 300; round++) {
		struct rte_mbuf *packets[16];

		for (unsigned int i = 0; i < 16; i++) {
			fixture.pool = (round + i * i) % 5 < 2 ? first : other;
			packets[i] = net_packet(&fixture, 64, seed + i);
		}
		fixture.pool = first;
		cr_assert_eq(kl_net_tx_burst(fixture.net, 0, packets, 16), 16);
		net_transmit(&fixture, 16);
		net_expect_sent(&fixture, 64, seed + 15);
		seed += 16;
		if (round % 7 == 0) {
			kl_net_tx_kick(fixture.net, 0);
			cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
			cr_expect_eq(rte_mempool_in_use_count(other), 0);
		}
	}
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(rte_mempool_in_use_count(other), 0);
	net_close(&fixture);
}

/* Packets that do not fit stay the caller's, in order, and go later. */
static void fill_the_ring(void)
{
	struct rte_mbuf *packets[FIXTURE_RING + 10];
	uint16_t taken;

	for (uint32_t i = 0; i < FIXTURE_RING + 10; i++)
		packets[i] = net_packet(&fixture, 60, i);
	taken = kl_net_tx_burst(fixture.net, 0, packets, FIXTURE_RING + 10);
	cr_expect_eq(taken, FIXTURE_RING);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.ring_full, 1);
	cr_expect_eq(kl_net_tx_burst(fixture.net, 0, packets + taken, 10), 0);
	cr_expect_eq(net_transmit(&fixture, 4), 4);
	cr_expect_eq(kl_net_tx_burst(fixture.net, 0, packets + taken, 10), 4);
	cr_expect_eq(net_transmit(&fixture, 100), FIXTURE_RING);
	cr_expect_eq(kl_net_tx_burst(fixture.net, 0, packets + taken + 4, 6), 6);
	cr_expect_eq(net_transmit(&fixture, 100), 6);
	net_expect_sent(&fixture, 60, FIXTURE_RING + 9);
	cr_expect_eq(fixture.sent_count, FIXTURE_RING + 10);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	net_expect_law(&fixture);
}

Test(tx, full_ring)
{
	net_open(&fixture);
	fill_the_ring();
	net_close(&fixture);
}

Test(tx, full_ring_without_indirect)
{
	open_without(FIXTURE_INDIRECT);
	fill_the_ring();
	net_close(&fixture);
}

/* A chain may need more descriptors than the burst has packets. */
Test(tx, chains_on_a_nearly_full_ring)
{
	open_without(FIXTURE_INDIRECT);
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t segments = 1 + i % 7;

		cr_assert_eq(net_send(&fixture, scattered(segments, 20, i)), 1, "packet %u", i);
		cr_assert_eq(net_transmit(&fixture, 1), 1);
		net_expect_sent(&fixture, 20 * segments, i);
	}
	net_close(&fixture);
}

/* Random packets, random service, any order; nothing is lost, nothing leaks. */
static void run_random(enum fake_order order)
{
	uint64_t bytes = 0;
	uint32_t sent = 0;

	fixture.fake->script.order = order;
	for (unsigned int round = 0; sent < 70000; round++) {
		struct rte_mbuf *packets[32];
		uint16_t count = (uint16_t)(fake_random(fixture.fake) % 32), taken;

		cr_assert_lt(round, 30000, "no progress");
		for (uint16_t i = 0; i < count; i++)
			packets[i] = fake_random(fixture.fake) % 8 == 0 ?
				scattered(1 + (unsigned int)(fake_random(fixture.fake) % 8), 30,
					sent + i) :
				net_packet(&fixture, 60 + i, sent + i);
		taken = kl_net_tx_burst(fixture.net, 0, packets, count);
		for (uint16_t i = taken; i < count; i++)
			rte_pktmbuf_free(packets[i]);
		sent += taken;
		fixture.sent_used = (uint32_t)fake_random(fixture.fake);
		fixture.fake->queue[FIXTURE_TX].is_busy = fake_random(fixture.fake) % 2 == 0;
		net_transmit(&fixture, (unsigned int)(fake_random(fixture.fake) % 64));
	}
	net_transmit(&fixture, 64);
	kl_net_tx_kick(fixture.net, 0);
	bytes = net_stats(&fixture, KL_NET_TX).bytes;
	cr_expect_eq(fixture.sent_count, sent);
	cr_expect_eq(fixture.sent_bytes, bytes);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).packets, sent);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.done, sent);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].interrupts, 0);
	net_expect_law(&fixture);
}

Test(tx, long_run)
{
	net_open(&fixture);
	run_random(FAKE_IN_ORDER);
	net_close(&fixture);
}

Test(tx, long_run_shuffled)
{
	net_open(&fixture);
	run_random(FAKE_SHUFFLE);
	net_close(&fixture);
}

Test(tx, long_run_without_indirect_nor_event_idx)
{
	net_prepare(&fixture);
	fake_offer_not(fixture.fake, FIXTURE_INDIRECT);
	fake_offer_not(fixture.fake, FIXTURE_EVENT_IDX);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0);
	run_random(FAKE_REVERSE);
	net_close(&fixture);
}
