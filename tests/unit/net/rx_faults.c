/* SPDX-License-Identifier: BSD-3-Clause */
/* A device that lies about what it received: counted, dropped, and nothing leaks. */
#include <string.h>

#include <criterion/criterion.h>

#include "net_rig.h"

static struct net_rig rig;
static struct model_chain chain;

static void open_with(bool mergeable)
{
	net_prepare(&rig);
	if (!mergeable)
		model_offer_not(rig.model, RIG_MRG_RXBUF);
	cr_assert_eq(net_attach(&rig, NULL), 0);
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
}

static void arrive_well(uint32_t seed)
{
	const struct arrival arrival = {.bytes = 90, .seed = seed};

	cr_assert_eq(net_arrive(&rig, &arrival), 1);
	net_expect_packet(net_receive(&rig), 90, seed);
}

/* Completes one buffer with a length that the device makes up. */
static void complete_with(uint32_t length, uint16_t num_buffers)
{
	cr_assert(model_pop(rig.model, RIG_RX, &chain));
	memset(chain.piece[0].data, 0x77, chain.piece[0].length);
	memset(chain.piece[0].data, 0, RIG_HEADER);
	memcpy(chain.piece[0].data + 10, &num_buffers, 2);
	model_complete(rig.model, RIG_RX, chain.head, length);
	model_arm(rig.model, RIG_RX);
}

/* NRX-21: shorter than a header and a byte, or longer than the buffer. */
static void check_lengths(bool mergeable)
{
	static const uint32_t lengths[] = {0, 1, 11, 12, RIG_ROOM + RIG_HEADER + 1, 65535, 65536,
		65536 + 60, UINT32_MAX - 1, UINT32_MAX};
	struct kl_net_queue_stats stats;

	open_with(mergeable);
	for (uint32_t i = 0; i < RTE_DIM(lengths); i++) {
		complete_with(lengths[i], 1);
		cr_expect_eq(net_receive(&rig), NULL, "length %u", lengths[i]);
		cr_expect_eq(net_stats(&rig, KL_NET_RX).errors, i + 1);
		arrive_well(i);
	}
	complete_with(RIG_ROOM + RIG_HEADER, 1);
	rte_pktmbuf_free(net_receive(&rig));
	stats = net_stats(&rig, KL_NET_RX);
	cr_expect_eq(stats.packets, RTE_DIM(lengths) + 1);
	cr_expect_eq(stats.queue.bad_used, 0, "the queue stays in step");
	net_expect_law(&rig);
	net_close(&rig);
}

Test(rx_faults, lengths)
{
	check_lengths(true);
}

Test(rx_faults, lengths_without_mergeable_buffers)
{
	check_lengths(false);
}

/* A bad packet among good ones costs just itself. */
Test(rx_faults, a_bad_one_in_a_burst)
{
	struct rte_mbuf *packets[8];

	open_with(true);
	for (unsigned int i = 0; i < 8; i++) {
		const struct arrival arrival = {.bytes = 64, .seed = i};

		if (i % 3 == 1)
			complete_with(5, 1);
		else
			net_arrive(&rig, &arrival);
	}
	cr_assert_eq(kl_net_rx_burst(rig.net, 0, packets, 8), 5);
	for (unsigned int i = 0, n = 0; i < 8; i++)
		if (i % 3 != 1)
			net_expect_packet(packets[n++], 64, i);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).errors, 3);
	net_close(&rig);
}

/* faults 56: a number of no meaning; the data is there. */
Test(rx_faults, num_buffers_0)
{
	const struct arrival arrival = {.bytes = 64, .seed = 3, .lies_about_buffers = true};

	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	net_arrive(&rig, &arrival);
	net_expect_packet(net_receive(&rig), 64, 3);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).errors, 1);
	arrive_well(1);
	net_close(&rig);
}

/* Without MRG_RXBUF the field is not looked at. */
Test(rx_faults, num_buffers_without_mergeable_buffers)
{
	const struct arrival arrival = {.bytes = 64,
		.seed = 3,
		.num_buffers = 999,
		.lies_about_buffers = true};

	open_with(false);
	net_arrive(&rig, &arrival);
	net_expect_packet(net_receive(&rig), 64, 3);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).errors, 0);
	net_close(&rig);
}

/* The queue trusts its device no more: nothing moves until a restart, which makes all well. */
static void expect_broken_then_restart(enum kl_queue_fault fault)
{
	struct kl_net_queue_info info;

	cr_expect_eq(net_receive(&rig), NULL);
	cr_assert_eq(kl_net_queue_info_get(rig.net, KL_NET_RX, 0, &info), 0);
	cr_expect_eq(info.fault, fault, "%s", kl_queue_fault_name(info.fault));
	cr_expect_geq(net_stats(&rig, KL_NET_RX).queue.bad_used, 1);
	cr_expect_eq(net_receive(&rig), NULL);
	cr_expect_eq(kl_net_stop(rig.net), 0);
	cr_expect_eq(net_buffers_out(&rig), 0, "all came back");
	rig.model->violations = 0;
	cr_assert_eq(net_start(&rig), 0, "%s", log_text());
	for (uint32_t i = 0; i < 200; i++)
		arrive_well(i);
	net_close(&rig);
}

static void check_num_buffers(uint16_t num_buffers)
{
	const struct arrival arrival = {.bytes = 64,
		.num_buffers = num_buffers,
		.lies_about_buffers = true};

	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	arrive_well(0);
	net_arrive(&rig, &arrival);
	cr_expect_eq(net_receive(&rig), NULL);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).errors, 1);
	expect_broken_then_restart(KL_QUEUE_USED_SHORT);
}

Test(rx_faults, num_buffers_2)
{
	check_num_buffers(2);
}

Test(rx_faults, num_buffers_65535)
{
	check_num_buffers(65535);
}

/* More than belong together, but they are there: the packets behind it are swallowed. */
Test(rx_faults, num_buffers_too_many)
{
	const struct arrival liar = {.bytes = 64, .num_buffers = 3, .lies_about_buffers = true};
	const struct arrival honest = {.bytes = 64, .seed = 9};
	struct rte_mbuf *packet;

	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	net_arrive(&rig, &liar);
	net_arrive(&rig, &honest);
	net_arrive(&rig, &honest);
	packet = net_receive(&rig);
	cr_assert_neq(packet, NULL);
	cr_expect_eq(packet->nb_segs, 3);
	cr_expect_eq(packet->pkt_len, 64 + 2 * (64 + RIG_HEADER),
		"in the bounds of what was written");
	rte_pktmbuf_free(packet);
	arrive_well(1);
	net_close(&rig);
}

/* A later buffer of a packet that is empty, or longer than it can be. */
static void check_second_length(uint32_t length)
{
	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	complete_with(RIG_HEADER + 100, 3);
	complete_with(length, 0);
	complete_with(50, 0);
	cr_expect_eq(net_receive(&rig), NULL);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).errors, 1);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).packets, 0);
	arrive_well(7);
	net_close(&rig);
}

Test(rx_faults, second_buffer_empty)
{
	check_second_length(0);
}

Test(rx_faults, second_buffer_too_long)
{
	check_second_length(RIG_ROOM + RIG_HEADER + 1);
}

Test(rx_faults, second_buffer_far_too_long)
{
	check_second_length(UINT32_MAX);
}

/* The second buffer of a packet is one that is not in flight. */
Test(rx_faults, second_buffer_used_twice)
{
	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	complete_with(RIG_HEADER + 100, 2);
	model_lie_used(rig.model, RIG_RX, chain.head, 60);
	cr_expect_eq(net_receive(&rig), NULL);
	cr_expect_eq(net_stats(&rig, KL_NET_RX).errors, 1);
	expect_broken_then_restart(KL_QUEUE_USED_TWICE);
}

Test(rx_faults, used_id_beyond_the_table)
{
	open_with(true);
	model_lie_used(rig.model, RIG_RX, RIG_RING, 60);
	expect_broken_then_restart(KL_QUEUE_USED_ID);
}

Test(rx_faults, used_twice)
{
	open_with(false);
	complete_with(RIG_HEADER + 9, 1);
	model_lie_used(rig.model, RIG_RX, chain.head, 60);
	rte_pktmbuf_free(net_receive(&rig));
	expect_broken_then_restart(KL_QUEUE_USED_TWICE);
}

Test(rx_faults, used_index_jumps)
{
	ONLY_IF(!ring_is("packed"));
	open_with(true);
	model_lie_index(rig.model, RIG_RX, 1000);
	expect_broken_then_restart(KL_QUEUE_USED_INDEX);
}

/* The good packets before a lie are delivered, those behind it are not. */
Test(rx_faults, a_lie_in_a_burst)
{
	struct rte_mbuf *packets[8];

	open_with(true);
	complete_with(RIG_HEADER + 10, 1);
	complete_with(RIG_HEADER + 20, 1);
	model_lie_used(rig.model, RIG_RX, 5000, 60);
	cr_assert_eq(kl_net_rx_burst(rig.net, 0, packets, 8), 2);
	cr_expect(packets[0]->pkt_len == 10 && packets[1]->pkt_len == 20);
	rte_pktmbuf_free_bulk(packets, 2);
	expect_broken_then_restart(KL_QUEUE_USED_ID);
}
