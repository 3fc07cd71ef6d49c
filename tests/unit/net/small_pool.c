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
			logged("4 receive rings have 32768 descriptors") &&
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
	cr_expect_not(logged("descriptors"), "%s", log_text());
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
	cr_expect_not(logged("descriptors"), "%s", log_text());
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
