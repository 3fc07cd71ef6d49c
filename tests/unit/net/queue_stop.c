/* SPDX-License-Identifier: BSD-3-Clause */
/* One queue stopped and started while the others run: its packets come back, and nothing else changes. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include <criterion/criterion.h>

#include "core/device.h"
#include "net_rig.h"

#define RING_RESET 40

static struct net_rig rig;

static void open_resettable(void)
{
	net_prepare(&rig);
	model_offer(rig.model, RING_RESET);
	cr_assert_eq(net_attach(&rig, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
}

static bool is_stopped(enum kl_net_direction direction)
{
	struct kl_net_queue_info info;

	cr_assert_eq(kl_net_queue_info_get(rig.net, direction, 0, &info), 0);
	return info.is_stopped;
}

static void expect_sends(void)
{
	cr_expect_eq(net_send(&rig, net_packet(&rig, 100, 7)), 1);
	cr_expect_eq(net_transmit(&rig, RIG_RING), 1);
	net_expect_sent(&rig, 100, 7);
}

static void expect_receives(void)
{
	cr_expect_eq(net_arrive(&rig, &(struct arrival){.bytes = 90, .seed = 3}), 1);
	net_expect_packet(net_receive(&rig), 90, 3);
}

static void expect_sends_nothing(void)
{
	struct rte_mbuf *packet = net_packet(&rig, 60, 1);

	cr_expect_eq(net_send(&rig, packet), 0);
	kl_net_tx_kick(rig.net, 0);
	rte_pktmbuf_free(packet);
}

/* Two packets that the device has sent without our having noticed, and one that it has not. */
Test(net_queue_stop, of_sending)
{
	open_resettable();
	for (unsigned int round = 1; round <= 20; round++) {
		rig.model->script.queue_reset_reads = round % 3;
		for (uint32_t i = 0; i < 3; i++)
			cr_expect_eq(net_send(&rig, net_packet(&rig, 100, i)), 1);
		cr_expect_eq(net_transmit(&rig, 2), 2);
		cr_assert_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 0), 0, "%s", log_text());
		cr_expect_eq(rig.model->queue[RIG_TX].resets, round);
		cr_expect(is_stopped(KL_NET_TX) && !is_stopped(KL_NET_RX));
		cr_expect_eq(net_stats(&rig, KL_NET_TX).queue.failed, round);
		expect_sends_nothing();
		expect_receives();
		cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 0), 0, "it is already");
		cr_assert_eq(kl_net_queue_start(rig.net, KL_NET_TX, 0), 0, "%s", log_text());
		cr_expect_not(is_stopped(KL_NET_TX));
		expect_sends();
		cr_expect_eq(kl_net_queue_start(rig.net, KL_NET_TX, 0), 0, "it is already");
		expect_receives();
	}
	cr_expect_eq(rig.model->resets, 1, "the device itself was left alone");
	cr_expect_eq(rig.model->queue[RIG_RX].resets, 0);
	net_close(&rig);
}

Test(net_queue_stop, of_receiving)
{
	open_resettable();
	for (unsigned int round = 1; round <= 20; round++) {
		cr_expect_eq(net_arrive(&rig, &(struct arrival){.bytes = 90, .seed = 3}), 1);
		cr_assert_eq(kl_net_queue_stop(rig.net, KL_NET_RX, 0), 0, "%s", log_text());
		cr_expect(is_stopped(KL_NET_RX) && !is_stopped(KL_NET_TX));
		cr_expect_eq(net_receive(&rig), NULL, "lost with the ring");
		cr_expect_not(kl_net_rx_arm(rig.net, 0));
		kl_net_rx_disarm(rig.net, 0);
		kl_net_tx_kick(rig.net, 0);
		cr_expect_eq(net_buffers_out(&rig), 0, "%u", net_buffers_out(&rig));
		expect_sends();
		cr_assert_eq(kl_net_queue_start(rig.net, KL_NET_RX, 0), 0, "%s", log_text());
		expect_receives();
		expect_sends();
	}
	cr_expect_eq(net_stats(&rig, KL_NET_RX).packets, 20, "counted on");
	cr_expect_eq(rig.model->resets, 1);
	net_close(&rig);
}

/* With a kick that is owed when the queue stops. */
Test(net_queue_stop, with_an_owed_kick)
{
	net_prepare(&rig);
	model_offer(rig.model, RING_RESET);
	rig.conf.tx_kick = (struct kl_kick_policy){KL_KICK_LAZY, 1000000000};
	cr_assert_eq(net_attach(&rig, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
	rig.model->queue[RIG_TX].kicks = MODEL_KICKS_LAZY;
	cr_expect_eq(net_send(&rig, net_packet(&rig, 100, 1)), 1);
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 0), 0);
	cr_expect_eq(kl_net_queue_start(rig.net, KL_NET_TX, 0), 0);
	kl_net_tx_kick(rig.net, 0);
	cr_expect_eq(rig.model->queue[RIG_TX].doorbells, 0, "there is nothing any more to tell of");
	expect_sends();
	net_close(&rig);
}

Test(net_queue_stop, refused)
{
	net_open(&rig);
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_RX, 0), -ENOTSUP);
	cr_expect(logged("RING_RESET"), "%s", log_text());
	expect_receives();
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 0), -ENOTSUP);
	expect_sends();
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 1), -EINVAL);
	cr_expect_eq(kl_net_queue_start(rig.net, KL_NET_TX, 1), -EINVAL);
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 0), -EINVAL);
	cr_expect(logged("not running"), "%s", log_text());
	net_close(&rig);
}

Test(net_queue_stop, lasts_over_a_reset_but_not_over_a_start)
{
	open_resettable();
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 0), 0);
	model_need_reset(rig.model);
	cr_expect_eq(kl_net_recover(rig.net), 0, "%s", log_text());
	cr_expect(is_stopped(KL_NET_TX));
	expect_sends_nothing();
	expect_receives();
	cr_expect_eq(kl_net_queue_start(rig.net, KL_NET_TX, 0), 0, "%s", log_text());
	expect_sends();
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 0), 0);
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_expect_eq(net_start(&rig), 0);
	cr_expect_not(is_stopped(KL_NET_TX));
	expect_sends();
	expect_receives();
	net_close(&rig);
}

/* The device may still be at the buffers, so nothing comes back before the whole device is reset. */
Test(net_queue_stop, never_ends)
{
	open_resettable();
	kl__reset_timeout_ms = 20;
	cr_expect_eq(net_send(&rig, net_packet(&rig, 100, 1)), 1);
	rig.model->script.queue_reset_reads = MODEL_NEVER;
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_TX, 0), -ETIMEDOUT);
	cr_expect_eq(net_buffers_out(&rig), RIG_RING + 1);
	expect_sends_nothing();
	expect_receives();
	cr_expect(kl_net_is_broken(rig.net));
	cr_expect_eq(kl_net_recover(rig.net), 0, "%s", log_text());
	cr_expect(logged("the reset of one queue"), "%s", log_text());
	cr_expect_not(kl_net_is_broken(rig.net));
	cr_expect_not(is_stopped(KL_NET_TX));
	expect_sends();
	expect_receives();
	net_close(&rig);
}

Test(net_queue_stop, does_not_start_again)
{
	open_resettable();
	cr_expect_eq(kl_net_queue_stop(rig.net, KL_NET_RX, 0), 0);
	rig.model->script.stays_enabled = true;
	cr_expect_eq(kl_net_queue_start(rig.net, KL_NET_RX, 0), -EBUSY);
	cr_expect(is_stopped(KL_NET_RX));
	cr_expect_eq(net_receive(&rig), NULL);
	rig.model->script.stays_enabled = false;
	cr_expect_eq(kl_net_queue_start(rig.net, KL_NET_RX, 0), 0, "%s", log_text());
	expect_receives();
	net_close(&rig);
}

/* Who sleeps until packets come must look again, for the old ring's notifications are gone. */
Test(net_queue_stop, wakes_the_sleeper)
{
	struct pollfd sleeper = {.events = POLLIN};

	net_prepare(&rig);
	model_offer(rig.model, RING_RESET);
	rig.conf.rx_interrupts = true;
	cr_assert_eq(net_attach(&rig, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
	sleeper.fd = kl_net_queue_event_fd(rig.net, 0);
	cr_assert_eq(kl_net_queue_stop(rig.net, KL_NET_RX, 0), 0, "%s", log_text());
	cr_expect_not(kl_net_rx_arm(rig.net, 0));
	cr_expect_eq(poll(&sleeper, 1, 0), 0);
	cr_assert_eq(kl_net_queue_start(rig.net, KL_NET_RX, 0), 0, "%s", log_text());
	cr_expect_eq(poll(&sleeper, 1, 0), 1);
	kl_net_rx_disarm(rig.net, 0);
	expect_receives();
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

/* Each start writes the ring anew under the thread, which must not be within a call then. */
Test(net_queue_stop, under_a_running_thread)
{
	const struct timespec pause = {.tv_nsec = 200000};
	uint64_t turns = 0;
	pthread_t thread;

	open_resettable();
	cr_assert_eq(pthread_create(&thread, NULL, poll_all_the_time, &turns), 0);
	for (unsigned int i = 0; i < 200; i++) {
		const enum kl_net_direction way = i % 2 == 0 ? KL_NET_RX : KL_NET_TX;

		nanosleep(&pause, NULL);
		cr_expect_eq(kl_net_queue_stop(rig.net, way, 0), 0, "%s", log_text());
		cr_expect_eq(kl_net_queue_start(rig.net, way, 0), 0, "%s", log_text());
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_expect_gt(turns, 1000);
	expect_sends();
	expect_receives();
	net_close(&rig);
}
