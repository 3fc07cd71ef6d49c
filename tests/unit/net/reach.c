/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that the device does not reach, where bus addresses are virtual ones: a hole in the table
 * of what it reaches.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "net_fixture.h"
#include "ring/reach.h"

#define HOLE_BYTES (1 << 20)

static struct net_fixture fixture;
static struct kl__reach *reach;
static char *hole;
TestSuite(reach, .timeout = 60);

static void fill_hole(void)
{
	cr_assert_eq(kl__reach_add(reach, (uintptr_t)hole, HOLE_BYTES), 0);
}

static void make_hole(void)
{
	kl__reach_remove(reach, (uintptr_t)hole, HOLE_BYTES);
}

static void prepare(void)
{
	net_iova_is_virtual = true;
	net_prepare(&fixture);
	hole = rte_malloc(NULL, HOLE_BYTES, 4096);
	reach = kl__reach_create();
	cr_assert(hole != NULL && reach != NULL);
	cr_assert_eq(kl__reach_add(reach, 0, UINT64_C(1) << 47), 0);
	make_hole();
	fixture.fake->host.reach = reach;
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
}

static void open_reach(void)
{
	prepare();
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

static void close_reach(void)
{
	net_close(&fixture);
	kl__reach_free(reach);
}

static struct rte_mbuf_ext_shared_info shared;
static unsigned int freed;

static void count_free(void *address, void *context)
{
	(void)address;
	(void)context;
	freed++;
}

/* A packet with data at address in place of its own. */
static struct rte_mbuf *packet_at(char *address, uint16_t bytes)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(fixture.pool);

	cr_assert_neq(packet, NULL);
	cr_assert(!RTE_MBUF_HAS_EXTBUF(packet), "such packets have their own buffer for ever");
	shared = (struct rte_mbuf_ext_shared_info){count_free, NULL, 1};
	rte_pktmbuf_attach_extbuf(packet, address, (uintptr_t)address, bytes, &shared);
	packet->data_off = 0;
	packet->data_len = bytes;
	packet->pkt_len = bytes;
	return packet;
}

static uint64_t errors(void)
{
	return net_stats(&fixture, KL_NET_TX).errors;
}

static void expect_dropped(struct rte_mbuf *packet)
{
	uint64_t before = errors();

	cr_expect_eq(net_send(&fixture, packet), 1);
	cr_expect_eq(net_transmit(&fixture, 8), 0);
	cr_expect_eq(errors(), before + 1);
}

static void expect_sent(struct rte_mbuf *packet, unsigned int segments)
{
	uint64_t before = errors();

	cr_expect_eq(net_send(&fixture, packet), 1);
	cr_expect_eq(net_transmit(&fixture, 8), 1);
	cr_expect_eq(fixture.sent.segments, segments, "%u segments", fixture.sent.segments);
	cr_expect_eq(errors(), before);
	kl_net_tx_kick(fixture.net, 0);
}

/* -EFAULT for a packet: it is counted and freed, reported once, and stops nobody. */
Test(reach, a_packet_out_of_reach)
{
	ONLY_IF(!ring_is("pinned"));
	open_reach();
	expect_dropped(packet_at(hole, 100));
	cr_expect_eq(freed, 1);
	cr_expect(logged("fake: transmit queue 0: a packet of mempool packets0") &&
			logged("does not reach") && logged("kl_memory_register"),
		"%s", log_text());
	forget_log();
	expect_dropped(packet_at(hole + HOLE_BYTES - 64, 128));
	expect_dropped(packet_at(hole - 64, 128));
	cr_expect_str_eq(log_text(), "");
	expect_sent(net_packet(&fixture, 60, 1), 1);
	fake_add_window(fixture.fake, hole, (uintptr_t)hole, HOLE_BYTES);
	fill_hole();
	expect_sent(packet_at(hole, 100), 2);
	make_hole();
	expect_dropped(packet_at(hole, 100));
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	close_reach();
}

Test(reach, a_segment_out_of_reach)
{
	struct rte_mbuf *packets[3];

	ONLY_IF(!ring_is("pinned"));
	open_reach();
	packets[0] = net_packet(&fixture, 60, 1);
	packets[1] = net_packet(&fixture, 60, 2);
	cr_assert_eq(rte_pktmbuf_chain(packets[1], packet_at(hole, 100)), 0);
	cr_assert_eq(rte_pktmbuf_chain(packets[1], net_packet(&fixture, 60, 2)), 0);
	packets[2] = net_packet(&fixture, 60, 3);
	cr_expect_eq(kl_net_tx_burst(fixture.net, 0, packets, 3), 3);
	cr_expect_eq(net_transmit(&fixture, 8), 2);
	cr_expect_eq(errors(), 1);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	close_reach();
}

/* A pool in the hole; pinned: its packets' bytes alone. */
static struct rte_mempool *pool_in_hole(bool is_pinned)
{
	struct rte_pktmbuf_extmem memory = {hole, (uintptr_t)hole, 64 * 2176, 2176};
	struct rte_pktmbuf_pool_private settings = {.mbuf_data_room_size = 2176};
	struct rte_mempool *pool;

	if (is_pinned) {
		pool = rte_pktmbuf_pool_create_extbuf("pinned", 64, 0, 0, 2176, SOCKET_ID_ANY,
			&memory, 1);
		cr_assert_neq(pool, NULL, "%s", rte_strerror(rte_errno));
		return pool;
	}
	pool = rte_mempool_create_empty("inside", 64, sizeof(struct rte_mbuf) + 2176, 0,
		sizeof(settings), SOCKET_ID_ANY, 0);
	cr_assert_neq(pool, NULL);
	rte_pktmbuf_pool_init(pool, &settings);
	cr_assert_eq(rte_mempool_set_ops_byname(pool, "ring_mp_mc", NULL), 0);
	cr_assert_eq(rte_mempool_populate_iova(pool, hole, (uintptr_t)hole, HOLE_BYTES, NULL, NULL),
		64);
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

static struct rte_mbuf *packet_of(struct rte_mempool *pool, uint32_t seed)
{
	struct rte_mempool *before = fixture.pool;
	struct rte_mbuf *packet;

	fixture.pool = pool;
	packet = net_packet(&fixture, 64, seed);
	fixture.pool = before;
	return packet;
}

/* A pool's memory is checked once; what is granted or taken later counts from then on. */
static void run_with_pool(struct rte_mempool *pool)
{
	fake_add_window(fixture.fake, hole, (uintptr_t)hole, HOLE_BYTES);
	for (unsigned int times = 0; times < 3; times++) {
		for (unsigned int i = 0; i < 3; i++) {
			expect_dropped(packet_of(pool, i));
			expect_sent(packet_of(fixture.pool, i), 1);
		}
		fill_hole();
		for (unsigned int i = 0; i < 3; i++) {
			expect_sent(packet_of(pool, i), 1);
			expect_sent(packet_of(fixture.pool, i), 1);
		}
		for (unsigned int i = 0; i < 3; i++)
			expect_sent(packet_of(pool, i), 1);
		make_hole();
	}
	/* Another range is taken, which changes nothing for this pool. */
	fill_hole();
	for (unsigned int i = 0; i < 3; i++) {
		expect_sent(packet_of(pool, i), 1);
		kl__reach_remove(reach, 4096, 4096);
	}
	cr_expect_eq(rte_mempool_in_use_count(pool), 0);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
}

Test(reach, a_pool_out_of_reach)
{
	open_reach();
	run_with_pool(pool_in_hole(false));
	close_reach();
}

Test(reach, a_pool_of_pinned_buffers_out_of_reach)
{
	open_reach();
	run_with_pool(pool_in_hole(true));
	close_reach();
}

/* Packets in flight return to their pool, though it has been taken from the device. */
Test(reach, a_pool_taken_away_with_packets_in_flight)
{
	struct rte_mempool *pool;

	open_reach();
	fake_add_window(fixture.fake, hole, (uintptr_t)hole, HOLE_BYTES);
	fill_hole();
	pool = pool_in_hole(false);
	expect_sent(packet_of(pool, 0), 1);
	for (unsigned int i = 0; i < 10; i++)
		cr_expect_eq(net_send(&fixture, packet_of(pool, i)), 1);
	make_hole();
	cr_expect_eq(net_send(&fixture, packet_of(pool, 0)), 1);
	cr_expect_eq(errors(), 1);
	cr_expect_eq(net_send(&fixture, packet_of(fixture.pool, 0)), 1);
	cr_expect_eq(net_transmit(&fixture, 64), 11);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(rte_mempool_in_use_count(pool), 0);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	close_reach();
}

static void expect_start_refused(bool is_pinned)
{
	struct rte_mempool *pool;

	prepare();
	pool = pool_in_hole(is_pinned);
	fixture.conf.pool = pool;
	cr_expect_eq(net_start(&fixture), -EFAULT);
	cr_expect(logged(is_pinned ? "fake: mempool pinned" : "fake: mempool inside") &&
			logged("does not reach") && logged("kl_memory_register"),
		"%s", log_text());
	cr_expect_eq(rte_mempool_in_use_count(pool), 0);
	fill_hole();
	fake_add_window(fixture.fake, hole, (uintptr_t)hole, HOLE_BYTES);
	cr_expect_eq(net_start(&fixture), 0, "%s", log_text());
	close_reach();
}

Test(reach, receive_buffers_out_of_reach)
{
	expect_start_refused(false);
}

Test(reach, pinned_receive_buffers_out_of_reach)
{
	expect_start_refused(true);
}

/* An isolated device reaches no ordinary mempool. */
Test(reach, an_isolated_device_is_offered_another_remedy)
{
	net_iova_is_virtual = true;
	net_prepare(&fixture);
	reach = kl__reach_create();
	fixture.fake->host.reach = reach;
	fixture.fake->host.is_isolated = true;
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_expect_eq(net_start(&fixture), -EFAULT);
	cr_expect(logged("kl_net_pool_create") && !logged("kl_memory_register"), "%s", log_text());
	close_reach();
}

/* Memory that may not be taken from the device: the receive pool, and packets being sent. */
Test(reach, memory_in_use)
{
	const struct kl_driver *driver = kl_driver_find_name("net");
	struct rte_mempool *pool;
	struct rte_mbuf *packet;

	open_reach();
	cr_assert_neq((void *)driver->uses_memory, NULL);
	fake_add_window(fixture.fake, hole, (uintptr_t)hole, HOLE_BYTES);
	fill_hole();
	pool = pool_in_hole(true);
	cr_expect_not(driver->uses_memory(fixture.device, hole, HOLE_BYTES));
	packet = packet_of(pool, 1);
	cr_assert_eq(rte_pktmbuf_chain(packet, packet_of(pool, 1)), 0);
	for (unsigned int i = 0; i < 2; i++) {
		const struct rte_mbuf *segment = i == 0 ? packet : packet->next;
		const char *first = segment->buf_addr;

		if (i == 0)
			cr_assert_eq(net_send(&fixture, packet), 1);
		cr_expect(driver->uses_memory(fixture.device, first, 1));
		cr_expect(driver->uses_memory(fixture.device, first + segment->buf_len - 1, 4096));
	}
	cr_expect(driver->uses_memory(fixture.device, hole, HOLE_BYTES));
	cr_expect_not(driver->uses_memory(fixture.device, hole + 64 * 2176, 4096));
	cr_expect_eq(net_transmit(&fixture, 1), 1);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_not(driver->uses_memory(fixture.device, hole, HOLE_BYTES));
	/* A buffer of the receive pool that is not in the ring now will be. */
	packet = rte_pktmbuf_alloc(fixture.pool);
	cr_expect(driver->uses_memory(fixture.device, packet->buf_addr, 1));
	rte_pktmbuf_free(packet);
	close_reach();
}

/*
 * DPDK knows other bus addresses for external memory than those of the device, which are virtual
 * ones for all memory. Both directions use these.
 */
Test(reach, other_bus_addresses_in_mbufs)
{
	const struct arrival arrival = {.bytes = 150, .seed = 4};
	struct rte_pktmbuf_extmem memory = {NULL, UINT64_C(1) << 50, 128 * 2176, 2176};
	struct rte_mempool *pool;

	prepare();
	fill_hole();
	fake_add_window(fixture.fake, hole, (uintptr_t)hole, HOLE_BYTES);
	memory.buf_ptr = hole;
	pool = rte_pktmbuf_pool_create_extbuf("shifted", 128, 0, 0, 2176, SOCKET_ID_ANY, &memory,
		1);
	cr_assert_neq(pool, NULL, "%s", rte_strerror(rte_errno));
	fixture.conf.pool = pool;
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	for (uint32_t i = 0; i < 5; i++) {
		expect_sent(packet_of(pool, i), 1);
		net_expect_sent(&fixture, 64, i);
		net_arrive(&fixture, &arrival);
		net_expect_packet(net_receive(&fixture), 150, 4);
	}
	close_reach();
}

/* A mempool may be freed as soon as its packets are back, and that takes memory from the device. */
Test(reach, a_pool_that_was_freed)
{
	struct rte_mempool *other;
	struct rte_mbuf *packet;

	ONLY_IF(!ring_is("pinned"));
	open_reach();
	other = net_pool(&fixture, "other", 64, 2048, 0);
	packet = rte_pktmbuf_alloc(other);
	cr_assert_neq(rte_pktmbuf_append(packet, 60), NULL);
	memset(rte_pktmbuf_mtod(packet, char *), 0, 60);
	expect_sent(packet, 1);
	cr_assert_eq(rte_mempool_in_use_count(other), 0);
	rte_mempool_free(other);
	memset(other, 0x41, sizeof(*other));
	make_hole();
	expect_sent(net_packet(&fixture, 60, 1), 1);
	close_reach();
}
