/* SPDX-License-Identifier: BSD-3-Clause */
/* Large rings, and mempools that are too small for them. */
#include <errno.h>

#include <criterion/criterion.h>

#include <rte_mempool.h>

#include "control_fixture.h"

#define LARGE_RING 8192
#define PAIRS 4

static struct control_fixture fixture;

static void prepare(void)
{
	control_prepare(&fixture);
	for (uint16_t i = 0; i < 2 * PAIRS; i++)
		fixture.net.fake->script.queue_size[i] = fixture.net.fake->queue[i].size =
			LARGE_RING;
	fixture.net.conf.queue_pairs = PAIRS;
	fixture.net.conf.rx_ring_size = LARGE_RING;
}

/* A pool of FIXTURE_POOL buffers for rings of 4 * 8192: each ring gets some, and some are left. */
Test(small_pool, is_shared_by_the_rings)
{
	struct rte_mbuf *packet;

	prepare();
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	forget_log();
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect(logged("has 1024 buffers, of which 1024 are free") &&
			logged("4 receive rings have room for 32768") &&
			logged("make the mempool larger, or the rings smaller"),
		"%s", log_text());
	for (uint16_t i = 0; i < PAIRS; i++) {
		struct kl_net_queue_stats stats;

		cr_assert_eq(kl_net_queue_stats_get(fixture.net.net, KL_NET_RX, i, &stats), 0);
		cr_expect_geq(stats.queue.posted, FIXTURE_POOL / (2 * PAIRS), "queue %u", i);
	}
	packet = net_packet(&fixture.net, 60, 1);
	cr_assert_neq(packet, NULL);
	cr_expect_eq(net_send(&fixture.net, packet), 1);
	/* Once for a start by the application, not with each recovery. */
	forget_log();
	fake_need_reset(fixture.net.fake);
	cr_assert_eq(kl_net_recover(fixture.net.net), 0, "%s", log_text());
	cr_expect_not(logged("receive rings"), "%s", log_text());
	control_close(&fixture);
}

/* Rings of sizes of their own are what counts, not the size of all. */
Test(small_pool, sizes_of_single_queues)
{
	static const uint16_t small[PAIRS] = {64, 64, 64, 64};
	static const uint16_t large[PAIRS] = {LARGE_RING, 64, 64, 64};

	for (unsigned int i = 0; i < 2; i++) {
		prepare();
		fixture.net.conf.rx_ring_size = i == 0 ? LARGE_RING : 64;
		fixture.net.conf.rx_ring_sizes = i == 0 ? small : large;
		cr_assert_eq(net_attach(&fixture.net, NULL), 0);
		forget_log();
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		if (i == 0)
			cr_expect_not(logged("receive rings"), "%s", log_text());
		else
			cr_expect(logged("4 receive rings have room for 8384"), "%s", log_text());
		if (i == 0)
			cr_expect_eq(net_buffers_out(&fixture.net), PAIRS * 64);
		for (uint16_t queue = 1; queue < PAIRS; queue++) {
			struct kl_net_queue_stats stats;

			cr_assert_eq(kl_net_queue_stats_get(fixture.net.net, KL_NET_RX, queue,
					     &stats),
				0);
			cr_expect_eq(stats.queue.posted, 64, "queue %u", queue);
		}
		control_close(&fixture);
	}
}

/* A header that is apart takes a descriptor, so a ring has room for half as many buffers. */
Test(small_pool, headers_apart)
{
	ONLY_IF(!ring_is("mmio"));
	prepare();
	fixture.net.fake->script.interfaces = FAKE_LEGACY;
	fixture.net.fake->script.next_iova = UINT64_C(1) << 32;
	fake_offer_not(fixture.net.fake, 32);
	fake_offer_not(fixture.net.fake, FIXTURE_INDIRECT);
	fixture.net.conf.rx_ring_size = 0;
	for (uint16_t i = 0; i < 2 * PAIRS; i++)
		fixture.net.fake->script.queue_size[i] = fixture.net.fake->queue[i].size = 512;
	fake_rebuild(fixture.net.fake);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	forget_log();
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_not(logged("receive rings"), "%s", log_text());
	cr_expect_eq(net_buffers_out(&fixture.net), PAIRS * 256);
	control_close(&fixture);
}

static rte_mempool_dequeue_t take_from_pool;
static unsigned int fewest;

static int take_and_count(struct rte_mempool *pool, void **objects, unsigned int count)
{
	int rc = take_from_pool(pool, objects, count);

	fewest = RTE_MIN(fewest, rte_mempool_ops_get_count(pool));
	return rc;
}

/* While the rings are filled, too, the others of a shared pool have their share. */
Test(small_pool, has_some_at_any_time)
{
	struct rte_mempool_ops *ops;

	prepare();
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	ops = rte_mempool_get_ops(fixture.net.pool->ops_index);
	take_from_pool = ops->dequeue;
	ops->dequeue = take_and_count;
	fewest = FIXTURE_POOL;
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	ops->dequeue = take_from_pool;
	cr_expect_geq(fewest, FIXTURE_POOL / (PAIRS + 1), "%u", fewest);
	control_close(&fixture);
}

Test(small_pool, is_empty)
{
	struct rte_mbuf *all[FIXTURE_POOL];

	prepare();
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	cr_assert_eq(rte_mempool_get_bulk(fixture.net.pool, (void **)all, FIXTURE_POOL), 0);
	cr_expect_eq(net_start(&fixture.net), -ENOMEM);
	cr_expect(logged("has no free buffer"), "%s", log_text());
	rte_mempool_put_bulk(fixture.net.pool, (void **)all, FIXTURE_POOL);
	control_close(&fixture);
}

/* One that is large enough is no news, and the rings are full. */
Test(small_pool, is_large_enough)
{
	prepare();
	fixture.net.conf.rx_ring_size = 0;
	for (uint16_t i = 0; i < 2 * PAIRS; i++)
		fixture.net.fake->script.queue_size[i] = fixture.net.fake->queue[i].size = 256;
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	forget_log();
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_not(logged("receive rings"), "%s", log_text());
	cr_expect_eq(net_buffers_out(&fixture.net), 4 * 256);
	control_close(&fixture);
}

/* The rings that a start makes are known before it. */
Test(small_pool, ring_sizes)
{
	static const struct {
		const char *options;
		uint16_t requested, size;
	} cases[] = {
		{NULL, 0, LARGE_RING},
		{NULL, 512, 512},
		{"queue_size=1024", 0, 1024},
		{"queue_size=1024", 512, 512},
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct kl_net_queue_info info;

		prepare();
		/* Some devices show further queues only once they are negotiated. */
		fixture.net.fake->script.queue_size[6] = fixture.net.fake->queue[6].size = 64;
		fixture.net.conf.queue_pairs = 1;
		fixture.net.conf.rx_ring_size = fixture.net.conf.tx_ring_size = cases[i].requested;
		cr_assert_eq(net_attach(&fixture.net, cases[i].options), 0);
		for (uint16_t queue = 0; queue < PAIRS; queue++)
			cr_expect_eq(kl_net_ring_size(fixture.net.net, KL_NET_RX, queue,
					     cases[i].requested),
				ring_is("mmio") && cases[i].requested == 0 &&
						cases[i].options == NULL ?
					256 :
					cases[i].size);
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		for (int way = KL_NET_RX; way <= KL_NET_TX; way++) {
			cr_assert_eq(kl_net_queue_info_get(fixture.net.net, way, 0, &info), 0);
			cr_expect_eq(info.size,
				kl_net_ring_size(fixture.net.net, way, 0, cases[i].requested));
		}
		control_close(&fixture);
	}
}
