/* SPDX-License-Identifier: BSD-3-Clause */
/* Kick policies, stops with packets in flight, and devices that lie about what they sent. */
#include <criterion/criterion.h>

#include "net_rig.h"

static struct net_rig rig;

static void send_many(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		cr_assert_eq(net_send(&rig, net_packet(&rig, 60, i)), 1);
}

/* One decision per burst, and the device's wish is followed (the model counts each deviation). */
Test(tx_faults, one_decision_per_burst)
{
	struct rte_mbuf *packets[32];
	struct kl_net_queue_stats stats;

	net_open(&rig);
	for (unsigned int round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 32; i++)
			packets[i] = net_packet(&rig, 60, i);
		cr_assert_eq(kl_net_tx_burst(rig.net, 0, packets, 32), 32);
		rig.model->queue[RIG_TX].is_busy = round >= 4;
		net_transmit(&rig, 64);
	}
	stats = net_stats(&rig, KL_NET_TX);
	cr_expect_eq(stats.queue.kicks_sent + stats.queue.kicks_suppressed, 10);
	cr_expect_eq(stats.queue.kicks_sent, 5, "four and the one that was armed for");
	net_expect_law(&rig);
	net_close(&rig);
}

/* A burst of nothing is no news. */
Test(tx_faults, empty_bursts)
{
	net_open(&rig);
	for (unsigned int i = 0; i < 10000; i++)
		cr_expect_eq(kl_net_tx_burst(rig.net, 0, NULL, 0), 0);
	cr_expect_eq(rig.model->queue[RIG_TX].doorbells, 0);
	net_close(&rig);
}

/* With a policy that waits, an empty burst decides when the time has come, and a flush at once. */
Test(tx_faults, lazy_kicks)
{
	net_prepare(&rig);
	rig.model->host.ticks_per_second = 1;
	rig.model->queue[RIG_TX].kicks = MODEL_KICKS_LAZY;
	rig.conf.tx_kick = (struct kl_kick_policy){KL_KICK_LAZY, 1};
	cr_assert_eq(net_attach(&rig, NULL), 0);
	cr_assert_eq(net_start(&rig), 0);
	rig.model->script.serves_doorbells = true;
	send_many(1);
	kl_net_tx_burst(rig.net, 0, NULL, 0);
	cr_expect_eq(rig.model->queue[RIG_TX].doorbells, 1);
	kl_net_tx_kick(rig.net, 0);
	cr_expect_eq(net_buffers_out(&rig), RIG_RING);
	net_close(&rig);
}

Test(tx_faults, flush_forces_an_owed_kick)
{
	net_prepare(&rig);
	rig.model->host.ticks_per_second = 10000000000;
	rig.model->queue[RIG_TX].kicks = MODEL_KICKS_LAZY;
	rig.conf.tx_kick = (struct kl_kick_policy){KL_KICK_LAZY, 1000000000};
	cr_assert_eq(net_attach(&rig, NULL), 0);
	cr_assert_eq(net_start(&rig), 0);
	send_many(3);
	cr_expect_eq(rig.model->queue[RIG_TX].doorbells, 0);
	kl_net_tx_kick(rig.net, 0);
	cr_expect_eq(rig.model->queue[RIG_TX].doorbells, 1);
	cr_expect_eq(net_transmit(&rig, 9), 3);
	net_close(&rig);
}

/* 3.3.1: packets in flight are freed, but only once the device has let go of them. */
Test(tx_faults, stop_with_packets_in_flight)
{
	struct kl_net_queue_stats stats;

	net_open(&rig);
	send_many(20);
	net_transmit(&rig, 5);
	rig.model->script.reset_reads = 10;
	rig.model->script.scribbles = true;
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_expect_eq(net_buffers_out(&rig), 0);
	stats = net_stats(&rig, KL_NET_TX);
	cr_expect_eq(stats.queue.posted, 20);
	cr_expect_eq(stats.queue.done + stats.queue.failed, 20);
	stats = net_stats(&rig, KL_NET_RX);
	cr_expect_eq(stats.queue.failed, stats.queue.posted - stats.queue.done);
	net_close(&rig);
}

Test(tx_faults, close_with_packets_in_flight)
{
	net_open(&rig);
	send_many(20);
	net_close(&rig);
}

static void expect_broken(enum kl_queue_fault fault, unsigned int sent)
{
	struct rte_mbuf *packet = net_packet(&rig, 60, 0);
	struct kl_net_queue_info info;
	uint64_t doorbells;

	kl_net_tx_kick(rig.net, 0);
	cr_assert_eq(kl_net_queue_info_get(rig.net, KL_NET_TX, 0, &info), 0);
	cr_expect_eq(info.fault, fault, "%s", kl_queue_fault_name(info.fault));
	doorbells = rig.model->queue[RIG_TX].doorbells;
	cr_expect_eq(net_send(&rig, packet), 0, "nothing moves any more");
	kl_net_tx_kick(rig.net, 0);
	cr_expect_eq(rig.model->queue[RIG_TX].doorbells, doorbells);
	rte_pktmbuf_free(packet);
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_expect_eq(net_buffers_out(&rig), 0, "all came back");
	cr_expect_eq(net_stats(&rig, KL_NET_TX).queue.posted, sent);
	rig.model->violations = 0;
	cr_assert_eq(net_start(&rig), 0);
	send_many(10);
	cr_expect_eq(net_transmit(&rig, 20), 10);
	net_close(&rig);
}

Test(tx_faults, used_id_beyond_the_table)
{
	net_open(&rig);
	send_many(4);
	model_lie_used(rig.model, RIG_TX, 70000, 0);
	expect_broken(KL_QUEUE_USED_ID, 4);
}

Test(tx_faults, used_twice)
{
	net_open(&rig);
	send_many(4);
	net_transmit(&rig, 1);
	model_lie_used(rig.model, RIG_TX, 0, 0);
	expect_broken(KL_QUEUE_USED_TWICE, 4);
}

Test(tx_faults, used_index_jumps)
{
	ONLY_IF(!ring_is("packed"));
	net_open(&rig);
	send_many(4);
	model_lie_index(rig.model, RIG_TX, 5);
	expect_broken(KL_QUEUE_USED_INDEX, 4);
}

/* The lie is found by the reclaim of a burst: that burst already moves nothing. */
static void break_in_a_burst(unsigned int missing_feature)
{
	struct rte_mbuf *packets[2];
	uint64_t doorbells;

	net_prepare(&rig);
	model_offer_not(rig.model, missing_feature);
	cr_assert_eq(net_attach(&rig, NULL), 0);
	cr_assert_eq(net_start(&rig), 0);
	send_many(RIG_RING);
	model_lie_used(rig.model, RIG_TX, 4000, 0);
	doorbells = rig.model->queue[RIG_TX].doorbells;
	packets[0] = net_packet(&rig, 60, 0);
	packets[1] = net_packet(&rig, 60, 0);
	cr_expect_eq(kl_net_tx_burst(rig.net, 0, packets, 2), 0);
	cr_expect_eq(rig.model->queue[RIG_TX].doorbells, doorbells);
	rte_pktmbuf_free_bulk(packets, 2);
	expect_broken(KL_QUEUE_USED_ID, RIG_RING);
}

Test(tx_faults, a_lie_found_while_sending)
{
	break_in_a_burst(63);
}

Test(tx_faults, a_lie_found_while_sending_chains)
{
	break_in_a_burst(RIG_INDIRECT);
}

/* A chain needs more room than a burst has packets: the second look for room finds the lie. */
Test(tx_faults, a_lie_found_while_making_room)
{
	struct rte_mbuf *packets[2];

	net_prepare(&rig);
	model_offer_not(rig.model, RIG_INDIRECT);
	cr_assert_eq(net_attach(&rig, NULL), 0);
	cr_assert_eq(net_start(&rig), 0);
	send_many(RIG_RING - 2);
	net_transmit(&rig, 1);
	model_lie_used(rig.model, RIG_TX, 4000, 0);
	packets[0] = net_packet(&rig, 60, 0);
	for (unsigned int i = 0; i < 3; i++)
		cr_assert_eq(rte_pktmbuf_chain(packets[0], net_packet(&rig, 60, 0)), 0);
	packets[1] = net_packet(&rig, 60, 0);
	cr_expect_eq(kl_net_tx_burst(rig.net, 0, packets, 2), 0);
	rte_pktmbuf_free_bulk(packets, 2);
	expect_broken(KL_QUEUE_USED_ID, RIG_RING - 2);
}
