/* SPDX-License-Identifier: BSD-3-Clause */
/* Offloads through the bursts, over the ring, with the features that they stand for. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_fixture.h"
#include "frames.h"

static struct control_fixture fixture;

/* The bytes that the device got: header, then the packet, not interpreted. */
static uint8_t sent[70000];
static uint32_t sent_bytes;

static uint32_t take(struct fake_device *fake, uint16_t queue, const struct fake_chain *chain,
	void *context)
{
	(void)fake;
	(void)queue;
	(void)context;
	sent_bytes = 0;
	for (unsigned int i = 0; i < chain->count; i++) {
		memcpy(sent + sent_bytes, chain->segment[i].data, chain->segment[i].length);
		sent_bytes += chain->segment[i].length;
	}
	return 0;
}

static void open_with(uint64_t features, uint64_t tx_offloads, uint64_t rx_offloads)
{
	control_prepare(&fixture);
	for (unsigned int bit = 0; bit < 64; bit++)
		if ((features >> bit & 1) != 0)
			fake_offer(fixture.net.fake, bit);
	fixture.net.conf.tx_offloads = tx_offloads;
	fixture.net.conf.rx_offloads = rx_offloads;
	control_start(&fixture, NULL);
	control_history(&fixture);
}

/* Sends one, and gives it to the device. */
static void send_one(struct rte_mbuf *packet)
{
	cr_assert_eq(net_send(&fixture.net, packet), 1);
	fixture.net.fake->script.handler = take;
	cr_assert_eq(fake_process(fixture.net.fake, FIXTURE_TX, 1), 1);
}

static void expect_sum(const struct frame *frame, uint8_t header_bytes)
{
	cr_expect_eq(sent[0], 1);
	frame_device_sum(sent + header_bytes, sent_bytes - header_bytes,
		(uint16_t)(sent[6] | sent[7] << 8), (uint16_t)(sent[8] | sent[9] << 8));
	cr_expect(frame_l4_is_right(frame, sent + header_bytes));
}

#define TX_CKSUM (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

Test(offload_bursts, checksum_sent)
{
	const struct frame frame = {.payload = 100}, cut = {.payload = 100, .cut = 40};
	struct rte_mbuf *packet, *clone;

	open_with(1 << 0, TX_CKSUM, 0);
	cr_expect(kl_device_has(fixture.net.device, 0));
	packet = frame_make(&fixture.net, &frame);
	frame_request_offload(packet, &frame, 0);
	send_one(packet);
	expect_sum(&frame, 12);
	packet = frame_make(&fixture.net, &cut);
	frame_request_offload(packet, &cut, 0);
	send_one(packet);
	expect_sum(&cut, 12);
	/* Without offloads nothing changes. */
	send_one(net_packet(&fixture.net, 60, 1));
	for (unsigned int i = 0; i < 12; i++)
		cr_expect_eq(sent[i], 0);
	/* A packet that has another owner too: its header is put elsewhere. */
	packet = frame_make(&fixture.net, &frame);
	clone = rte_pktmbuf_clone(packet, net_pool(&fixture.net, "clones", 16, 100, 0));
	frame_request_offload(clone, &frame, 0);
	send_one(clone);
	expect_sum(&frame, 12);
	rte_pktmbuf_free(packet);
	kl_net_tx_kick(fixture.net.net, 0);
	control_close(&fixture);
}

Test(offload_bursts, checksum_without_the_device)
{
	const struct frame frame = {.payload = 100, .is_partial = true};
	struct rte_mbuf *packet;

	open_with(0, TX_CKSUM, 0);
	packet = frame_make(&fixture.net, &frame);
	packet->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	send_one(packet);
	for (unsigned int i = 0; i < 12; i++)
		cr_expect_eq(sent[i], 0, "NTX-03");
	cr_expect(frame_l4_is_right(&frame, sent + 12));
	control_close(&fixture);
}

Test(offload_bursts, segmentation)
{
	const uint64_t features = 1 << 0 | 1 << 11 | 1 << 12 | 1 << 13 | UINT64_C(1) << 59;
	const struct frame frame = {.payload = 20000};
	struct rte_mbuf *packet;

	open_with(features, RTE_ETH_TX_OFFLOAD_TCP_TSO, 0);
	cr_expect_eq(fixture.net.fake->accepted.word[0] & features, features);
	packet = frame_make(&fixture.net, &frame);
	frame_request_offload(packet, &frame, RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IP_CKSUM);
	packet->tso_segsz = 1448;
	send_one(packet);
	cr_expect_eq(sent[1], 1);
	cr_expect_eq(sent[2] | sent[3] << 8, 54);
	cr_expect_eq(sent[4] | sent[5] << 8, 1448);
	cr_expect(frame_ip_is_right(&frame, sent + 12));
	expect_sum(&frame, 12);
	/* One that can't be cut is counted, freed, and stops nobody. */
	packet = frame_make(&fixture.net, &frame);
	frame_request_offload(packet, &frame, RTE_MBUF_F_TX_UDP_SEG);
	packet->tso_segsz = 1448;
	cr_expect_eq(net_send(&fixture.net, packet), 1);
	cr_expect_eq(net_stats(&fixture.net, KL_NET_TX).errors, 1);
	control_close(&fixture);
}

static struct rte_mbuf *arrive(const struct arrival *arrival)
{
	cr_assert_geq(net_arrive(&fixture.net, arrival), 1);
	return net_receive(&fixture.net);
}

Test(offload_bursts, checksum_received)
{
	struct arrival valid = {.bytes = 100, .header = {2}},
		       outside = {.bytes = 100, .header = {1}};
	struct arrival inside = {.bytes = 5000, .header = {1}};
	struct rte_mbuf *packet;

	open_with(1 << 1 | 1 << 2, 0, RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
	packet = arrive(&valid);
	cr_assert_neq(packet, NULL);
	cr_expect_eq(net_flags(packet), RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	rte_pktmbuf_free(packet);
	/* Fault 53: beyond the packet. */
	outside.header[6] = 99;
	packet = arrive(&outside);
	cr_assert_neq(packet, NULL);
	cr_expect_eq(net_flags(packet), 0);
	cr_expect_eq(net_stats(&fixture.net, KL_NET_RX).errors, 1);
	rte_pktmbuf_free(packet);
	/* In the second of merged buffers. */
	inside.header[6] = 3000 & 0xff;
	inside.header[7] = 3000 >> 8;
	packet = arrive(&inside);
	cr_assert_neq(packet, NULL);
	cr_expect_eq(net_flags(packet), RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	cr_expect_eq(packet->pkt_len, 5000);
	rte_pktmbuf_free(packet);
	/* Fault 54: a large packet of a kind that was not negotiated. */
	inside.header[1] = 1;
	cr_expect_eq(arrive(&inside), NULL);
	cr_expect_eq(net_stats(&fixture.net, KL_NET_RX).errors, 2);
	control_close(&fixture);
}

Test(offload_bursts, large_packets_received)
{
	const uint64_t features = 1 << 1 | 1 << 7 | 1 << 8 | 1 << 9 | UINT64_C(3) << 54;
	const struct arrival arrival = {.bytes = 9000,
		.header = {1, 1, 0, 0, 0xb4, 5, 100, 0, 16, 0}};
	struct rte_mbuf *packet;

	open_with(features, 0, RTE_ETH_RX_OFFLOAD_TCP_LRO);
	cr_expect_eq(fixture.net.fake->accepted.word[0] & features, features);
	packet = arrive(&arrival);
	cr_assert_neq(packet, NULL);
	cr_expect(packet->ol_flags & RTE_MBUF_F_RX_LRO);
	cr_expect_eq(packet->tso_segsz, 1460);
	rte_pktmbuf_free(packet);
	control_close(&fixture);
}

/* CTL-26, CTL-27: off and on again, and only what was negotiated. */
Test(offload_bursts, changed_while_running)
{
	const uint64_t all = RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
		RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_SCATTER;
	struct kl_net *net;

	open_with(1 << 1 | 1 << 2 | 1 << 7 | 1 << 8, 0, RTE_ETH_RX_OFFLOAD_TCP_LRO);
	net = fixture.net.net;
	cr_expect_eq(kl_net_rx_offloads(net), all);
	cr_expect_eq(kl_net_rx_offloads_set(net, all & ~RTE_ETH_RX_OFFLOAD_TCP_LRO), 0);
	control_expect(&fixture, 5, 0, "\2\0\0\0\0\0\0\0", 8);
	cr_expect_eq(kl_net_rx_offloads_set(net, RTE_ETH_RX_OFFLOAD_SCATTER), 0);
	control_expect(&fixture, 5, 0, "\0\0\0\0\0\0\0\0", 8);
	cr_expect_eq(kl_net_rx_offloads_set(net, all), 0);
	control_expect(&fixture, 5, 0, "\x82\1\0\0\0\0\0\0", 8);
	control_history(&fixture);
	cr_expect_eq(kl_net_rx_offloads_set(net, all | RTE_ETH_RX_OFFLOAD_VLAN_STRIP), 0);
	cr_expect_str_eq(control_history(&fixture), "", "that is ours");
	cr_expect_eq(kl_net_rx_offloads_set(net, all | RTE_ETH_RX_OFFLOAD_RSS_HASH), -EINVAL);
	fixture.answer = ANSWER_REFUSES;
	cr_expect_eq(kl_net_rx_offloads_set(net, RTE_ETH_RX_OFFLOAD_SCATTER), -EIO);
	cr_expect_eq(kl_net_rx_offloads(net), all | RTE_ETH_RX_OFFLOAD_VLAN_STRIP);
	control_close(&fixture);
}

/* A recovery keeps the changed offloads. A start sets those of its configuration. */
Test(offload_bursts, changed_and_recovered)
{
	const uint64_t without = RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	struct kl_net *net;

	open_with(1 << 1 | 1 << 2 | 1 << 7 | 1 << 8, 0, RTE_ETH_RX_OFFLOAD_TCP_LRO);
	net = fixture.net.net;
	cr_assert_eq(kl_net_rx_offloads_set(net, without), 0);
	control_history(&fixture);
	fixture.net.fake->status |= 0x40;
	cr_expect_eq(kl_net_recover(net), 0, "%s", log_text());
	control_expect(&fixture, 5, 0, "\0\0\0\0\0\0\0\0", 8);
	cr_expect_eq(kl_net_rx_offloads(net), without);
	control_close(&fixture);
}

/* A longer header both ways, and the hash in the packet. */
Test(offload_bursts, hash_report)
{
	static struct fake_chain chain;
	struct rte_mbuf *packet;

	open_with(UINT64_C(1) << 57, TX_CKSUM, RTE_ETH_RX_OFFLOAD_RSS_HASH);
	cr_expect(kl_device_has(fixture.net.device, FIXTURE_HASH_REPORT));
	send_one(net_packet(&fixture.net, 60, 5));
	cr_expect_eq(sent_bytes, 80);
	for (unsigned int i = 0; i < 60; i++)
		cr_expect_eq(sent[20 + i], net_pattern(5, i));
	cr_assert(fake_pop(fixture.net.fake, FIXTURE_RX, &chain));
	memset(chain.segment[0].data, 0, 20);
	memcpy(chain.segment[0].data + 10, "\1\0\x78\x56\x34\x12\2\0", 8);
	memset(chain.segment[0].data + 20, 7, 60);
	fake_complete(fixture.net.fake, FIXTURE_RX, chain.head, 80);
	packet = net_receive(&fixture.net);
	cr_assert_neq(packet, NULL);
	cr_expect_eq(net_flags(packet), RTE_MBUF_F_RX_RSS_HASH);
	cr_expect_eq(packet->hash.rss, 0x12345678);
	cr_expect_eq(packet->pkt_len, 60);
	cr_expect_eq(rte_pktmbuf_mtod(packet, uint8_t *)[0], 7);
	rte_pktmbuf_free(packet);
	control_close(&fixture);
}
