/* SPDX-License-Identifier: BSD-3-Clause */
#include <poll.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "net_rig.h"

static struct net_rig rig;
static const struct arrival small = {.bytes = 60, .seed = 1};

static void open_prepared(unsigned int vectors, bool event_idx)
{
	rig.model->script.msix_vectors = vectors;
	rig.conf.rx_interrupts = true;
	cr_assert_eq(net_attach(&rig, event_idx ? NULL : "event_idx=0"), 0, "%s", log_text());
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
}

static void open_with(unsigned int vectors, bool event_idx)
{
	net_prepare(&rig);
	open_prepared(vectors, event_idx);
}

static bool is_woken(void)
{
	struct pollfd event = {.fd = kl_net_queue_event_fd(rig.net, 0), .events = POLLIN};

	cr_assert_geq(event.fd, 0);
	return poll(&event, 1, 0) == 1;
}

static uint64_t interrupts(void)
{
	return net_stats(&rig, KL_NET_RX).interrupts;
}

/* Armed, a packet wakes; polled, many packets don't, not even once in 2^16. */
static void wake_and_poll(bool event_idx)
{
	open_with(2, event_idx);
	for (unsigned int round = 0; round < 3; round++) {
		cr_expect_not(kl_net_rx_arm(rig.net, 0), "nothing is there");
		cr_expect_not(is_woken());
		cr_assert_eq(net_arrive(&rig, &small), 1);
		cr_expect(is_woken());
		kl_net_rx_disarm(rig.net, 0);
		cr_expect_not(is_woken(), "the event is taken");
		cr_expect_eq(interrupts(), round + 1);
		net_expect_packet(net_receive(&rig), 60, 1);
	}
	for (unsigned int i = 0; i < 70000; i++) {
		cr_assert_eq(net_arrive(&rig, &small), 1);
		net_expect_packet(net_receive(&rig), 60, 1);
	}
	cr_expect_not(is_woken());
	net_close(&rig);
}

Test(net_wait, wakes_with_event_idx)
{
	wake_and_poll(true);
}

Test(net_wait, wakes_with_flags)
{
	wake_and_poll(false);
}

/* Notifications that nobody asked for, with something to take and with nothing. */
static void notify_for_nothing(void)
{
	const uint64_t several = 7;
	int fd;

	open_prepared(2, true);
	fd = rig.model->interrupt_fd[rig.model->queue[RIG_RX].vector];
	cr_assert_geq(fd, 0);
	for (unsigned int round = 0; round < 300; round++) {
		cr_assert_eq(write(fd, &several, sizeof(several)), (ssize_t)sizeof(several));
		if (round % 3 == 0)
			cr_assert_eq(net_arrive(&rig, &small), 1);
		if (round % 2 == 0)
			cr_expect_eq(kl_net_rx_arm(rig.net, 0), round % 3 == 0);
		kl_net_rx_disarm(rig.net, 0);
		if (round % 3 == 0)
			net_expect_packet(net_receive(&rig), 60, 1);
		cr_expect_null(net_receive(&rig));
	}
	net_expect_law(&rig);
	net_close(&rig);
}

/* EVS-06 */
Test(net_wait, notifications_that_mean_nothing)
{
	net_prepare(&rig);
	notify_for_nothing();
}

/* EVP-10 */
Test(net_wait, notifications_that_mean_nothing_to_a_packed_ring)
{
	net_prepare(&rig);
	model_offer(rig.model, RIG_PACKED);
	model_rebuild(rig.model);
	notify_for_nothing();
}

/* What came between the last poll and the arming is seen without an interrupt. */
Test(net_wait, nothing_is_missed)
{
	open_with(2, true);
	cr_assert_eq(net_arrive(&rig, &small), 1);
	cr_expect(kl_net_rx_arm(rig.net, 0));
	kl_net_rx_disarm(rig.net, 0);
	net_expect_packet(net_receive(&rig), 60, 1);
	cr_expect_not(kl_net_rx_arm(rig.net, 0));
	kl_net_rx_disarm(rig.net, 0);
	net_close(&rig);
}

Test(net_wait, without_a_vector_there_is_no_event)
{
	open_with(1, true);
	cr_expect_eq(kl_net_queue_event_fd(rig.net, 0), -1);
	cr_expect_not(kl_net_rx_arm(rig.net, 0));
	kl_net_rx_disarm(rig.net, 0);
	cr_assert_eq(net_arrive(&rig, &small), 1);
	net_expect_packet(net_receive(&rig), 60, 1);
	net_close(&rig);
}

Test(net_wait, the_event_stays_over_a_restart)
{
	int fd;

	open_with(2, true);
	fd = kl_net_queue_event_fd(rig.net, 0);
	cr_assert_eq(kl_net_stop(rig.net), 0);
	cr_assert_eq(net_start(&rig), 0);
	cr_expect_eq(kl_net_queue_event_fd(rig.net, 0), fd);
	cr_expect_not(kl_net_rx_arm(rig.net, 0));
	cr_assert_eq(net_arrive(&rig, &small), 1);
	cr_expect(is_woken());
	kl_net_rx_disarm(rig.net, 0);
	net_expect_packet(net_receive(&rig), 60, 1);
	net_close(&rig);
}

/* A broken queue brings nothing more, so who waits for it may sleep. */
Test(net_wait, a_broken_queue_has_no_work)
{
	open_with(2, true);
	model_lie_used(rig.model, RIG_RX, RIG_RING, 60);
	cr_expect_null(net_receive(&rig));
	cr_expect_not(kl_net_rx_arm(rig.net, 0));
	kl_net_rx_disarm(rig.net, 0);
	net_close(&rig);
}
