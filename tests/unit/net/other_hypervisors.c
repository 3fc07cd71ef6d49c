/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network devices as hypervisors and NICs other than QEMU make them. Each case is the
 * input of a public report; tests/reports.md lists them.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "core/device.h"
#include "net_fixture.h"
#include "ring/kick.h"

static struct net_fixture fixture;

static void start(const char *options)
{
	cr_assert_eq(net_attach(&fixture, options), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

static void expect_receives(uint32_t seed)
{
	const struct arrival arrival = {.bytes = 60, .seed = seed};

	cr_assert_eq(net_arrive(&fixture, &arrival), 1);
	net_expect_packet(net_receive(&fixture), 60, seed);
}

/* So many checks of the queues' progress by a thread that receives nothing. */
static void poll_idle(unsigned int checks)
{
	for (unsigned int i = 0; i < checks * KL__WATCHDOG_POLLS; i++)
		cr_assert_eq(net_receive(&fixture), NULL);
}

static void prepare_for_first_doorbell(void)
{
	net_prepare(&fixture);
	fixture.fake->host.ticks_per_second = 2;
	start(NULL);
	fixture.fake->queue[FIXTURE_RX].kicks = FAKE_KICKS_ANY;
	cr_assert_eq(fixture.fake->queue[FIXTURE_RX].doorbells, 1);
}

/*
 * The firmware of a NIC is not ready right after DRIVER_OK and loses the first doorbell of the
 * receive queue. No packet comes, so no refill would repeat it.
 */
Test(other_hypervisors, the_first_receive_doorbell_is_lost)
{
	prepare_for_first_doorbell();
	poll_idle(8);
	cr_expect_gt(fixture.fake->queue[FIXTURE_RX].doorbells, 1, "it was not repeated");
	expect_receives(1);
	net_close(&fixture);
}

/* A link may be idle for hours: the doorbell is repeated a few times, then no more. */
Test(other_hypervisors, the_first_receive_doorbell_is_repeated_a_few_times)
{
	uint64_t doorbells;

	prepare_for_first_doorbell();
	poll_idle(200);
	doorbells = fixture.fake->queue[FIXTURE_RX].doorbells;
	cr_expect_leq(doorbells, 5);
	poll_idle(200);
	cr_expect_eq(fixture.fake->queue[FIXTURE_RX].doorbells, doorbells);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).queue.watchdog_kicks, 0, "no wake-up was lost");
	net_close(&fixture);
}

static void give_queue_sizes(uint16_t receive, uint16_t transmit, uint16_t control)
{
	struct fake_script *script = &fixture.fake->script;

	net_give_queues(&fixture, 3);
	fake_offer(fixture.fake, FIXTURE_CTRL_VQ);
	fixture.fake->script.served_queues = 1u << 2;
	fixture.fake->queue[0].size = script->queue_size[0] = receive;
	fixture.fake->queue[1].size = script->queue_size[1] = transmit;
	fixture.fake->queue[2].size = script->queue_size[2] = control;
}

/* The queues of a device differ in size, and the control queue is the smallest. */
Test(other_hypervisors, queues_of_different_sizes)
{
	net_prepare(&fixture);
	give_queue_sizes(512, 128, 16);
	start(NULL);
	cr_expect_eq(kl_net_info(fixture.net)->rx_ring_max, 512);
	cr_expect_eq(kl_net_info(fixture.net)->tx_ring_max, 128);
	expect_receives(1);
	net_close(&fixture);
}

/* queue_size= is for packets: a control queue that can't have it takes what it has. */
Test(other_hypervisors, a_queue_size_that_the_control_queue_lacks)
{
	net_prepare(&fixture);
	give_queue_sizes(512, 512, 64);
	start("queue_size=256");
	cr_expect_eq(net_buffers_out(&fixture), 256);
	cr_expect(kl_device_has(fixture.device, FIXTURE_CTRL_VQ));
	expect_receives(1);
	net_close(&fixture);
}

/*
 * max_virtqueue_pairs is 11, and the device has 3 queues: the control queue that MQ puts behind
 * the last pair does not exist. Without MQ it is queue 2.
 */
Test(other_hypervisors, more_pairs_than_queues)
{
	net_prepare(&fixture);
	net_give_queues(&fixture, 3);
	fake_offer(fixture.fake, FIXTURE_CTRL_VQ);
	fake_offer(fixture.fake, FIXTURE_MQ);
	fixture.fake->script.served_queues = 1u << 2;
	fixture.fake->script.config[8] = 11;
	start(NULL);
	cr_expect(!kl_device_has(fixture.device, FIXTURE_MQ));
	cr_expect(kl_device_has(fixture.device, FIXTURE_CTRL_VQ));
	cr_expect_eq(kl_net_info(fixture.net)->max_queue_pairs, 1);
	cr_expect(logged("max_virtqueue_pairs is 11"), "%s", log_text());
	expect_receives(1);
	net_close(&fixture);
}

/* All receive buffers are used before anybody polls, many times, over the wrap of the index. */
Test(other_hypervisors, a_receive_ring_that_runs_empty)
{
	uint32_t seed = 0;

	net_open(&fixture);
	for (unsigned int round = 0; round < 65536 / FIXTURE_RING + 2; round++) {
		const uint32_t first = seed;
		struct arrival arrival = {.bytes = 60};

		for (unsigned int i = 0; i < FIXTURE_RING; i++) {
			arrival.seed = seed++;
			cr_assert_eq(net_arrive(&fixture, &arrival), 1, "round %u", round);
		}
		cr_assert_eq(net_arrive(&fixture, &arrival), 0, "no buffer is left");
		for (uint32_t i = first; i < seed; i++)
			net_expect_packet(net_receive(&fixture), 60, i);
	}
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 0);
	net_close(&fixture);
}

/* The same with a thread that sleeps between its polls. */
Test(other_hypervisors, the_first_receive_doorbell_is_lost_to_a_sleeper)
{
	prepare_for_first_doorbell();
	for (unsigned int sleeps = 0; sleeps < 20; sleeps++) {
		cr_assert_eq(net_receive(&fixture), NULL);
		cr_assert(!kl_net_rx_arm(fixture.net, 0));
		kl_net_rx_disarm(fixture.net, 0);
	}
	cr_expect_gt(fixture.fake->queue[FIXTURE_RX].doorbells, 1, "it was not repeated");
	cr_expect_leq(fixture.fake->queue[FIXTURE_RX].doorbells, 5);
	net_close(&fixture);
}
