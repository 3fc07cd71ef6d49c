/* SPDX-License-Identifier: BSD-3-Clause */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "net_fixture.h"

static struct net_fixture fixture;
static const struct arrival small = {.bytes = 60, .seed = 1};

static void open_prepared(unsigned int vectors, bool event_idx)
{
	fixture.fake->script.msix_vectors = vectors;
	fixture.conf.rx_interrupts = true;
	cr_assert_eq(net_attach(&fixture, event_idx ? NULL : "event_idx=0"), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

static void open_with(unsigned int vectors, bool event_idx)
{
	net_prepare(&fixture);
	open_prepared(vectors, event_idx);
}

static bool is_woken(void)
{
	struct pollfd event = {.fd = kl_net_queue_event_fd(fixture.net, 0), .events = POLLIN};

	cr_assert_geq(event.fd, 0);
	return poll(&event, 1, 0) == 1;
}

static uint64_t interrupts(void)
{
	return net_stats(&fixture, KL_NET_RX).interrupts;
}

/* Armed, a packet wakes; polled, many packets don't, not even once in 2^16. */
static void wake_and_poll(bool event_idx)
{
	open_with(2, event_idx);
	for (unsigned int round = 0; round < 3; round++) {
		cr_expect_not(kl_net_rx_arm(fixture.net, 0), "nothing is there");
		cr_expect_not(is_woken());
		cr_assert_eq(net_arrive(&fixture, &small), 1);
		cr_expect(is_woken());
		kl_net_rx_disarm(fixture.net, 0);
		cr_expect_not(is_woken(), "the event is taken");
		cr_expect_eq(interrupts(), round + 1);
		net_expect_packet(net_receive(&fixture), 60, 1);
	}
	for (unsigned int i = 0; i < 70000; i++) {
		cr_assert_eq(net_arrive(&fixture, &small), 1);
		net_expect_packet(net_receive(&fixture), 60, 1);
	}
	cr_expect_not(is_woken());
	net_close(&fixture);
}

Test(wait, wakes_with_event_idx)
{
	ONLY_IF(!ring_is("mmio"));
	wake_and_poll(true);
}

Test(wait, wakes_with_flags)
{
	ONLY_IF(!ring_is("mmio"));
	wake_and_poll(false);
}

/* Notifications that nothing requested, with packets to take and with none. */
static void notify_for_nothing(void)
{
	const uint64_t several = 7;
	int fd;

	open_prepared(2, true);
	fd = fixture.fake->interrupt_fd[fixture.fake->queue[FIXTURE_RX].vector];
	cr_assert_geq(fd, 0);
	for (unsigned int round = 0; round < 300; round++) {
		cr_assert_eq(write(fd, &several, sizeof(several)), (ssize_t)sizeof(several));
		if (round % 3 == 0)
			cr_assert_eq(net_arrive(&fixture, &small), 1);
		if (round % 2 == 0)
			cr_expect_eq(kl_net_rx_arm(fixture.net, 0), round % 3 == 0);
		kl_net_rx_disarm(fixture.net, 0);
		if (round % 3 == 0)
			net_expect_packet(net_receive(&fixture), 60, 1);
		cr_expect_null(net_receive(&fixture));
	}
	net_expect_law(&fixture);
	net_close(&fixture);
}

/* EVS-06 */
Test(wait, notifications_that_mean_nothing)
{
	ONLY_IF(!ring_is("mmio"));
	net_prepare(&fixture);
	notify_for_nothing();
}

/* EVP-10 */
Test(wait, notifications_that_mean_nothing_to_a_packed_ring)
{
	ONLY_IF(!ring_is("mmio"));
	net_prepare(&fixture);
	fake_offer(fixture.fake, FIXTURE_PACKED);
	fake_rebuild(fixture.fake);
	notify_for_nothing();
}

/* A packet between the last poll and the arming is seen without an interrupt. */
Test(wait, nothing_is_missed)
{
	open_with(2, true);
	cr_assert_eq(net_arrive(&fixture, &small), 1);
	cr_expect(kl_net_rx_arm(fixture.net, 0));
	kl_net_rx_disarm(fixture.net, 0);
	net_expect_packet(net_receive(&fixture), 60, 1);
	cr_expect_not(kl_net_rx_arm(fixture.net, 0));
	kl_net_rx_disarm(fixture.net, 0);
	net_close(&fixture);
}

Test(wait, without_a_vector_there_is_no_event)
{
	open_with(1, true);
	cr_expect_eq(kl_net_queue_event_fd(fixture.net, 0), -1);
	cr_expect_not(kl_net_rx_arm(fixture.net, 0));
	kl_net_rx_disarm(fixture.net, 0);
	cr_assert_eq(net_arrive(&fixture, &small), 1);
	net_expect_packet(net_receive(&fixture), 60, 1);
	net_close(&fixture);
}

Test(wait, the_event_stays_over_a_restart)
{
	int fd;

	ONLY_IF(!ring_is("mmio"));
	open_with(2, true);
	fd = kl_net_queue_event_fd(fixture.net, 0);
	cr_assert_eq(kl_net_stop(fixture.net), 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_expect_eq(kl_net_queue_event_fd(fixture.net, 0), fd);
	cr_expect_not(kl_net_rx_arm(fixture.net, 0));
	cr_assert_eq(net_arrive(&fixture, &small), 1);
	cr_expect(is_woken());
	kl_net_rx_disarm(fixture.net, 0);
	net_expect_packet(net_receive(&fixture), 60, 1);
	net_close(&fixture);
}

/* A broken queue brings nothing more, so a thread that waits for it may sleep. */
Test(wait, a_broken_queue_has_no_work)
{
	open_with(2, true);
	fake_write_raw_used(fixture.fake, FIXTURE_RX, FIXTURE_RING, 60);
	cr_expect_null(net_receive(&fixture));
	cr_expect_not(kl_net_rx_arm(fixture.net, 0));
	kl_net_rx_disarm(fixture.net, 0);
	net_close(&fixture);
}

/* Receives packets and keeps them, until the pool and the ring are empty. */
static unsigned int keep_all(struct rte_mbuf **kept)
{
	unsigned int count = 0;

	while (net_arrive(&fixture, &small) == 1) {
		kept[count] = net_receive(&fixture);
		cr_assert_neq(kept[count], NULL);
		count++;
	}
	cr_assert_eq(count, FIXTURE_POOL);
	return count;
}

/*
 * With no buffer in the ring nothing can come, and no notification would end a sleep. Once the pool
 * has some again, they are with the device before the thread sleeps.
 */
static void run_dry(const char *words)
{
	static struct rte_mbuf *kept[FIXTURE_POOL];
	uint64_t nombuf;
	unsigned int count;

	setenv("UNIT_RING", words, 1);
	open_with(2, true);
	count = keep_all(kept);
	nombuf = net_stats(&fixture, KL_NET_RX).nombuf;
	cr_expect(kl_net_rx_arm(fixture.net, 0), "it must not sleep");
	kl_net_rx_disarm(fixture.net, 0);
	cr_expect_gt(net_stats(&fixture, KL_NET_RX).nombuf, nombuf, "and the count is the reason");
	/* One buffer is enough for a packet. */
	rte_pktmbuf_free(kept[--count]);
	cr_expect_not(kl_net_rx_arm(fixture.net, 0));
	cr_expect_not(is_woken());
	cr_assert_eq(net_arrive(&fixture, &small), 1);
	cr_expect(is_woken());
	kl_net_rx_disarm(fixture.net, 0);
	net_expect_packet(net_receive(&fixture), 60, 1);
	rte_pktmbuf_free_bulk(kept, count);
	cr_expect_not(kl_net_rx_arm(fixture.net, 0));
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING, "the ring is full");
	cr_assert_eq(net_arrive(&fixture, &small), 1);
	cr_expect(is_woken());
	kl_net_rx_disarm(fixture.net, 0);
	net_expect_packet(net_receive(&fixture), 60, 1);
	net_expect_law(&fixture);
	net_close(&fixture);
}

Test(wait, a_ring_without_buffers)
{
	run_dry("");
}

Test(wait, a_ring_without_buffers_packed)
{
	run_dry("packed");
}

Test(wait, a_ring_without_buffers_in_order)
{
	run_dry("in_order,unmerged");
}

/* A packet of more buffers than the ring has stays with the device, which notifies of nothing. */
Test(wait, a_ring_with_too_few_buffers_for_a_packet)
{
	static struct rte_mbuf *kept[FIXTURE_POOL];
	unsigned int count;

	ONLY_IF(!ring_is("unmerged"));
	net_prepare(&fixture);
	fake_offer(fixture.fake, FIXTURE_MTU);
	fixture.fake->script.config[10] = 9000 & 0xff;
	fixture.fake->script.config[11] = 9000 >> 8;
	open_prepared(2, true);
	count = keep_all(kept);
	for (unsigned int buffers = 1; buffers <= 6; buffers++) {
		rte_pktmbuf_free(kept[--count]);
		cr_expect_eq(kl_net_rx_arm(fixture.net, 0), buffers < 5, "%u buffers", buffers);
		kl_net_rx_disarm(fixture.net, 0);
	}
	cr_assert_eq(net_arrive(&fixture, &(struct arrival){.bytes = 9014, .seed = 2}), 5);
	net_expect_packet(net_receive(&fixture), 9014, 2);
	rte_pktmbuf_free_bulk(kept, count);
	net_close(&fixture);
}
