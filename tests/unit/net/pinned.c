/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets whose buffers are external and pinned. All cases of tx.c, rx.c and the others run with
 * them too, where UNIT_RING has the word pinned; these are about what only such packets have.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "net_fixture.h"

static struct net_fixture fixture;
static struct rte_mempool *ordinary, *pinned;
TestSuite(pinned, .timeout = 60);

/* A device whose receive buffers are pinned, and a pool of either kind. */
static void open_pinned(uint16_t private_bytes)
{
	net_prepare(&fixture);
	ordinary = net_pool(&fixture, "ordinary", 256, FIXTURE_ROOM, 0);
	pinned = net_pinned_pool(&fixture, "pinned", 256, FIXTURE_ROOM, private_bytes);
	fixture.conf.pool = pinned;
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

static struct rte_mbuf *packet_of(struct rte_mempool *pool, uint32_t bytes, uint32_t seed)
{
	struct rte_mempool *before = fixture.pool;
	struct rte_mbuf *packet;

	fixture.pool = pool;
	packet = net_packet(&fixture, bytes, seed);
	fixture.pool = before;
	return packet;
}

static unsigned int receive_ring(void)
{
	const struct kl_net_queue_stats stats = net_stats(&fixture, KL_NET_RX);

	return (unsigned int)(stats.queue.posted - stats.queue.done);
}

/* Each pool has all its packets but those of the receive ring. */
static void expect_all_back(void)
{
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(rte_mempool_in_use_count(pinned), receive_ring());
	cr_expect_eq(rte_mempool_in_use_count(ordinary), 0);
}

static void expect_goes_out(struct rte_mbuf *packet, uint32_t bytes, uint32_t seed,
	unsigned int segments)
{
	cr_assert_eq(net_send(&fixture, packet), 1);
	cr_assert_eq(net_transmit(&fixture, 8), 1);
	net_expect_sent(&fixture, bytes, seed);
	cr_expect_eq(fixture.sent.segments, segments, "%u segments", fixture.sent.segments);
}

static void expect_sent_and_received(void)
{
	for (uint32_t bytes = 1; bytes < FIXTURE_ROOM; bytes += 111) {
		const struct arrival arrival = {.bytes = bytes, .seed = bytes};

		expect_goes_out(packet_of(pinned, bytes, bytes), bytes, bytes, 1);
		net_arrive(&fixture, &arrival);
		net_expect_packet(net_receive(&fixture), bytes, bytes);
	}
	expect_all_back();
}

Test(pinned, sent_and_received)
{
	open_pinned(0);
	expect_sent_and_received();
	net_close(&fixture);
}

Test(pinned, sent_and_received_with_virtual_bus_addresses)
{
	net_iova_is_virtual = true;
	open_pinned(0);
	expect_sent_and_received();
	net_close(&fixture);
}

/* The record of a buffer lies behind the application's part of the mbuf. */
Test(pinned, with_private_room)
{
	open_pinned(128);
	expect_sent_and_received();
	net_close(&fixture);
}

/* A packet that was received is an ordinary one of DPDK's: it can be cloned, sent and freed. */
Test(pinned, received_packets_keep_their_buffers)
{
	const struct arrival arrival = {.bytes = 200, .seed = 3};
	struct rte_mbuf *packet, *clone;

	open_pinned(0);
	net_arrive(&fixture, &arrival);
	packet = net_receive(&fixture);
	cr_assert_neq(packet, NULL);
	cr_expect(RTE_MBUF_HAS_EXTBUF(packet));
	clone = rte_pktmbuf_clone(packet, ordinary);
	cr_assert_neq(clone, NULL);
	rte_pktmbuf_free(packet);
	cr_expect_eq(rte_mempool_in_use_count(pinned), receive_ring() + 1, "the clone has it");
	cr_expect_eq(clone->buf_addr, packet->buf_addr);
	expect_goes_out(clone, 200, 3, 2);
	expect_all_back();
	net_close(&fixture);
}

/*
 * Somebody else has the buffer as a clone: its headroom is not the driver's, nor does it return
 * to the pool with the packet.
 */
Test(pinned, cloned_packets)
{
	char before[FIXTURE_HEADER];
	struct rte_mbuf *packet, *clone;

	open_pinned(0);
	packet = packet_of(pinned, 100, 1);
	clone = rte_pktmbuf_clone(packet, ordinary);
	cr_assert_neq(clone, NULL);
	memset(before, 0x55, sizeof(before));
	memcpy(rte_pktmbuf_mtod(packet, char *) - FIXTURE_HEADER, before, sizeof(before));
	expect_goes_out(packet, 100, 1, 2);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(rte_mempool_in_use_count(pinned), receive_ring() + 1, "the clone has it");
	cr_expect_arr_eq(rte_pktmbuf_mtod(clone, char *) - FIXTURE_HEADER, before, sizeof(before));
	expect_goes_out(clone, 100, 1, 2);
	expect_all_back();
	/* Now nobody has. */
	expect_goes_out(packet_of(pinned, 100, 2), 100, 2, 1);
	expect_all_back();
	net_close(&fixture);
}

/* Memory of the application's in place of the mbuf's own. */
static void free_nothing(void *address, void *context)
{
	(void)address;
	++*(unsigned int *)context;
}

/* A buffer that is external and not pinned is the application's, and is freed as it wants. */
Test(pinned, attached_buffers_are_not_pinned)
{
	static struct rte_mbuf_ext_shared_info shared;
	static unsigned int freed;
	struct rte_mbuf *packet, *from;

	open_pinned(0);
	from = packet_of(ordinary, 300, 9);
	for (unsigned int times = 1; times <= 2; times++) {
		packet = rte_pktmbuf_alloc(ordinary);
		shared = (struct rte_mbuf_ext_shared_info){free_nothing, &freed, 1};
		rte_pktmbuf_attach_extbuf(packet, from->buf_addr, from->buf_iova, from->buf_len,
			&shared);
		packet->data_off = RTE_PKTMBUF_HEADROOM;
		packet->data_len = 300;
		packet->pkt_len = 300;
		expect_goes_out(packet, 300, 9, 2);
		kl_net_tx_kick(fixture.net, 0);
		cr_expect_eq(freed, times);
		/* The same on the burst function of the other kind of pool. */
		expect_goes_out(packet_of(ordinary, 60, 1), 60, 1, 1);
		kl_net_tx_kick(fixture.net, 0);
	}
	rte_pktmbuf_free(from);
	expect_all_back();
	net_close(&fixture);
}

static struct rte_mbuf *random_packet(unsigned int seed)
{
	uint64_t choice = fake_random(fixture.fake);
	struct rte_mbuf *packet = packet_of(choice % 3 == 0 ? ordinary : pinned, 60, seed), *more;

	if (choice % 7 == 0) {
		more = packet_of(choice % 2 == 0 ? ordinary : pinned, 40, seed);
		cr_assert_eq(rte_pktmbuf_chain(packet, more), 0);
	}
	return packet;
}

/* Each packet returns to its pool, once, whatever kinds of pool a burst has. */
Test(pinned, mixed_with_ordinary_ones)
{
	open_pinned(0);
	fixture.fake->script.order = FAKE_SHUFFLE;
	for (unsigned int round = 0; round < 3000; round++) {
		struct rte_mbuf *packets[16];
		uint16_t count = (uint16_t)(fake_random(fixture.fake) % 16), taken;

		for (uint16_t i = 0; i < count; i++)
			packets[i] = round / 100 % 2 == 0 ?
				random_packet(round) :
				packet_of(round / 200 % 2 == 0 ? pinned : ordinary, 64, round);
		taken = kl_net_tx_burst(fixture.net, 0, packets, count);
		for (uint16_t i = taken; i < count; i++)
			rte_pktmbuf_free(packets[i]);
		net_transmit(&fixture, (unsigned int)(fake_random(fixture.fake) % 40));
		if (round % 50 == 0) {
			net_transmit(&fixture, FIXTURE_RING);
			expect_all_back();
		}
	}
	net_transmit(&fixture, FIXTURE_RING);
	expect_all_back();
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).errors, 0);
	net_expect_law(&fixture);
	net_close(&fixture);
}

static void count_object(struct rte_mempool *pool, void *context, void *object, unsigned int index)
{
	const struct rte_mbuf *mbuf = object;

	(void)pool;
	(void)index;
	*(bool *)context &= rte_mbuf_refcnt_read(mbuf) == 1 && mbuf->next == NULL &&
		mbuf->nb_segs == 1 && RTE_MBUF_HAS_EXTBUF(mbuf) &&
		rte_mbuf_ext_refcnt_read(mbuf->shinfo) == 1;
}

/* Packets in the pool are as DPDK left them there, also behind a reset with packets in flight. */
Test(pinned, the_pool_is_whole_after_a_stop)
{
	const struct arrival arrival = {.bytes = 3000, .seed = 5};
	bool is_whole = true;

	open_pinned(0);
	for (unsigned int i = 0; i < 100; i++) {
		struct rte_mbuf *packet = packet_of(pinned, 80, i);

		if (net_send(&fixture, packet) == 0)
			rte_pktmbuf_free(packet);
		if (i == 50)
			net_transmit(&fixture, 20);
	}
	if (!ring_is("unmerged")) {
		net_arrive(&fixture, &arrival);
		net_expect_packet(net_receive(&fixture), 3000, 5);
	}
	cr_assert_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(rte_mempool_in_use_count(pinned), 0);
	rte_mempool_obj_iter(pinned, count_object, &is_whole);
	cr_expect(is_whole);
	net_close(&fixture);
}
