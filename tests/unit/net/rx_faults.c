/* SPDX-License-Identifier: BSD-3-Clause */
/* Malformed used entries and headers of received packets: counted, dropped, and nothing leaks. */
#include <string.h>

#include <criterion/criterion.h>

#include "net_fixture.h"

static struct net_fixture fixture;
static struct fake_chain chain;

static void open_with(bool mergeable)
{
	net_prepare(&fixture);
	if (!mergeable)
		fake_offer_not(fixture.fake, FIXTURE_MRG_RXBUF);
	cr_assert_eq(net_attach(&fixture, NULL), 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

static void arrive_well(uint32_t seed)
{
	const struct arrival arrival = {.bytes = 90, .seed = seed};

	cr_assert_eq(net_arrive(&fixture, &arrival), 1);
	net_expect_packet(net_receive(&fixture), 90, seed);
}

/* Completes one buffer with a length that the device makes up. */
static void complete_with(uint32_t length, uint16_t num_buffers)
{
	cr_assert(fake_pop(fixture.fake, FIXTURE_RX, &chain));
	memset(chain.segment[0].data, 0x77, chain.segment[0].length);
	memset(chain.segment[0].data, 0, FIXTURE_HEADER);
	memcpy(chain.segment[0].data + 10, &num_buffers, 2);
	fake_complete(fixture.fake, FIXTURE_RX, chain.head, length);
	fake_arm(fixture.fake, FIXTURE_RX);
}

/* NRX-21: shorter than a header and a byte, or longer than the buffer. */
static void check_lengths(bool mergeable)
{
	static const uint32_t lengths[] = {0, 1, 11, 12, FIXTURE_ROOM + FIXTURE_HEADER + 1, 65535,
		65536, 65536 + 60, UINT32_MAX - 1, UINT32_MAX};
	struct kl_net_queue_stats stats;

	open_with(mergeable);
	for (uint32_t i = 0; i < RTE_DIM(lengths); i++) {
		complete_with(lengths[i], 1);
		cr_expect_eq(net_receive(&fixture), NULL, "length %u", lengths[i]);
		cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, i + 1);
		arrive_well(i);
	}
	complete_with(FIXTURE_ROOM + FIXTURE_HEADER, 1);
	rte_pktmbuf_free(net_receive(&fixture));
	stats = net_stats(&fixture, KL_NET_RX);
	cr_expect_eq(stats.packets, RTE_DIM(lengths) + 1);
	cr_expect_eq(stats.queue.bad_used, 0, "the queue stays in step");
	net_expect_law(&fixture);
	net_close(&fixture);
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
			net_arrive(&fixture, &arrival);
	}
	cr_assert_eq(kl_net_rx_burst(fixture.net, 0, packets, 8), 5);
	for (unsigned int i = 0, n = 0; i < 8; i++)
		if (i % 3 != 1)
			net_expect_packet(packets[n++], 64, i);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 3);
	net_close(&fixture);
}

/* faults 56: a number of no meaning; the data is there. */
Test(rx_faults, num_buffers_0)
{
	const struct arrival arrival = {.bytes = 64, .seed = 3, .malforms_buffers = true};

	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	net_arrive(&fixture, &arrival);
	net_expect_packet(net_receive(&fixture), 64, 3);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 1);
	arrive_well(1);
	net_close(&fixture);
}

/* Without MRG_RXBUF the field is not read. */
Test(rx_faults, num_buffers_without_mergeable_buffers)
{
	const struct arrival arrival = {.bytes = 64,
		.seed = 3,
		.num_buffers = 999,
		.malforms_buffers = true};

	open_with(false);
	net_arrive(&fixture, &arrival);
	net_expect_packet(net_receive(&fixture), 64, 3);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 0);
	net_close(&fixture);
}

/* The queue trusts its device no more: nothing moves until a restart, which makes all well. */
static void expect_broken_then_restart(enum kl_queue_fault fault)
{
	struct kl_net_queue_info info;

	cr_expect_eq(net_receive(&fixture), NULL);
	cr_assert_eq(kl_net_queue_info_get(fixture.net, KL_NET_RX, 0, &info), 0);
	cr_expect_eq(info.fault, fault, "%s", kl_queue_fault_name(info.fault));
	cr_expect_geq(net_stats(&fixture, KL_NET_RX).queue.bad_used, 1);
	cr_expect_eq(net_receive(&fixture), NULL);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_expect_eq(net_buffers_out(&fixture), 0, "all came back");
	fixture.fake->violations = 0;
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	for (uint32_t i = 0; i < 200; i++)
		arrive_well(i);
	net_close(&fixture);
}

static void check_num_buffers(uint16_t num_buffers)
{
	const struct arrival arrival = {.bytes = 64,
		.num_buffers = num_buffers,
		.malforms_buffers = true};

	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	arrive_well(0);
	net_arrive(&fixture, &arrival);
	cr_expect_eq(net_receive(&fixture), NULL);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 1);
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
	const struct arrival malformed = {.bytes = 64, .num_buffers = 3, .malforms_buffers = true};
	const struct arrival honest = {.bytes = 64, .seed = 9};
	struct rte_mbuf *packet;

	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	net_arrive(&fixture, &malformed);
	net_arrive(&fixture, &honest);
	net_arrive(&fixture, &honest);
	packet = net_receive(&fixture);
	cr_assert_neq(packet, NULL);
	cr_expect_eq(packet->nb_segs, 3);
	cr_expect_eq(packet->pkt_len, 64 + 2 * (64 + FIXTURE_HEADER),
		"in the bounds of what was written");
	rte_pktmbuf_free(packet);
	arrive_well(1);
	net_close(&fixture);
}

/* A later buffer of a packet that is empty, or longer than it can be. */
static void check_second_length(uint32_t length)
{
	ONLY_IF(!ring_is("unmerged"));
	open_with(true);
	complete_with(FIXTURE_HEADER + 100, 3);
	complete_with(length, 0);
	complete_with(50, 0);
	cr_expect_eq(net_receive(&fixture), NULL);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 1);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).packets, 0);
	arrive_well(7);
	net_close(&fixture);
}

Test(rx_faults, second_buffer_empty)
{
	check_second_length(0);
}

Test(rx_faults, second_buffer_too_long)
{
	check_second_length(FIXTURE_ROOM + FIXTURE_HEADER + 1);
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
	complete_with(FIXTURE_HEADER + 100, 2);
	fake_write_raw_used(fixture.fake, FIXTURE_RX, chain.head, 60);
	cr_expect_eq(net_receive(&fixture), NULL);
	cr_expect_eq(net_stats(&fixture, KL_NET_RX).errors, 1);
	expect_broken_then_restart(KL_QUEUE_USED_TWICE);
}

Test(rx_faults, used_id_beyond_the_table)
{
	open_with(true);
	fake_write_raw_used(fixture.fake, FIXTURE_RX, FIXTURE_RING, 60);
	expect_broken_then_restart(KL_QUEUE_USED_ID);
}

Test(rx_faults, used_twice)
{
	open_with(false);
	complete_with(FIXTURE_HEADER + 9, 1);
	fake_write_raw_used(fixture.fake, FIXTURE_RX, chain.head, 60);
	rte_pktmbuf_free(net_receive(&fixture));
	expect_broken_then_restart(KL_QUEUE_USED_TWICE);
}

Test(rx_faults, used_index_jumps)
{
	ONLY_IF(!ring_is("packed"));
	open_with(true);
	fake_write_raw_index(fixture.fake, FIXTURE_RX, 1000);
	expect_broken_then_restart(KL_QUEUE_USED_INDEX);
}

/* The good packets before a malformed entry are delivered, those behind it are not. */
Test(rx_faults, malformed_used_in_a_burst)
{
	struct rte_mbuf *packets[8];

	open_with(true);
	complete_with(FIXTURE_HEADER + 10, 1);
	complete_with(FIXTURE_HEADER + 20, 1);
	fake_write_raw_used(fixture.fake, FIXTURE_RX, 5000, 60);
	cr_assert_eq(kl_net_rx_burst(fixture.net, 0, packets, 8), 2);
	cr_expect(packets[0]->pkt_len == 10 && packets[1]->pkt_len == 20);
	rte_pktmbuf_free_bulk(packets, 2);
	expect_broken_then_restart(KL_QUEUE_USED_ID);
}
