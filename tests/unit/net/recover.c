/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device that asks for a reset, lies, hangs or leaves: the port comes back or stands still, the
 * packets come back to their pool, and bursts go on all the time.
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <criterion/criterion.h>

#include <kickless/net_control.h>

#include "core/device.h"
#include "net_rig.h"

static struct net_rig rig;

static void expect_works(void)
{
	rig.model->queue[RIG_RX].kicks = MODEL_KICKS_EAGER;
	rig.model->queue[RIG_TX].kicks = MODEL_KICKS_EAGER;
	cr_expect_eq(net_send(&rig, net_packet(&rig, 100, 7)), 1);
	cr_expect_eq(net_transmit(&rig, 64), 1);
	net_expect_sent(&rig, 100, 7);
	cr_expect_eq(net_arrive(&rig, &(struct arrival){.bytes = 90, .seed = 3}), 1);
	net_expect_packet(net_receive(&rig), 90, 3);
}

static void expect_stands_still(void)
{
	struct rte_mbuf *packet = net_packet(&rig, 60, 1);

	cr_expect_eq(net_send(&rig, packet), 0);
	rte_pktmbuf_free(packet);
	cr_expect_eq(net_receive(&rig), NULL);
	kl_net_tx_kick(rig.net, 0);
}

Test(net_recover, nothing_is_wrong)
{
	net_open(&rig);
	cr_expect_eq(kl_net_recover(rig.net), 0);
	cr_expect_eq(rig.model->resets, 1);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).resets, 0);
	expect_works();
	net_close(&rig);
}

/* Three packets on their way, one of which has been sent without our having noticed. */
Test(net_recover, the_device_asks_for_a_reset)
{
	net_open(&rig);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(net_send(&rig, net_packet(&rig, 100, i)), 1);
	cr_expect_eq(net_transmit(&rig, 1), 1);
	model_need_reset(rig.model);
	cr_expect_eq(kl_net_recover(rig.net), 0, "%s", log_text());
	cr_expect(logged("asks for a reset"), "%s", log_text());
	cr_expect_eq(rig.model->resets, 2);
	cr_expect_eq(net_stats(&rig, KL_NET_TX).queue.done, 1);
	cr_expect_eq(net_stats(&rig, KL_NET_TX).queue.failed, 2);
	cr_expect_eq(net_stats(&rig, KL_NET_TX).packets, 3);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).resets, 1);
	cr_expect_eq(net_buffers_out(&rig), RIG_RING, "only those in the new receive ring");
	expect_works();
	net_close(&rig);
}

/* Another program turns bus mastering off: the cause is said, and traffic goes on after the reset. */
Test(net_recover, bus_mastering_is_turned_off)
{
	net_open(&rig);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(net_send(&rig, net_packet(&rig, 100, i)), 1);
	model_command(rig.model, 0x403);
	cr_expect_eq(kl_net_recover(rig.net), 0, "%s", log_text());
	cr_expect(logged("turned off bus mastering"), "%s", log_text());
	cr_expect_eq(net_stats(&rig, KL_NET_TX).queue.failed, 3);
	expect_works();
	net_close(&rig);
}

static void break_queue(void)
{
	cr_expect_eq(net_send(&rig, net_packet(&rig, 60, 1)), 1);
	model_lie_used(rig.model, RIG_TX, RIG_RING + 1, 0);
	kl_net_tx_kick(rig.net, 0);
}

/* Three times in a minute, and not a fourth; but a start begins anew. */
Test(net_recover, a_budget)
{
	net_open(&rig);
	for (unsigned int i = 0; i < 3; i++) {
		break_queue();
		forget_log();
		cr_expect_eq(kl_net_recover(rig.net), 0, "%s", log_text());
		cr_expect(logged("transmit queue 0: "), "%s", log_text());
		expect_works();
	}
	break_queue();
	cr_expect_eq(kl_net_recover(rig.net), -EIO);
	cr_expect(logged("one reset too many within a minute"), "%s", log_text());
	cr_expect(logged("given up"), "%s", log_text());
	cr_expect(kl_net_is_broken(rig.net));
	forget_log();
	cr_expect_eq(kl_net_recover(rig.net), -EIO);
	cr_expect_eq(log_text()[0], '\0', "said once");
	expect_stands_still();
	cr_expect_eq(net_stats(&rig, KL_NET_TX).resets, 3);
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_expect_eq(net_start(&rig), 0, "%s", log_text());
	expect_works();
	net_close(&rig);
}

Test(net_recover, the_device_left)
{
	net_open(&rig);
	cr_expect_eq(net_send(&rig, net_packet(&rig, 100, 1)), 1);
	rig.model->script.is_gone = true;
	cr_expect_eq(kl_net_recover(rig.net), -EIO);
	expect_stands_still();
	net_close(&rig);
}

/* It has no queues; what needs none is kept for the next start. */
Test(net_recover, settings_of_a_device_that_left)
{
	net_open(&rig);
	rig.model->script.is_gone = true;
	cr_expect_eq(kl_net_recover(rig.net), -EIO);
	forget_log();
	cr_expect_eq(kl_net_rx_offloads_set(rig.net, kl_net_rx_offloads(rig.net)), -EAGAIN);
	cr_expect(logged("receive offloads can't change, the device is not there"), "%s",
		log_text());
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_RX, 0), -EAGAIN);
	cr_expect_eq(kl_net_mtu_set(rig.net, 1000), 0, "%s", log_text());
	cr_expect_eq(kl_net_info(rig.net)->mtu, 1000);
	expect_stands_still();
	net_close(&rig);
}

Test(net_recover, what_was_set_up_does_not_start_again)
{
	net_open(&rig);
	model_need_reset(rig.model);
	rig.model->script.refuses_features = true;
	cr_expect_eq(kl_net_recover(rig.net), -EPROTO);
	expect_stands_still();
	rig.model->script.refuses_features = false;
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_expect_eq(net_start(&rig), 0);
	expect_works();
	net_close(&rig);
}

Test(net_recover, a_stopped_port_takes_nothing)
{
	net_open(&rig);
	cr_expect_eq(kl_net_stop(rig.net), 0);
	expect_stands_still();
	cr_expect_eq(kl_net_recover(rig.net), 0);
	net_close(&rig);
}

static bool stop;

static void *poll_all_the_time(void *context)
{
	struct rte_mbuf *packets[4];
	uint64_t *turns = context;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		cr_assert_eq(kl_net_rx_burst(rig.net, 0, packets, 4), 0);
		cr_assert_eq(kl_net_tx_burst(rig.net, 0, NULL, 0), 0);
		++*turns;
	}
	return NULL;
}

/*
 * Each stop frees the rings under the thread, so one that is within a call when it should not be is
 * seen by the address sanitizer at the latest.
 */
Test(net_recover, under_a_running_thread)
{
	const struct timespec pause = {.tv_nsec = 200000};
	uint64_t turns = 0;
	pthread_t thread;

	net_open(&rig);
	cr_assert_eq(pthread_create(&thread, NULL, poll_all_the_time, &turns), 0);
	for (unsigned int i = 0; i < 200; i++) {
		nanosleep(&pause, NULL);
		if (i % 67 == 66) {
			model_need_reset(rig.model);
			cr_expect_eq(kl_net_recover(rig.net), 0, "%s", log_text());
			continue;
		}
		cr_expect_eq(kl_net_stop(rig.net), 0);
		cr_expect_eq(net_start(&rig), 0, "%s", log_text());
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_expect_gt(turns, 1000);
	expect_works();
	net_close(&rig);
}

/* A reset that never ends: the memory is the device's for ever, and nothing moves any more. */
Test(net_recover, a_reset_that_never_ends)
{
	net_open(&rig);
	kl__reset_timeout_ms = 20;
	model_need_reset(rig.model);
	rig.model->script.reset_reads = MODEL_NEVER;
	cr_expect_eq(kl_net_recover(rig.net), -ETIMEDOUT);
	expect_stands_still();
	cr_expect_eq(kl_net_recover(rig.net), -EIO);
	cr_expect_eq(net_buffers_out(&rig), RIG_RING, "the device may still write there");
}
