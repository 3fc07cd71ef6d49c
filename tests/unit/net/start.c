/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/device.h"
#include "net_rig.h"

static struct net_rig rig;

static void prepare(void)
{
	net_prepare(&rig);
	cr_assert_eq(net_attach(&rig, NULL), 0, "%s", log_text());
}

/* Packets flow both ways. */
static void expect_works(void)
{
	for (uint32_t i = 0; i < 100; i++) {
		const struct arrival arrival = {.bytes = 60 + i, .seed = i};

		cr_assert_eq(net_arrive(&rig, &arrival), 1);
		net_expect_packet(net_receive(&rig), 60 + i, i);
		cr_assert_eq(net_send(&rig, net_packet(&rig, 60 + i, i)), 1);
		cr_assert_eq(net_transmit(&rig, 1), 1);
		net_expect_sent(&rig, 60 + i, i);
	}
}

Test(start, start_and_stop)
{
	prepare();
	cr_expect_not(kl_net_is_running(rig.net));
	cr_expect_eq(kl_net_stop(rig.net), 0);
	for (unsigned int i = 0; i < 10; i++) {
		cr_assert_eq(net_start(&rig), 0, "%s", log_text());
		cr_expect(kl_net_is_running(rig.net));
		cr_expect_eq(net_buffers_out(&rig), RIG_RING, "the receive ring is full");
		expect_works();
		cr_expect_eq(kl_net_stop(rig.net), 0);
		cr_expect_not(kl_net_is_running(rig.net));
		cr_expect_eq(net_buffers_out(&rig), 0);
	}
	/* Counters go on over restarts. */
	cr_expect_eq(net_stats(&rig, KL_NET_RX).packets, 1000);
	cr_expect_eq(net_stats(&rig, KL_NET_TX).packets, 1000);
	net_expect_law(&rig);
	net_close(&rig);
}

/* INIT-11: the receive ring is filled before DRIVER_OK, and its doorbell rings right after it. */
Test(start, the_first_doorbell)
{
	prepare();
	model_trace_clear(rig.model);
	cr_assert_eq(net_start(&rig), 0);
	cr_expect_eq(rig.model->queue[RIG_RX].doorbells, 1);
	cr_expect_eq(rig.model->queue[RIG_TX].doorbells, 0);
	cr_expect_str_eq(rig.model->trace[rig.model->traced - 1].name, "doorbell");
	net_close(&rig);
}

/*
 * FEAT-04: offered everything, it takes what it can use and no more, and what means another packet
 * only when it was asked for.
 */
Test(start, golden_mask)
{
	static const uint8_t expected[] = {3, 5, 15, 16, 17, 18, 20, 21, 22, 23, 28, 29, 32, 33, 34,
		35, 36, 39, 40, 50, 51, 52, 53, 60, 63};
	uint64_t mask = 0;

	net_prepare(&rig);
	net_give_queues(&rig, 9);
	rig.model->script.offered = (struct kl_features){{UINT64_MAX, UINT64_MAX}};
	cr_assert_eq(net_attach(&rig, NULL), 0);
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
	for (unsigned int i = 0; i < RTE_DIM(expected); i++)
		mask |= UINT64_C(1) << expected[i];
	cr_expect_eq(rig.model->accepted.word[0], mask, "0x%lx",
		rig.model->accepted.word[0] ^ mask);
	cr_expect_eq(rig.model->accepted.word[1], 0);
	expect_works();
	net_close(&rig);
}

/* FEAT-07: each optional feature may be missing. */
Test(start, nothing_but_version_1)
{
	net_prepare(&rig);
	rig.model->script.offered = (struct kl_features){{UINT64_C(1) << 32, 0}};
	cr_assert_eq(net_attach(&rig, NULL), 0);
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
	expect_works();
	net_close(&rig);
}

/* 2.7.4.1: a header has a buffer of its own unless ANY_LAYOUT says otherwise. */
Test(start, a_legacy_device_without_any_layout)
{
	net_prepare(&rig);
	rig.model->script.interfaces = MODEL_LEGACY;
	rig.model->script.next_iova = UINT64_C(1) << 32;
	rig.model->script.offered = (struct kl_features){{0}};
	model_rebuild(rig.model);
	cr_assert_eq(net_attach(&rig, NULL), 0);
	cr_expect_eq(net_start(&rig), -ENOTSUP);
	cr_expect(logged("ANY_LAYOUT"), "%s", log_text());
	net_close(&rig);
}

static void expect_conf_refused(int expected, const char *text)
{
	forget_log();
	cr_expect_eq(net_start(&rig), expected, "%s", log_text());
	cr_expect(logged(text) && logged("model: "), "%s: %s", text, log_text());
	cr_expect_eq(net_buffers_out(&rig), 0);
	cr_expect_eq(rig.model->allocated, 0);
	cr_expect_not(kl_net_is_running(rig.net));
}

Test(start, bad_configurations)
{
	struct rte_mempool *pool;

	prepare();
	pool = rig.conf.pool;
	rig.conf.queue_pairs = 2;
	expect_conf_refused(-EINVAL, "2 queue pairs");
	rig.conf.queue_pairs = 0;
	rig.conf.pool = NULL;
	expect_conf_refused(-EINVAL, "mempool");
	rig.conf.pool = pool;
	rig.conf.rx_ring_size = 48;
	if (!ring_is("packed"))
		expect_conf_refused(-EINVAL, "size 48");
	rig.conf.rx_ring_size = 128;
	expect_conf_refused(-EINVAL, "up to 64");
	rig.conf.rx_ring_size = 32;
	rig.conf.tx_ring_size = 128;
	expect_conf_refused(-EINVAL, "queue 1");
	rig.conf.tx_ring_size = 16;
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
	cr_expect_eq(net_buffers_out(&rig), 32);
	cr_expect_eq(net_start(&rig), -EBUSY);
	expect_works();
	net_close(&rig);
}

/* NET-07, NRX-04: buffers must hold what may arrive. */
Test(start, pools_with_small_buffers)
{
	net_prepare(&rig);
	model_offer_not(rig.model, RIG_MRG_RXBUF);
	cr_assert_eq(net_attach(&rig, NULL), 0);
	rig.conf.pool = net_pool(&rig, "small", 128, 1513, 0);
	expect_conf_refused(-EINVAL, "without MRG_RXBUF");
	rig.conf.pool = net_pool(&rig, "enough", 128, 1514, 0);
	cr_expect_eq(net_start(&rig), 0, "%s", log_text());
	expect_works();
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_expect_eq(rte_mempool_in_use_count(rig.conf.pool), 0);
	net_close(&rig);
}

/* With mergeable buffers tiny ones do. */
Test(start, pools_with_tiny_buffers)
{
	const struct arrival arrival = {.bytes = 500, .seed = 1};

	prepare();
	rig.conf.pool = net_pool(&rig, "tiny", 128, 64, 0);
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
	cr_expect_eq(net_arrive(&rig, &arrival), 7, "64 bytes behind the header, then 76 each");
	net_expect_packet(net_receive(&rig), 500, 1);
	net_close(&rig);
}

Test(start, pools_with_private_room)
{
	prepare();
	rig.conf.pool = net_pool(&rig, "private", 128, 2048, 64);
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
	expect_works();
	net_close(&rig);
}

/* The data of such packets is not where a receive queue looks for it. */
Test(start, pools_with_external_buffers)
{
	struct rte_pktmbuf_pool_private *settings;

	prepare();
	rig.conf.pool = net_pool(&rig, "pinned", 64, 2048, 0);
	settings = rte_mempool_get_priv(rig.conf.pool);
	settings->flags |= RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF;
	expect_conf_refused(-EINVAL, "from outside");
	rig.conf.pool = rig.pool;
	cr_assert_eq(net_start(&rig), 0);
	expect_works();
	net_close(&rig);
}

Test(start, an_empty_pool)
{
	struct rte_mbuf *hold[RIG_POOL];

	prepare();
	cr_assert_eq(rte_pktmbuf_alloc_bulk(rig.pool, hold, RIG_POOL), 0);
	cr_expect_eq(net_start(&rig), -ENOMEM);
	cr_expect(logged("no free buffer"), "%s", log_text());
	rte_pktmbuf_free_bulk(hold, RIG_POOL);
	cr_assert_eq(net_start(&rig), 0);
	expect_works();
	net_close(&rig);
}

/* Every allocation in turn fails: an error, nothing left over, the next start works. INIT-09. */
Test(start, out_of_memory)
{
	unsigned int n = 1;

	prepare();
	for (;; n++) {
		int rc;

		rig.model->script.alloc_fails_at = n;
		rig.model->status_writes = 0;
		rc = net_start(&rig);
		if (rc == 0)
			break;
		cr_assert_eq(rc, -ENOMEM);
		cr_expect_eq(rig.model->allocated, 0);
		cr_expect_eq(net_buffers_out(&rig), 0);
		cr_expect_eq(rig.model->status_history[1], 0x8b, "FAILED");
		cr_expect_eq(rig.model->status_history[2], 0, "reset");
	}
	cr_expect_eq(n, 6, "two blocks per queue and the spare header");
	rig.model->script.alloc_fails_at = 0;
	expect_works();
	net_close(&rig);
}

/* Each of these spoils a start; mended, the next one works. */
static void expect_start_fails(int expected)
{
	rig.model->status_writes = 0;
	cr_expect_eq(net_start(&rig), expected, "%s", log_text());
	cr_expect_eq(rig.model->queue[RIG_RX].doorbells, 0, "INIT-08");
	cr_expect_eq(net_buffers_out(&rig), 0);
	cr_expect_eq(rig.model->allocated, 0);
	for (unsigned int i = 0; i < rig.model->status_writes; i++)
		if (rig.model->status_history[i] & 0x80)
			return;
	cr_expect(false, "INIT-07: FAILED was not set");
}

Test(start, features_refused)
{
	prepare();
	rig.model->script.refuses_features = true;
	expect_start_fails(-EPROTO);
	rig.model->script.refuses_features = false;
	cr_assert_eq(net_start(&rig), 0);
	expect_works();
	net_close(&rig);
}

Test(start, no_transmit_queue)
{
	prepare();
	rig.model->script.num_queues = 1;
	expect_start_fails(-EINVAL);
	rig.model->script.num_queues = 2;
	cr_assert_eq(net_start(&rig), 0);
	expect_works();
	net_close(&rig);
}

Test(start, a_doorbell_out_of_reach)
{
	prepare();
	rig.model->script.notify_off[RIG_TX] = 0xffff;
	expect_start_fails(-EPROTO);
	rig.model->script.notify_off[RIG_TX] = 1;
	cr_assert_eq(net_start(&rig), 0);
	expect_works();
	net_close(&rig);
}

Test(start, insisted_feature_missing)
{
	net_prepare(&rig);
	cr_assert_eq(net_attach(&rig, "features=+CTRL_VQ"), 0);
	expect_start_fails(-ENOTSUP);
	cr_expect(logged("CTRL_VQ"), "%s", log_text());
	net_close(&rig);
}

/* PCI-26: rings of any size. */
Test(start, ring_sizes)
{
	net_prepare(&rig);
	rig.model->script.queue_size[RIG_RX] = rig.model->script.queue_size[RIG_TX] = 512;
	cr_assert_eq(net_attach(&rig, NULL), 0);
	for (uint16_t size = 1; size <= 512; size *= 2) {
		rig.conf.rx_ring_size = rig.conf.tx_ring_size = size;
		cr_assert_eq(net_start(&rig), 0, "%s", log_text());
		cr_expect_eq(net_buffers_out(&rig), size);
		cr_expect_eq(kl_net_info(rig.net)->rx_ring_max, 512);
		expect_works();
		cr_expect_eq(kl_net_stop(rig.net), 0);
	}
	net_close(&rig);
}

/* Gone from the bus: nothing can be told, but all is given back. */
Test(start, gone)
{
	net_open(&rig);
	for (uint32_t i = 0; i < 5; i++)
		net_send(&rig, net_packet(&rig, 60, i));
	rig.model->script.is_gone = true;
	cr_expect(kl_device_needs_reset(rig.device));
	cr_expect_eq(kl_net_stop(rig.net), -EIO);
	cr_expect_eq(net_buffers_out(&rig), 0);
	cr_expect_lt(net_start(&rig), 0);
	net_close(&rig);
}

/* P3: while the device may still write there, no buffer is freed. */
Test(start, a_reset_that_never_ends)
{
	net_open(&rig);
	rig.model->script.reset_reads = MODEL_NEVER;
	rig.model->script.scribbles = true;
	kl__reset_timeout_ms = 20;
	cr_expect_eq(kl_net_stop(rig.net), -ETIMEDOUT);
	cr_expect_not(kl_net_is_running(rig.net));
	cr_expect_eq(net_buffers_out(&rig), RIG_RING);
	cr_expect_gt(rig.model->allocated, 0);
	cr_expect_lt(net_start(&rig), 0);
	kl_device_close(rig.device);
	cr_expect_eq(net_buffers_out(&rig), RIG_RING, "abandoned on purpose");
	finish(rig.model);
}

/* INIT-14: recovery from DEVICE_NEEDS_RESET. */
Test(start, needs_reset)
{
	net_open(&rig);
	expect_works();
	model_need_reset(rig.model);
	cr_expect(kl_device_needs_reset(rig.device));
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_assert_eq(net_start(&rig), 0);
	cr_expect_not(kl_device_needs_reset(rig.device));
	expect_works();
	net_close(&rig);
}

/* A device that looks at its rings only when told: no wake-up is lost in a whole session. */
Test(start, a_device_that_sleeps_between_doorbells)
{
	net_open(&rig);
	net_transmit(&rig, 0);
	rig.model->script.serves_doorbells = true;
	rig.model->script.order = MODEL_SHUFFLE;
	for (uint32_t i = 0; i < 70000; i++) {
		cr_assert_eq(net_send(&rig, net_packet(&rig, 60, i)), 1);
		cr_assert_eq(rig.sent_count, i + 1, "packet %u was not seen", i);
	}
	net_close(&rig);
}
