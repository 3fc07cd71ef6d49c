/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One queue stopped and started while the others run: its packets come back, and
 * nothing else changes.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include <criterion/criterion.h>

#include "core/device.h"
#include "net_fixture.h"
#include "state.h"

#define RING_RESET 40

static struct net_fixture fixture;

static void open_resettable(void)
{
	net_prepare(&fixture);
	fake_offer(fixture.fake, RING_RESET);
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

static bool is_stopped(enum kl_net_direction direction)
{
	struct kl_net_queue_info info;

	cr_assert_eq(kl_net_queue_info_get(fixture.net, direction, 0, &info), 0);
	return info.is_stopped;
}

static void expect_sends(void)
{
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, 7)), 1);
	cr_expect_eq(net_transmit(&fixture, FIXTURE_RING), 1);
	net_expect_sent(&fixture, 100, 7);
}

static void expect_receives(void)
{
	cr_expect_eq(net_arrive(&fixture, &(struct arrival){.bytes = 90, .seed = 3}), 1);
	net_expect_packet(net_receive(&fixture), 90, 3);
}

static void expect_sends_nothing(void)
{
	struct rte_mbuf *packet = net_packet(&fixture, 60, 1);

	cr_expect_eq(net_send(&fixture, packet), 0);
	kl_net_tx_kick(fixture.net, 0);
	rte_pktmbuf_free(packet);
}

/* Two packets that the device has sent without our having noticed, and one that it has not. */
Test(queue_stop, of_sending)
{
	open_resettable();
	for (unsigned int round = 1; round <= 20; round++) {
		fixture.fake->script.queue_reset_reads = round % 3;
		for (uint32_t i = 0; i < 3; i++)
			cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, i)), 1);
		cr_expect_eq(net_transmit(&fixture, 2), 2);
		cr_assert_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), 0, "%s", log_text());
		cr_expect_eq(fixture.fake->queue[FIXTURE_TX].resets, round);
		cr_expect(is_stopped(KL_NET_TX) && !is_stopped(KL_NET_RX));
		cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.failed, round);
		expect_sends_nothing();
		expect_receives();
		cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), 0, "it is already");
		cr_assert_eq(kl_net_queue_start(fixture.net, KL_NET_TX, 0), 0, "%s", log_text());
		cr_expect_not(is_stopped(KL_NET_TX));
		expect_sends();
		cr_expect_eq(kl_net_queue_start(fixture.net, KL_NET_TX, 0), 0, "it is already");
		expect_receives();
	}
	cr_expect_eq(fixture.fake->resets, 1, "the device itself was left alone");
	cr_expect_eq(fixture.fake->queue[FIXTURE_RX].resets, 0);
	net_close(&fixture);
}

Test(queue_stop, of_receiving)
{
	open_resettable();
	for (unsigned int round = 1; round <= 20; round++) {
		cr_expect_eq(net_arrive(&fixture, &(struct arrival){.bytes = 90, .seed = 3}), 1);
		cr_assert_eq(kl_net_queue_stop(fixture.net, KL_NET_RX, 0), 0, "%s", log_text());
		cr_expect(is_stopped(KL_NET_RX) && !is_stopped(KL_NET_TX));
		cr_expect_eq(net_receive(&fixture), NULL, "lost with the ring");
		cr_expect_not(kl_net_rx_arm(fixture.net, 0));
		kl_net_rx_disarm(fixture.net, 0);
		kl_net_tx_kick(fixture.net, 0);
		cr_expect_eq(net_buffers_out(&fixture), 0, "%u", net_buffers_out(&fixture));
		expect_sends();
		cr_assert_eq(kl_net_queue_start(fixture.net, KL_NET_RX, 0), 0, "%s", log_text());
		expect_receives();
		expect_sends();
	}
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).packets, 20, "counted on");
	cr_expect_eq(fixture.fake->resets, 1);
	net_close(&fixture);
}

/* With a kick that is pending when the queue stops. */
Test(queue_stop, with_a_pending_kick)
{
	net_prepare(&fixture);
	fake_offer(fixture.fake, RING_RESET);
	fixture.conf.tx_kick = (struct kl_kick_policy){KL_KICK_LAZY, 1000000000};
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	fixture.fake->queue[FIXTURE_TX].kicks = FAKE_KICKS_LAZY;
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, 1)), 1);
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), 0);
	cr_expect_eq(kl_net_queue_start(fixture.net, KL_NET_TX, 0), 0);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].doorbells, 0, "no event is left");
	expect_sends();
	net_close(&fixture);
}

Test(queue_stop, refused)
{
	net_open(&fixture);
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_RX, 0), -ENOTSUP);
	cr_expect(logged("RING_RESET"), "%s", log_text());
	expect_receives();
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), -ENOTSUP);
	expect_sends();
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 1), -EINVAL);
	cr_expect_eq(kl_net_queue_start(fixture.net, KL_NET_TX, 1), -EINVAL);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), -EINVAL);
	cr_expect(logged("not running"), "%s", log_text());
	net_close(&fixture);
}

Test(queue_stop, lasts_over_a_reset_but_not_over_a_start)
{
	open_resettable();
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), 0);
	fake_need_reset(fixture.fake);
	cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
	cr_expect(is_stopped(KL_NET_TX));
	expect_sends_nothing();
	expect_receives();
	cr_expect_eq(kl_net_queue_start(fixture.net, KL_NET_TX, 0), 0, "%s", log_text());
	expect_sends();
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), 0);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(net_start(&fixture), 0);
	cr_expect_not(is_stopped(KL_NET_TX));
	expect_sends();
	expect_receives();
	net_close(&fixture);
}

/* Packets in flight come back once: at the queue's stop, and not at the device's. */
static void stop_with_in_flight(unsigned int count, bool recovers)
{
	open_resettable();
	for (unsigned int i = 0; i < count; i++)
		cr_assert_eq(net_send(&fixture, net_packet(&fixture, 100, i)), 1);
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), 0, "%s", log_text());
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	if (recovers) {
		fake_need_reset(fixture.fake);
		cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
		cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	}
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(net_buffers_out(&fixture), 0);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.failed, count);
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.bad_used, 0);
	net_close(&fixture);
}

Test(queue_stop, packets_in_flight_are_freed_once)
{
	stop_with_in_flight(1, false);
	stop_with_in_flight(FIXTURE_RING, false);
	stop_with_in_flight(1, true);
	stop_with_in_flight(FIXTURE_RING, true);
}

/* The device may still access the buffers, so none is returned before the whole device is reset. */
Test(queue_stop, never_ends)
{
	open_resettable();
	kl__default_timeout_ms = 20;
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, 1)), 1);
	fixture.fake->script.queue_reset_reads = FAKE_NEVER;
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), -ETIMEDOUT);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING + 1);
	expect_sends_nothing();
	expect_receives();
	cr_expect_neq(kl_net_state(fixture.net), KL_DEVICE_RUNNING);
	cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
	cr_expect(logged("transmit queue 0: its reset failed"), "%s", log_text());
	cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_RUNNING);
	cr_expect_not(is_stopped(KL_NET_TX));
	expect_sends();
	expect_receives();
	net_close(&fixture);
}

Test(queue_stop, does_not_start_again)
{
	open_resettable();
	cr_expect_eq(kl_net_queue_stop(fixture.net, KL_NET_RX, 0), 0);
	fixture.fake->script.stays_enabled = true;
	cr_expect_eq(kl_net_queue_start(fixture.net, KL_NET_RX, 0), -EBUSY);
	cr_expect(is_stopped(KL_NET_RX));
	cr_expect_eq(net_receive(&fixture), NULL);
	fixture.fake->script.stays_enabled = false;
	cr_expect_eq(kl_net_queue_start(fixture.net, KL_NET_RX, 0), 0, "%s", log_text());
	expect_receives();
	net_close(&fixture);
}

/*
 * A thread that sleeps until packets come must check again, for the old ring's
 * notifications are gone.
 */
Test(queue_stop, wakes_the_sleeper)
{
	struct pollfd sleeper = {.events = POLLIN};

	ONLY_IF(!ring_is("mmio"));
	net_prepare(&fixture);
	fake_offer(fixture.fake, RING_RESET);
	fixture.conf.rx_interrupts = true;
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	sleeper.fd = kl_net_queue_event_fd(fixture.net, 0);
	cr_assert_eq(kl_net_queue_stop(fixture.net, KL_NET_RX, 0), 0, "%s", log_text());
	cr_expect_not(kl_net_rx_arm(fixture.net, 0));
	cr_expect_eq(poll(&sleeper, 1, 0), 0);
	cr_assert_eq(kl_net_queue_start(fixture.net, KL_NET_RX, 0), 0, "%s", log_text());
	cr_expect_eq(poll(&sleeper, 1, 0), 1);
	kl_net_rx_disarm(fixture.net, 0);
	expect_receives();
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

/* Each start writes the ring anew under the thread, which must not be within a call then. */
Test(queue_stop, under_a_running_thread)
{
	const struct timespec pause = {.tv_nsec = 200000};
	uint64_t turns = 0;
	pthread_t thread;

	open_resettable();
	cr_assert_eq(pthread_create(&thread, NULL, poll_all_the_time, &turns), 0);
	for (unsigned int i = 0; i < 200; i++) {
		const enum kl_net_direction way = i % 2 == 0 ? KL_NET_RX : KL_NET_TX;

		nanosleep(&pause, NULL);
		cr_expect_eq(kl_net_queue_stop(fixture.net, way, 0), 0, "%s", log_text());
		cr_expect_eq(kl_net_queue_start(fixture.net, way, 0), 0, "%s", log_text());
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_expect_gt(turns, 1000);
	expect_sends();
	expect_receives();
	net_close(&fixture);
}

/* An ordinary packet, or one of a kind that does not return to the queue's pool in bulk. */
static struct rte_mbuf *packet_of_kind(unsigned int kind, struct rte_mempool *other,
	struct rte_mempool *clones)
{
	struct rte_mempool *own = fixture.pool;
	struct rte_mbuf *packet, *tail;

	if (kind == 1)
		fixture.pool = other;
	packet = net_packet(&fixture, 60, kind);
	fixture.pool = own;
	if (kind == 2) {
		tail = net_packet(&fixture, 30, 1);
		cr_assert_eq(rte_pktmbuf_chain(packet, tail), 0);
	}
	if (kind == 3) {
		tail = rte_pktmbuf_clone(packet, clones);
		cr_assert_neq(tail, NULL);
		rte_pktmbuf_free(packet);
		packet = tail;
	}
	return packet;
}

/*
 * Packets of other pools, of several segments and clones are counted while they are in flight, in
 * 16 bits. What a stop frees must not stay in that count: the sum over these rounds is beyond it.
 */
Test(queue_stop, of_packets_that_return_to_other_pools)
{
	struct rte_mempool *other, *clones;
	uint64_t stopped = 0;

	open_resettable();
	other = net_pool(&fixture, "other", 256, FIXTURE_ROOM, 0);
	clones = net_pool(&fixture, "clones", 256, 0, 0);
	while (stopped < 66000) {
		struct rte_mbuf *packets[FIXTURE_RING];
		uint16_t sent;

		for (uint16_t i = 0; i < FIXTURE_RING; i++)
			packets[i] = packet_of_kind(1 + i % 3, other, clones);
		sent = kl_net_tx_burst(fixture.net, 0, packets, FIXTURE_RING);
		cr_assert_gt(sent, FIXTURE_RING / 4);
		rte_pktmbuf_free_bulk(packets + sent, FIXTURE_RING - sent);
		/* Some of them the device has sent, and nobody has noticed. */
		stopped += sent - net_transmit(&fixture, stopped % 3);
		cr_assert_eq(kl_net_queue_stop(fixture.net, KL_NET_TX, 0), 0, "%s", log_text());
		cr_assert_eq(kl_net_queue_start(fixture.net, KL_NET_TX, 0), 0, "%s", log_text());
	}
	/* All kinds return to where they came from, mixed and alone. */
	for (unsigned int i = 0; i < 4 * FIXTURE_RING; i++) {
		cr_assert_eq(net_send(&fixture, packet_of_kind(i / 8 % 4, other, clones)), 1);
		cr_assert_eq(net_transmit(&fixture, 1), 1);
	}
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(rte_mempool_in_use_count(other), 0);
	cr_expect_eq(rte_mempool_in_use_count(clones), 0);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	cr_expect_eq(fixture.net->pairs[0].tx.other_pool, 0, "the short way again");
	net_close(&fixture);
}
