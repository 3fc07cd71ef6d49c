/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/device.h"
#include "net_fixture.h"

static struct net_fixture fixture;

static void prepare(void)
{
	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
}

/* Packets flow both ways. */
static void expect_works(void)
{
	for (uint32_t i = 0; i < 100; i++) {
		const struct arrival arrival = {.bytes = 60 + i, .seed = i};

		cr_assert_eq(net_arrive(&fixture, &arrival), 1);
		net_expect_packet(net_receive(&fixture), 60 + i, i);
		cr_assert_eq(net_send(&fixture, net_packet(&fixture, 60 + i, i)), 1);
		cr_assert_eq(net_transmit(&fixture, 1), 1);
		net_expect_sent(&fixture, 60 + i, i);
	}
}

Test(start, start_and_stop)
{
	prepare();
	cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_STOPPED);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	for (unsigned int i = 0; i < 10; i++) {
		cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
		cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_RUNNING);
		cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING, "the receive ring is full");
		expect_works();
		cr_expect_eq(kl_net_stop(fixture.net), 0);
		cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_STOPPED);
		cr_expect_eq(net_buffers_out(&fixture), 0);
	}
	/* Counters go on over restarts. */
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).packets, 1000);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).packets, 1000);
	net_expect_law(&fixture);
	net_close(&fixture);
}

/* INIT-11: the receive ring is filled before DRIVER_OK, and its doorbell rings right after it. */
Test(start, the_first_doorbell)
{
	ONLY_IF(!ring_is("mmio"));
	prepare();
	fake_trace_clear(fixture.fake);
	cr_assert_eq(net_start(&fixture), 0);
	cr_expect_eq(fixture.fake->queue[FIXTURE_RX].doorbells, 1);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].doorbells, 0);
	cr_expect_str_eq(fixture.fake->trace[fixture.fake->traced - 1].name, "doorbell");
	net_close(&fixture);
}

/*
 * FEAT-04: offered everything, it accepts what it can use and no more. A feature that changes
 * packets is accepted only when it was requested.
 */
Test(start, golden_mask)
{
	static const uint8_t expected[] = {3, 5, 15, 16, 17, 18, 20, 21, 22, 23, 28, 29, 32, 33, 34,
		35, 36, 39, 40, 50, 51, 52, 53, 60, 63};
	uint64_t mask = 0;

	ONLY_IF(!ring_is("mmio"));
	net_prepare(&fixture);
	net_give_queues(&fixture, 9);
	fixture.fake->script.offered = (struct kl_features){{UINT64_MAX, UINT64_MAX}};
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	for (unsigned int i = 0; i < RTE_DIM(expected); i++)
		mask |= UINT64_C(1) << expected[i];
	cr_expect_eq(fixture.fake->accepted.word[0], mask, "0x%lx",
		fixture.fake->accepted.word[0] ^ mask);
	cr_expect_eq(fixture.fake->accepted.word[1], 0);
	expect_works();
	net_close(&fixture);
}

/* FEAT-07: each optional feature may be missing. */
Test(start, nothing_but_version_1)
{
	net_prepare(&fixture);
	fixture.fake->script.offered = (struct kl_features){{UINT64_C(1) << 32, 0}};
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	expect_works();
	net_close(&fixture);
}

static void expect_conf_refused(int expected, const char *text)
{
	forget_log();
	cr_expect_eq(net_start(&fixture), expected, "%s", log_text());
	cr_expect(logged(text) && logged("fake: "), "%s: %s", text, log_text());
	cr_expect_eq(net_buffers_out(&fixture), 0);
	cr_expect_eq(fixture.fake->allocated, 0);
	cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_STOPPED);
}

Test(start, bad_configurations)
{
	struct rte_mempool *pool;

	prepare();
	pool = fixture.conf.pool;
	fixture.conf.queue_pairs = 2;
	expect_conf_refused(-EINVAL, "2 queue pairs");
	fixture.conf.queue_pairs = 0;
	fixture.conf.pool = NULL;
	expect_conf_refused(-EINVAL, "mempool");
	fixture.conf.pool = pool;
	fixture.conf.rx_ring_size = 48;
	if (!ring_is("packed"))
		expect_conf_refused(-EINVAL, "size 48");
	fixture.conf.rx_ring_size = 128;
	expect_conf_refused(-EINVAL, "up to 64");
	fixture.conf.rx_ring_size = 32;
	fixture.conf.tx_ring_size = 128;
	expect_conf_refused(-EINVAL, "queue 1");
	fixture.conf.tx_ring_size = 16;
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect_eq(net_buffers_out(&fixture), 32);
	cr_expect_eq(net_start(&fixture), -EBUSY);
	expect_works();
	net_close(&fixture);
}

/* NET-07, NRX-04: buffers must hold what may arrive. */
Test(start, pools_with_small_buffers)
{
	static const uint16_t rooms[] = {1514, 1518, 1529, 1530};

	net_prepare(&fixture);
	fake_offer_not(fixture.fake, FIXTURE_MRG_RXBUF);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	fixture.conf.pool = net_pool(&fixture, "small", 128, 1513, 0);
	expect_conf_refused(-EINVAL, "without MRG_RXBUF");
	/* Without tags, with one, with all but a byte of four, and with four. */
	for (unsigned int i = 0; i < RTE_DIM(rooms); i++) {
		char name[16];

		snprintf(name, sizeof(name), "room%u", rooms[i]);
		fixture.conf.pool = net_pool(&fixture, name, 128, rooms[i], 0);
		forget_log();
		cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
		cr_expect_eq(logged("with up to 4 VLAN tags need 1658"), rooms[i] < 1530, "%s",
			log_text());
		expect_works();
		/* Once for a start. */
		forget_log();
		fake_need_reset(fixture.fake);
		cr_assert_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
		cr_expect_not(logged("VLAN tags"), "%s", log_text());
		cr_expect_eq(kl_net_stop(fixture.net), 0);
		cr_expect_eq(rte_mempool_in_use_count(fixture.conf.pool), 0);
	}
	net_close(&fixture);
}

/* A device that comes back without merged buffers runs where they have room for a frame. */
Test(start, buffers_without_room_for_tags_in_a_recovery)
{
	ONLY_IF(!ring_is("unmerged"));
	prepare();
	fixture.conf.pool = net_pool(&fixture, "frames", 128, 1514, 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect_not(logged("VLAN tags"), "%s", log_text());
	fake_offer_not(fixture.fake, FIXTURE_MRG_RXBUF);
	fake_need_reset(fixture.fake);
	cr_assert_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
	cr_expect(logged("with up to 4 VLAN tags need 1658"), "%s", log_text());
	cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_RUNNING);
	expect_works();
	net_close(&fixture);
}

/* With mergeable buffers tiny ones do. */
Test(start, pools_with_tiny_buffers)
{
	const struct arrival arrival = {.bytes = 500, .seed = 1};

	prepare();
	fixture.conf.pool = net_pool(&fixture, "tiny", 128, 64, 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect_eq(net_arrive(&fixture, &arrival), 7, "64 bytes behind the header, then 76 each");
	net_expect_packet(net_receive(&fixture), 500, 1);
	net_close(&fixture);
}

Test(start, pools_with_private_room)
{
	prepare();
	fixture.conf.pool = net_pool(&fixture, "private", 128, 2048, 64);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	expect_works();
	net_close(&fixture);
}

Test(start, pools_with_external_buffers)
{
	prepare();
	fixture.conf.pool = net_pinned_pool(&fixture, "pinned", 192, 2048, 64);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect_eq(rte_mempool_in_use_count(fixture.conf.pool), FIXTURE_RING);
	expect_works();
	net_close(&fixture);
	cr_expect_eq(rte_mempool_in_use_count(fixture.conf.pool), 0);
}

Test(start, an_empty_pool)
{
	struct rte_mbuf *hold[FIXTURE_POOL];

	prepare();
	cr_assert_eq(rte_pktmbuf_alloc_bulk(fixture.pool, hold, FIXTURE_POOL), 0);
	cr_expect_eq(net_start(&fixture), -ENOMEM);
	cr_expect(logged("no free buffer"), "%s", log_text());
	rte_pktmbuf_free_bulk(hold, FIXTURE_POOL);
	cr_assert_eq(net_start(&fixture), 0);
	expect_works();
	net_close(&fixture);
}

/* Every allocation in turn fails: an error, nothing left over, the next start works. INIT-09. */
Test(start, out_of_memory)
{
	unsigned int n = 1;

	prepare();
	for (;; n++) {
		int rc;

		fixture.fake->script.alloc_fails_at = n;
		fixture.fake->status_writes = 0;
		rc = net_start(&fixture);
		if (rc == 0)
			break;
		cr_assert_eq(rc, -ENOMEM);
		cr_expect_eq(fixture.fake->allocated, 0);
		cr_expect_eq(net_buffers_out(&fixture), 0);
		cr_expect_eq(fixture.fake->status_history[1], 0x8b, "FAILED");
		cr_expect_eq(fixture.fake->status_history[2], 0, "reset");
	}
	cr_expect_eq(n, 6, "two blocks per queue and the spare header");
	fixture.fake->script.alloc_fails_at = 0;
	expect_works();
	net_close(&fixture);
}

/* Each of these fails a start. Once it is repaired, the next one works. */
static void expect_start_fails(int expected)
{
	fixture.fake->status_writes = 0;
	cr_expect_eq(net_start(&fixture), expected, "%s", log_text());
	cr_expect_eq(fixture.fake->queue[FIXTURE_RX].doorbells, 0, "INIT-08");
	cr_expect_eq(net_buffers_out(&fixture), 0);
	cr_expect_eq(fixture.fake->allocated, 0);
	for (unsigned int i = 0; i < fixture.fake->status_writes; i++)
		if (fixture.fake->status_history[i] & 0x80)
			return;
	cr_expect(false, "INIT-07: FAILED was not set");
}

Test(start, features_refused)
{
	prepare();
	fixture.fake->script.refuses_features = true;
	expect_start_fails(-EPROTO);
	fixture.fake->script.refuses_features = false;
	cr_assert_eq(net_start(&fixture), 0);
	expect_works();
	net_close(&fixture);
}

Test(start, no_transmit_queue)
{
	prepare();
	fixture.fake->script.num_queues = 1;
	expect_start_fails(-EINVAL);
	fixture.fake->script.num_queues = 2;
	cr_assert_eq(net_start(&fixture), 0);
	expect_works();
	net_close(&fixture);
}

Test(start, a_doorbell_out_of_reach)
{
	ONLY_IF(!ring_is("mmio"));
	prepare();
	fixture.fake->script.notify_off[FIXTURE_TX] = 0xffff;
	expect_start_fails(-EPROTO);
	fixture.fake->script.notify_off[FIXTURE_TX] = 1;
	cr_assert_eq(net_start(&fixture), 0);
	expect_works();
	net_close(&fixture);
}

Test(start, insisted_feature_missing)
{
	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, "features=+CTRL_VQ"), 0);
	expect_start_fails(-ENOTSUP);
	cr_expect(logged("CTRL_VQ"), "%s", log_text());
	net_close(&fixture);
}

/* PCI-26: rings of any size. */
Test(start, ring_sizes)
{
	net_prepare(&fixture);
	fixture.fake->script.queue_size[FIXTURE_RX] = fixture.fake->script.queue_size[FIXTURE_TX] =
		512;
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	for (uint16_t size = 1; size <= 512; size *= 2) {
		fixture.conf.rx_ring_size = fixture.conf.tx_ring_size = size;
		cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
		cr_expect_eq(net_buffers_out(&fixture), size);
		cr_expect_eq(kl_net_info(fixture.net)->rx_ring_max, 512);
		expect_works();
		cr_expect_eq(kl_net_stop(fixture.net), 0);
	}
	net_close(&fixture);
}

/* Gone from the bus: nothing can be written, but all is freed. */
Test(start, gone)
{
	net_open(&fixture);
	for (uint32_t i = 0; i < 5; i++)
		net_send(&fixture, net_packet(&fixture, 60, i));
	fixture.fake->script.is_gone = true;
	cr_expect(kl_device_needs_reset(fixture.device));
	cr_expect_eq(kl_net_stop(fixture.net), -EIO);
	cr_expect_eq(net_buffers_out(&fixture), 0);
	cr_expect_lt(net_start(&fixture), 0);
	net_close(&fixture);
}

/* P3: while the device may still write there, no buffer is freed. */
Test(start, a_reset_that_never_ends)
{
	net_open(&fixture);
	fixture.fake->script.reset_reads = FAKE_NEVER;
	fixture.fake->script.scribbles = true;
	kl__default_timeout_ms = 20;
	cr_expect_eq(kl_net_stop(fixture.net), -ETIMEDOUT);
	cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_LOST);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	cr_expect_gt(fixture.fake->allocated, 0);
	cr_expect_lt(net_start(&fixture), 0);
	kl_device_close(fixture.device);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING, "abandoned on purpose");
	finish(fixture.fake);
}

/* INIT-14: recovery from DEVICE_NEEDS_RESET. */
Test(start, needs_reset)
{
	net_open(&fixture);
	expect_works();
	fake_need_reset(fixture.fake);
	cr_expect(kl_device_needs_reset(fixture.device));
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_expect_not(kl_device_needs_reset(fixture.device));
	expect_works();
	net_close(&fixture);
}

/* A device that reads its rings only after a doorbell: no wake-up is lost in a whole session. */
Test(start, a_device_that_sleeps_between_doorbells)
{
	net_open(&fixture);
	net_transmit(&fixture, 0);
	fixture.fake->script.serves_doorbells = true;
	fixture.fake->script.order = FAKE_SHUFFLE;
	for (uint32_t i = 0; i < 70000; i++) {
		cr_assert_eq(net_send(&fixture, net_packet(&fixture, 60, i)), 1);
		cr_assert_eq(fixture.sent_count, i + 1, "packet %u was not seen", i);
	}
	net_close(&fixture);
}
