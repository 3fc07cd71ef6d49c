/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <criterion/criterion.h>

#include "net_fixture.h"

static struct net_fixture fixture;

Test(queue, information)
{
	struct kl_net_queue_info info;

	net_prepare(&fixture);
	fixture.conf.tx_ring_size = 16;
	fixture.conf.tx_kick = (struct kl_kick_policy){KL_KICK_AUTO, 0};
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_expect_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 0, &info), -EINVAL,
		"not started yet");
	cr_assert_eq(net_start(&fixture), 0);
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 0, &info), 0);
	cr_expect_eq(info.size, FIXTURE_RING);
	cr_expect_eq(info.kick.mode, KL_KICK_EAGER);
	cr_expect_str_eq(info.ring, ring_is("packed") ? "packed" : "split");
	net_expect_path(&info, "mergeable");
	cr_expect_eq(info.fault, KL_QUEUE_OK);
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_TX, 0, &info), 0);
	cr_expect_eq(info.size, 16);
	cr_expect_eq(info.kick.mode, KL_KICK_AUTO);
	cr_expect_eq(info.kick.wait_ns, 20000);
	net_expect_path(&info, ring_is("direct") ? "chained" : "indirect");
	cr_expect_eq(kl_net_queue_info_get(fixture.net, KL_NET_TX, 1, &info), -EINVAL);
	cr_expect_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 65535, &info), -EINVAL);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 0, &info), -EINVAL);
	net_close(&fixture);
}

/* Sizes of single queues take the place of the size of all, also when the arrays change later. */
Test(queue, sizes_of_single_queues)
{
	uint16_t rx[] = {16}, tx[] = {0};
	struct kl_net_queue_info info;

	net_prepare(&fixture);
	fixture.conf.rx_ring_size = fixture.conf.tx_ring_size = 32;
	fixture.conf.rx_ring_sizes = rx;
	fixture.conf.tx_ring_sizes = tx;
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0);
	rx[0] = tx[0] = 8;
	for (int again = 0; again < 2; again++) {
		cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 0, &info), 0);
		cr_expect_eq(info.size, 16);
		cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_TX, 0, &info), 0);
		cr_expect_eq(info.size, 32);
		fake_need_reset(fixture.fake);
		cr_assert_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
	}
	net_close(&fixture);
}

static void expect_buffers(enum kl_net_direction direction, uint16_t in_flight, int has_completed)
{
	struct kl_net_queue_info info;

	cr_assert_eq(kl_net_queue_info_get(fixture.net, direction, 0, &info), 0);
	cr_expect_eq(info.in_flight, in_flight, "%u", info.in_flight);
	cr_expect_eq(kl_net_queue_has_completed(fixture.net, direction, 0), has_completed);
}

/* The device's buffers, and whether it is done with some. */
Test(queue, buffers_of_the_device)
{
	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_expect_eq(kl_net_queue_has_completed(fixture.net, KL_NET_RX, 0), -EINVAL);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	expect_buffers(KL_NET_RX, FIXTURE_RING, 0);
	net_arrive(&fixture, &(struct arrival){.bytes = 60, .seed = 1});
	expect_buffers(KL_NET_RX, FIXTURE_RING, 1);
	net_expect_packet(net_receive(&fixture), 60, 1);
	expect_buffers(KL_NET_RX, FIXTURE_RING - 1, 0);
	expect_buffers(KL_NET_TX, 0, 0);
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, 60, 2)), 1);
	expect_buffers(KL_NET_TX, 1, 0);
	net_transmit(&fixture, 1);
	expect_buffers(KL_NET_TX, 1, 1);
	cr_expect_eq(kl_net_queue_has_completed(fixture.net, KL_NET_TX, 1), -EINVAL);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(kl_net_queue_has_completed(fixture.net, KL_NET_TX, 0), -EINVAL);
	net_close(&fixture);
}

/* A receive queue decides at once whatever the user sets. A transmit queue follows the setting. */
Test(queue, kick_of_the_user)
{
	struct kl_net_queue_info info;

	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, "kick=lazy:700"), 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 0, &info), 0);
	cr_expect_eq(info.kick.mode, KL_KICK_EAGER);
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_TX, 0, &info), 0);
	cr_expect(info.kick.mode == KL_KICK_LAZY && info.kick.wait_ns == 700);
	net_close(&fixture);
}

Test(queue, paths)
{
	struct kl_net_queue_info info;

	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, "indirect=0,mrg_rxbuf=0"), 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_TX, 0, &info), 0);
	net_expect_path(&info, "chained");
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 0, &info), 0);
	net_expect_path(&info, "plain");
	net_close(&fixture);
}

Test(queue, statistics_of_queues_that_are_not_there)
{
	struct kl_net_queue_stats stats;

	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_expect_eq(kl_net_queue_stats_get(fixture.net, KL_NET_RX, 0, &stats), 0);
	cr_expect_eq(stats.queue.posted, 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_expect_eq(kl_net_queue_stats_get(fixture.net, KL_NET_RX, 0, &stats), 0);
	cr_expect_eq(kl_net_queue_stats_get(fixture.net, KL_NET_RX, 1, &stats), -EINVAL);
	net_close(&fixture);
}

/*
 * The receive ring stays with the device for ever when nothing arrives. After the first packet,
 * which shows that it got the first doorbell, that causes no other.
 */
Test(queue, an_idle_receive_queue_gets_no_watchdog_kick)
{
	const struct arrival arrival = {.bytes = 60};
	struct kl_net_queue_stats stats;

	net_prepare(&fixture);
	fixture.fake->host.ticks_per_second = 2;
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0);
	fixture.fake->queue[FIXTURE_RX].is_busy = true;
	net_arrive(&fixture, &arrival);
	net_expect_packet(net_receive(&fixture), 60, 0);
	for (unsigned int i = 0; i < 100000; i++)
		cr_expect_eq(net_receive(&fixture), NULL);
	stats = net_stats(&fixture, KL_NET_RX);
	cr_expect_eq(stats.queue.kicks_sent, 1);
	cr_expect_eq(stats.queue.watchdog_kicks, 0);
	net_close(&fixture);
}

/* The law: the counters before a stop and the buffers in flight then add up. */
Test(queue, the_law_over_restarts)
{
	net_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	for (unsigned int round = 0; round < 5; round++) {
		cr_assert_eq(net_start(&fixture), 0);
		for (uint32_t i = 0; i < 10; i++) {
			const struct arrival arrival = {.bytes = 60, .seed = i};

			cr_assert_eq(net_send(&fixture, net_packet(&fixture, 60, i)), 1);
			net_arrive(&fixture, &arrival);
		}
		for (uint32_t i = 0; i < 4; i++)
			net_expect_packet(net_receive(&fixture), 60, i);
		net_transmit(&fixture, 3);
		kl_net_tx_kick(fixture.net, 0);
		cr_expect_eq(kl_net_stop(fixture.net), 0);
		for (int d = KL_NET_RX; d <= KL_NET_TX; d++) {
			struct kl_net_queue_stats stats = net_stats(&fixture,
				(enum kl_net_direction)d);

			cr_expect_eq(stats.queue.posted, stats.queue.done + stats.queue.failed);
			cr_expect_eq(stats.queue.done, (d == KL_NET_RX ? 4u : 3u) * (round + 1));
			cr_expect_eq(stats.packets, (d == KL_NET_RX ? 4u : 10u) * (round + 1));
		}
	}
	net_expect_law(&fixture);
	net_close(&fixture);
}
