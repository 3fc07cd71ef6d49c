/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device that requests a reset, writes malformed entries, hangs or disconnects. The port recovers
 * or stops, the packets come back to their pool, and bursts go on all the time.
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <criterion/criterion.h>

#include <kickless/net_control.h>

#include "core/device.h"
#include "net_fixture.h"

static struct net_fixture fixture;

static void expect_works(void)
{
	fixture.fake->queue[FIXTURE_RX].kicks = FAKE_KICKS_EAGER;
	fixture.fake->queue[FIXTURE_TX].kicks = FAKE_KICKS_EAGER;
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, 7)), 1);
	cr_expect_eq(net_transmit(&fixture, 64), 1);
	net_expect_sent(&fixture, 100, 7);
	cr_expect_eq(net_arrive(&fixture, &(struct arrival){.bytes = 90, .seed = 3}), 1);
	net_expect_packet(net_receive(&fixture), 90, 3);
}

static void expect_stands_still(void)
{
	struct rte_mbuf *packet = net_packet(&fixture, 60, 1);

	cr_expect_eq(net_send(&fixture, packet), 0);
	rte_pktmbuf_free(packet);
	cr_expect_eq(net_receive(&fixture), NULL);
	kl_net_tx_kick(fixture.net, 0);
}

Test(recover, nothing_is_wrong)
{
	net_open(&fixture);
	cr_expect_eq(kl_net_recover(fixture.net), 0);
	cr_expect_eq(fixture.fake->resets, 1);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).resets, 0);
	expect_works();
	net_close(&fixture);
}

/* Three packets on their way, one of which has been sent without our having noticed. */
Test(recover, the_device_requests_a_reset)
{
	net_open(&fixture);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, i)), 1);
	cr_expect_eq(net_transmit(&fixture, 1), 1);
	fake_need_reset(fixture.fake);
	cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
	cr_expect(logged("requests a reset"), "%s", log_text());
	cr_expect_eq(fixture.fake->resets, 2);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.done, 1);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.failed, 2);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).packets, 3);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).resets, 1);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING, "only those in the new receive ring");
	expect_works();
	net_close(&fixture);
}

/*
 * Another program turns bus mastering off: the cause is logged, and traffic goes on
 * after the reset.
 */
Test(recover, bus_mastering_is_turned_off)
{
	ONLY_IF(!ring_is("mmio"));
	net_open(&fixture);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, i)), 1);
	fake_command(fixture.fake, 0x403);
	cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
	cr_expect(logged("turned off bus mastering"), "%s", log_text());
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.failed, 3);
	expect_works();
	net_close(&fixture);
}

static void break_queue(void)
{
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, 60, 1)), 1);
	fake_write_raw_used(fixture.fake, FIXTURE_TX, FIXTURE_RING + 1, 0);
	kl_net_tx_kick(fixture.net, 0);
}

/* Three times in a minute, and not a fourth; but a start begins anew. */
Test(recover, a_budget)
{
	net_open(&fixture);
	for (unsigned int i = 0; i < 3; i++) {
		break_queue();
		forget_log();
		cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
		cr_expect(logged("transmit queue 0: "), "%s", log_text());
		expect_works();
	}
	break_queue();
	cr_expect_eq(kl_net_recover(fixture.net), -EIO);
	cr_expect(logged("one reset too many within a minute"), "%s", log_text());
	cr_expect(logged("it has failed"), "%s", log_text());
	cr_expect_neq(kl_net_state(fixture.net), KL_DEVICE_RUNNING);
	forget_log();
	cr_expect_eq(kl_net_recover(fixture.net), -EIO);
	cr_expect_eq(log_text()[0], '\0', "logged once");
	expect_stands_still();
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).resets, 3);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(net_start(&fixture), 0, "%s", log_text());
	expect_works();
	net_close(&fixture);
}

Test(recover, the_device_left)
{
	net_open(&fixture);
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, 1)), 1);
	fixture.fake->script.is_gone = true;
	cr_expect_eq(kl_net_recover(fixture.net), -EIO);
	expect_stands_still();
	net_close(&fixture);
}

/* It has no queues; what needs none is kept for the next start. */
Test(recover, settings_of_a_device_that_left)
{
	net_open(&fixture);
	fixture.fake->script.is_gone = true;
	cr_expect_eq(kl_net_recover(fixture.net), -EIO);
	forget_log();
	cr_expect_eq(kl_net_rx_offloads_set(fixture.net, kl_net_rx_offloads(fixture.net)), -EAGAIN);
	cr_expect(logged("receive offloads can't change, the device has failed"), "%s", log_text());
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_RX, 0), -EAGAIN);
	cr_expect_eq(kl_net_mtu_set(fixture.net, 1000), 0, "%s", log_text());
	cr_expect_eq(kl_net_info(fixture.net)->mtu, 1000);
	expect_stands_still();
	net_close(&fixture);
}

Test(recover, what_was_set_up_does_not_start_again)
{
	net_open(&fixture);
	fake_need_reset(fixture.fake);
	fixture.fake->script.refuses_features = true;
	cr_expect_eq(kl_net_recover(fixture.net), -EPROTO);
	expect_stands_still();
	fixture.fake->script.refuses_features = false;
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(net_start(&fixture), 0);
	expect_works();
	net_close(&fixture);
}

Test(recover, a_stopped_port_takes_nothing)
{
	net_open(&fixture);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	expect_stands_still();
	cr_expect_eq(kl_net_recover(fixture.net), 0);
	net_close(&fixture);
}

static bool stop;

static void *poll_all_the_time(void *context)
{
	struct rte_mbuf *packets[4];
	uint64_t *turns = context;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		cr_assert_eq(kl_net_rx_burst(fixture.net, 0, packets, 4), 0);
		cr_assert_eq(kl_net_tx_burst(fixture.net, 0, NULL, 0), 0);
		++*turns;
	}
	return NULL;
}

/*
 * Each stop frees the rings under the thread, so one that is within a call when it should not be is
 * seen by the address sanitizer at the latest.
 */
Test(recover, under_a_running_thread)
{
	const struct timespec pause = {.tv_nsec = 200000};
	uint64_t turns = 0;
	pthread_t thread;

	net_open(&fixture);
	cr_assert_eq(pthread_create(&thread, NULL, poll_all_the_time, &turns), 0);
	for (unsigned int i = 0; i < 200; i++) {
		nanosleep(&pause, NULL);
		if (i % 67 == 66) {
			fake_need_reset(fixture.fake);
			cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
			continue;
		}
		cr_expect_eq(kl_net_stop(fixture.net), 0);
		cr_expect_eq(net_start(&fixture), 0, "%s", log_text());
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_expect_gt(turns, 1000);
	expect_works();
	net_close(&fixture);
}

/* A reset that never ends: the memory is the device's for ever, and nothing moves any more. */
Test(recover, a_reset_that_never_ends)
{
	net_open(&fixture);
	kl__default_timeout_ms = 20;
	fake_need_reset(fixture.fake);
	fixture.fake->script.reset_reads = FAKE_NEVER;
	cr_expect_eq(kl_net_recover(fixture.net), -ETIMEDOUT);
	expect_stands_still();
	cr_expect_eq(kl_net_recover(fixture.net), -ETIMEDOUT);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING, "the device may still write there");
}
