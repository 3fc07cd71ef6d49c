/* SPDX-License-Identifier: BSD-3-Clause */
/* Kick policies, stops with packets in flight, and malformed used entries of sent packets. */
#include <criterion/criterion.h>

#include "net_fixture.h"

static struct net_fixture fixture;

static void send_many(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		cr_assert_eq(net_send(&fixture, net_packet(&fixture, 60, i)), 1);
}

/*
 * One decision per burst that follows the device's request (the fake device counts each deviation).
 */
Test(tx_faults, one_decision_per_burst)
{
	struct rte_mbuf *packets[32];
	struct kl_net_queue_stats stats;

	net_open(&fixture);
	for (unsigned int round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 32; i++)
			packets[i] = net_packet(&fixture, 60, i);
		cr_assert_eq(kl_net_tx_burst(fixture.net, 0, packets, 32), 32);
		fixture.fake->queue[FIXTURE_TX].is_busy = round >= 4;
		net_transmit(&fixture, 64);
	}
	stats = net_stats(&fixture, KL_NET_TX);
	cr_expect_eq(stats.queue.kicks_sent + stats.queue.kicks_suppressed, 10);
	cr_expect_eq(stats.queue.kicks_sent, 5, "four and the one that was armed for");
	net_expect_law(&fixture);
	net_close(&fixture);
}

/* A burst of nothing is no news. */
Test(tx_faults, empty_bursts)
{
	net_open(&fixture);
	for (unsigned int i = 0; i < 10000; i++)
		cr_expect_eq(kl_net_tx_burst(fixture.net, 0, NULL, 0), 0);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].doorbells, 0);
	net_close(&fixture);
}

/* With a policy that waits, an empty burst decides when the time has come, and a flush at once. */
Test(tx_faults, lazy_kicks)
{
	net_prepare(&fixture);
	fixture.fake->host.ticks_per_second = 1;
	fixture.fake->queue[FIXTURE_TX].kicks = FAKE_KICKS_LAZY;
	fixture.conf.tx_kick = (struct kl_kick_policy){KL_KICK_LAZY, 1};
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0);
	fixture.fake->script.serves_doorbells = true;
	send_many(1);
	kl_net_tx_burst(fixture.net, 0, NULL, 0);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].doorbells, 1);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(net_buffers_out(&fixture), FIXTURE_RING);
	net_close(&fixture);
}

Test(tx_faults, flush_forces_a_pending_kick)
{
	net_prepare(&fixture);
	fixture.fake->host.ticks_per_second = 10000000000;
	fixture.fake->queue[FIXTURE_TX].kicks = FAKE_KICKS_LAZY;
	fixture.conf.tx_kick = (struct kl_kick_policy){KL_KICK_LAZY, 1000000000};
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0);
	send_many(3);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].doorbells, 0);
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].doorbells, 1);
	cr_expect_eq(net_transmit(&fixture, 9), 3);
	net_close(&fixture);
}

/* 3.3.1: packets in flight are freed, but only once the device has let go of them. */
Test(tx_faults, stop_with_packets_in_flight)
{
	struct kl_net_queue_stats stats;

	net_open(&fixture);
	send_many(20);
	net_transmit(&fixture, 5);
	fixture.fake->script.reset_reads = 10;
	fixture.fake->script.scribbles = true;
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(net_buffers_out(&fixture), 0);
	stats = net_stats(&fixture, KL_NET_TX);
	cr_expect_eq(stats.queue.posted, 20);
	cr_expect_eq(stats.queue.done + stats.queue.failed, 20);
	stats = net_stats(&fixture, KL_NET_RX);
	cr_expect_eq(stats.queue.failed, stats.queue.posted - stats.queue.done);
	net_close(&fixture);
}

Test(tx_faults, close_with_packets_in_flight)
{
	net_open(&fixture);
	send_many(20);
	net_close(&fixture);
}

static void expect_broken(enum kl_queue_fault fault, unsigned int sent)
{
	struct rte_mbuf *packet = net_packet(&fixture, 60, 0);
	struct kl_net_queue_info info;
	uint64_t doorbells;

	kl_net_tx_kick(fixture.net, 0);
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_TX, 0, &info), 0);
	cr_expect_eq(info.fault, fault, "%s", kl_queue_fault_name(info.fault));
	doorbells = fixture.fake->queue[FIXTURE_TX].doorbells;
	cr_expect_eq(net_send(&fixture, packet), 0, "nothing moves any more");
	kl_net_tx_kick(fixture.net, 0);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].doorbells, doorbells);
	rte_pktmbuf_free(packet);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(net_buffers_out(&fixture), 0, "all came back");
	cr_expect_eq(net_stats(&fixture, KL_NET_TX).queue.posted, sent);
	fixture.fake->violations = 0;
	cr_assert_eq(net_start(&fixture), 0);
	send_many(10);
	cr_expect_eq(net_transmit(&fixture, 20), 10);
	net_close(&fixture);
}

Test(tx_faults, used_id_beyond_the_table)
{
	net_open(&fixture);
	send_many(4);
	fake_write_raw_used(fixture.fake, FIXTURE_TX, 70000, 0);
	expect_broken(KL_QUEUE_USED_ID, 4);
}

Test(tx_faults, used_twice)
{
	net_open(&fixture);
	send_many(4);
	net_transmit(&fixture, 1);
	fake_write_raw_used(fixture.fake, FIXTURE_TX, 0, 0);
	expect_broken(KL_QUEUE_USED_TWICE, 4);
}

Test(tx_faults, used_index_jumps)
{
	ONLY_IF(!ring_is("packed"));
	net_open(&fixture);
	send_many(4);
	fake_write_raw_index(fixture.fake, FIXTURE_TX, 5);
	expect_broken(KL_QUEUE_USED_INDEX, 4);
}

/* The reclaim of a burst finds the malformed entry: that burst already moves nothing. */
static void break_in_a_burst(unsigned int missing_feature)
{
	struct rte_mbuf *packets[2];
	uint64_t doorbells;

	net_prepare(&fixture);
	fake_offer_not(fixture.fake, missing_feature);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0);
	send_many(FIXTURE_RING);
	fake_write_raw_used(fixture.fake, FIXTURE_TX, 4000, 0);
	doorbells = fixture.fake->queue[FIXTURE_TX].doorbells;
	packets[0] = net_packet(&fixture, 60, 0);
	packets[1] = net_packet(&fixture, 60, 0);
	cr_expect_eq(kl_net_tx_burst(fixture.net, 0, packets, 2), 0);
	cr_expect_eq(fixture.fake->queue[FIXTURE_TX].doorbells, doorbells);
	rte_pktmbuf_free_bulk(packets, 2);
	expect_broken(KL_QUEUE_USED_ID, FIXTURE_RING);
}

Test(tx_faults, malformed_used_found_while_sending)
{
	break_in_a_burst(63);
}

Test(tx_faults, malformed_used_found_while_sending_chains)
{
	break_in_a_burst(FIXTURE_INDIRECT);
}

/*
 * A chain needs more descriptors than a burst has packets: the second reclaim finds
 * the malformed entry.
 */
Test(tx_faults, malformed_used_found_while_reclaiming)
{
	struct rte_mbuf *packets[2];

	net_prepare(&fixture);
	fake_offer_not(fixture.fake, FIXTURE_INDIRECT);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0);
	send_many(FIXTURE_RING - 2);
	net_transmit(&fixture, 1);
	fake_write_raw_used(fixture.fake, FIXTURE_TX, 4000, 0);
	packets[0] = net_packet(&fixture, 60, 0);
	for (unsigned int i = 0; i < 3; i++)
		cr_assert_eq(rte_pktmbuf_chain(packets[0], net_packet(&fixture, 60, 0)), 0);
	packets[1] = net_packet(&fixture, 60, 0);
	cr_expect_eq(kl_net_tx_burst(fixture.net, 0, packets, 2), 0);
	rte_pktmbuf_free_bulk(packets, 2);
	expect_broken(KL_QUEUE_USED_ID, FIXTURE_RING - 2);
}
