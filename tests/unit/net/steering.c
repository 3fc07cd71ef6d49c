/* SPDX-License-Identifier: BSD-3-Clause */
/* Queue pairs, RSS and hashes: 5.1.9.5.5 to 5.1.9.5.7. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_fixture.h"

#define ALL_TYPES 0x1ff

static struct control_fixture fixture;

static void set16(unsigned int at, uint16_t value)
{
	memcpy(fixture.net.fake->script.config + at, &value, sizeof(value));
}

/* NRX-06, CTL-13: every receive queue that will be used has its buffers before the command. */
static void expect_receivers(uint16_t pairs)
{
	for (uint16_t i = 0; i < pairs; i++) {
		fake_observe(fixture.net.fake, (uint16_t)(2 * i));
		cr_expect_eq(fixture.net.fake->queue[2 * i].seen, FIXTURE_RING, "receive queue %u",
			i);
	}
}

static void expect_nothing_is_sent(uint16_t from, uint16_t to)
{
	struct rte_mbuf *packet = net_packet(&fixture.net, 60, 0);

	for (uint16_t queue = from; queue < to; queue++)
		cr_expect_eq(kl_net_tx_burst(fixture.net.net, queue, &packet, 1), 0);
	rte_pktmbuf_free(packet);
}

/*
 * CTL-15: while the command about the pairs is pending none but the first may send, and none does.
 */
static unsigned int commands_seen;

static uint32_t send_meanwhile(struct fake_device *fake, uint16_t queue,
	const struct fake_chain *chain, void *context)
{
	(void)fake;
	(void)queue;
	(void)context;
	expect_receivers(4);
	expect_nothing_is_sent(0, 4);
	commands_seen++;
	*chain->segment[chain->count - 1].data = 0;
	return 1;
}

Test(steering, nothing_is_sent_before_the_device_knows)
{
	control_prepare(&fixture);
	fixture.net.conf.queue_pairs = 4;
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	/* So that there are queues to send on. */
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	fixture.net.fake->script.handler = send_meanwhile;
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_eq(commands_seen, 1);
	control_close(&fixture);
}

static void expect_traffic(uint16_t pairs)
{
	for (uint16_t queue = 0; queue < pairs; queue++) {
		const struct fake_queue *ring = &fixture.net.fake->queue[2 * queue + 1];
		struct rte_mbuf *packet = net_packet(&fixture.net, 60, queue);
		uint64_t doorbells = ring->doorbells;

		cr_expect_eq(kl_net_tx_burst(fixture.net.net, queue, &packet, 1), 1);
		cr_expect_eq(ring->doorbells, doorbells + 1);
	}
}

/* CTL-13 to CTL-17: all pairs exist before the command, and only after it packets are sent. */
Test(steering, queue_pairs)
{
	control_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	cr_expect_eq(kl_net_info(fixture.net.net)->max_queue_pairs, 4);
	for (uint16_t pairs = 1; pairs <= 4; pairs++) {
		fixture.net.conf.queue_pairs = pairs;
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		cr_expect_eq(kl_net_queue_pairs(fixture.net.net), pairs);
		cr_expect_str_eq(control_history(&fixture), pairs == 1 ? "" : "4.0");
		if (pairs > 1)
			control_expect(&fixture, 4, 0, &pairs, 2);
		for (uint16_t i = 0; i < CONTROL_INDEX; i++)
			cr_expect_eq(fixture.net.fake->queue[i].is_enabled, i < 2 * pairs);
		expect_traffic(pairs);
		cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	}
	fixture.net.conf.queue_pairs = 5;
	cr_expect_eq(net_start(&fixture.net), -EINVAL);
	cr_expect(logged("1 to 4"), "%s", log_text());
	control_close(&fixture);
}

/*
 * NET-22, NET-23: an invalid number, or one of more pairs than there are queues, costs the feature,
 * and the control queue is behind the only pair then.
 */
Test(steering, numbers_of_pairs)
{
	static const struct {
		uint16_t claimed, expected;
	} cases[] = {{0, 1}, {1, 1}, {3, 3}, {0x7fff, 1}, {0x8000, 1}, {0xffff, 1}};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		bool has_queues = cases[i].claimed != 0 && cases[i].claimed < 8;

		control_prepare(&fixture);
		set16(8, cases[i].claimed);
		cr_assert_eq(net_attach(&fixture.net, NULL), 0);
		fixture.index = (uint16_t)(2 * cases[i].expected);
		control_listen(&fixture);
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		cr_expect_eq(kl_net_info(fixture.net.net)->max_queue_pairs, cases[i].expected);
		cr_expect_eq(kl_device_has(fixture.net.device, FIXTURE_MQ), has_queues);
		cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true), 0);
		control_close(&fixture);
	}
}

/* CTL-16: queues of an earlier start with more pairs send no more. */
Test(steering, fewer_pairs_than_before)
{
	control_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	for (uint16_t pairs = 4; pairs >= 1; pairs--) {
		fixture.net.conf.queue_pairs = pairs;
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		expect_traffic(pairs);
		expect_nothing_is_sent(pairs, 4);
		cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	}
	control_close(&fixture);
}

/* Automatic steering is not requested of a device that has only RSS. */
Test(steering, rss_without_mq)
{
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, FIXTURE_MQ);
	fixture.net.conf.queue_pairs = 4;
	control_start(&fixture, NULL);
	cr_expect_str_eq(control_history(&fixture), "4.1");
	expect_traffic(4);
	control_close(&fixture);
}

/* 5.1.9.5.7.1, byte for byte. */
static void expect_rss(uint32_t types, uint16_t entries, const uint16_t *table, uint16_t pairs,
	const uint8_t *key, uint8_t key_bytes)
{
	static uint8_t bytes[70000];
	uint16_t mask = (uint16_t)(entries - 1);
	uint32_t at = 0;

	memcpy(bytes, &types, 4);
	memcpy(bytes + 4, &mask, 2);
	memset(bytes + 6, 0, 2);
	at = 8;
	memcpy(bytes + at, table, entries * 2u);
	at += entries * 2u;
	memcpy(bytes + at, &pairs, 2);
	bytes[at + 2] = key_bytes;
	memcpy(bytes + at + 3, key, key_bytes);
	control_expect(&fixture, 4, 1, bytes, at + 3 + key_bytes);
}

/* CTL-19, CTL-22 to CTL-24: any key and any table that the device can take. */
Test(steering, rss_sizes)
{
	static const uint16_t tables[] = {1, 2, 100, 128, 32768, 65535};
	static uint16_t table[32768];
	static uint8_t key[255];
	struct kl_net_rss rss = {.table = table, .key = key};
	struct kl_net_rss got;

	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = net_pattern(5, i);
	for (unsigned int i = 0; i < RTE_DIM(table); i++)
		table[i] = (uint16_t)(i * 7 / 3 % 4);
	for (unsigned int i = 0; i < RTE_DIM(tables); i++) {
		uint8_t key_max = i == 0 ? 1 : (uint8_t)(51 * i);

		control_prepare(&fixture);
		set16(18, tables[i]);
		fixture.net.fake->script.config[17] = key_max;
		fixture.net.conf.queue_pairs = 4;
		control_start(&fixture, NULL);
		cr_expect_eq(kl_net_info(fixture.net.net)->rss_table_max, tables[i]);
		cr_expect_eq(kl_net_info(fixture.net.net)->rss_key_max, key_max);
		rss.types = RTE_ETH_RSS_NONFRAG_IPV4_TCP;
		for (uint32_t entries = 1; entries <= tables[i]; entries *= 2) {
			rss.table_entries = (uint16_t)entries;
			rss.key_bytes = key_max;
			cr_assert_eq(kl_net_rss_set(fixture.net.net, &rss), 0, "%s", log_text());
			expect_rss(2, rss.table_entries, table, 4, key, key_max);
		}
		cr_assert_eq(kl_net_rss_get(fixture.net.net, &got), 0);
		cr_expect_eq(got.types, rss.types);
		cr_expect_eq(got.table_entries, rss.table_entries);
		cr_expect_arr_eq(got.key, key, got.key_bytes);
		cr_expect_eq(got.table[got.table_entries - 1], table[got.table_entries - 1]);
		/* Without a word, what fits. */
		cr_assert_eq(kl_net_rss_set(fixture.net.net, &(struct kl_net_rss){0}), 0, "%s",
			log_text());
		cr_assert_eq(kl_net_rss_get(fixture.net.net, &got), 0);
		cr_expect_eq(got.key_bytes, RTE_MIN(key_max, 40));
		cr_expect_leq(got.table_entries, RTE_MIN(tables[i], 128));
		control_close(&fixture);
	}
}

static void expect_rss_refused(const struct kl_net_rss *rss, const char *text)
{
	forget_log();
	cr_expect_eq(kl_net_rss_set(fixture.net.net, rss), -EINVAL);
	cr_expect(logged(text), "%s: %s", text, log_text());
	cr_expect_str_eq(control_history(&fixture), "");
}

Test(steering, rss_refused)
{
	static uint16_t table[256];
	static uint8_t key[256];

	control_prepare(&fixture);
	fixture.net.fake->script.config[20] = 2; /* TCP over IPv4 alone */
	fixture.net.fake->script.config[21] = 0;
	fixture.net.conf.queue_pairs = 2;
	control_start(&fixture, NULL);
	control_history(&fixture);
	expect_rss_refused(&(struct kl_net_rss){.types = RTE_ETH_RSS_IPV4}, "can't hash");
	expect_rss_refused(&(struct kl_net_rss){.types = RTE_ETH_RSS_S_VLAN}, "can't hash");
	expect_rss_refused(&(struct kl_net_rss){.key = key, .key_bytes = 41}, "1 to 40");
	expect_rss_refused(&(struct kl_net_rss){.key = key}, "1 to 40");
	expect_rss_refused(&(struct kl_net_rss){.table = table, .table_entries = 256}, "up to 128");
	expect_rss_refused(&(struct kl_net_rss){.table = table, .table_entries = 96},
		"powers of two");
	expect_rss_refused(&(struct kl_net_rss){.table = table}, "powers of two");
	table[3] = 2;
	expect_rss_refused(&(struct kl_net_rss){.table = table, .table_entries = 4}, "0 to 1");
	/* CTL-21: queues that a later start no longer has. It steers by the device's own choice. */
	table[3] = 1;
	cr_expect_eq(kl_net_rss_set(fixture.net.net,
			     &(struct kl_net_rss){.table = table, .table_entries = 4}),
		0);
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	fixture.net.conf.queue_pairs = 1;
	forget_log();
	cr_expect_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect(logged("entry 3 of the RSS table is queue 1; allowed: 0 to 0; it runs without"),
		"%s", log_text());
	cr_expect_eq(kl_net_info(fixture.net.net)->unapplied_settings, 1u << KL_NET_SETTING_RSS);
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	cr_expect_eq(kl_net_rss_set(fixture.net.net, NULL), 0);
	cr_expect_eq(net_start(&fixture.net), 0, "%s", log_text());
	control_close(&fixture);
}

/* Fault 61: a device that offers RSS and has no room for it has none. */
Test(steering, rss_of_nothing)
{
	for (unsigned int i = 0; i < 2; i++) {
		control_prepare(&fixture);
		if (i == 0)
			fixture.net.fake->script.config[17] = 0;
		else
			set16(18, 0);
		control_start(&fixture, NULL);
		cr_expect_not(kl_device_has(fixture.net.device, FIXTURE_RSS));
		cr_expect_eq(kl_net_info(fixture.net.net)->rss_table_max, 0);
		control_close(&fixture);
	}
}

/* The table in turn follows the number of pairs of each start. */
Test(steering, rss_in_turn)
{
	struct kl_net_rss rss = {.types = RTE_ETH_RSS_IPV6_UDP_EX, .table_entries = 4}, got;

	control_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	cr_assert_eq(kl_net_rss_set(fixture.net.net, &rss), 0, "%s", log_text());
	for (uint16_t pairs = 1; pairs <= 4; pairs++) {
		fixture.net.conf.queue_pairs = pairs;
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		cr_expect_str_eq(control_history(&fixture), "4.1");
		cr_assert_eq(kl_net_rss_get(fixture.net.net, &got), 0);
		for (uint16_t i = 0; i < 4; i++)
			cr_expect_eq(got.table[i], i % pairs);
		expect_rss(1 << 8, 4, got.table, pairs, got.key, 40);
		cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	}
	control_close(&fixture);
}

/* CTL-18: a hash without RSS; the words where its table would be are zero. 5.1.9.5.6.4. */
Test(steering, hash_alone)
{
	static const uint8_t key[] = {1, 2, 3};
	static const struct kl_net_rss rss = {.types = RTE_ETH_RSS_NONFRAG_IPV4_TCP,
		.key = key,
		.key_bytes = 3};

	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, FIXTURE_RSS);
	fake_offer(fixture.net.fake, FIXTURE_HASH_REPORT);
	fixture.net.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH;
	control_start(&fixture, NULL);
	cr_assert_eq(kl_net_rss_set(fixture.net.net, &rss), 0, "%s", log_text());
	control_expect(&fixture, 4, 2, "\2\0\0\0\0\0\0\0\0\0\0\0\3\1\2\3", 16);
	control_close(&fixture);
}

/* CTL-33 to CTL-35 */
Test(steering, tunnels)
{
	control_prepare(&fixture);
	memset(fixture.net.fake->script.config + 24, 0xff, 4);
	control_start(&fixture, NULL);
	cr_expect_eq(kl_net_hash_tunnels_get(fixture.net.net), 0x1ff);
	cr_expect_eq(kl_net_hash_tunnels_set(fixture.net.net, 0x200), -EINVAL);
	cr_expect_eq(kl_net_hash_tunnels_set(fixture.net.net, 0x1ff), 0);
	control_expect(&fixture, 7, 0, "\xff\1\0\0", 4);
	cr_expect_eq(kl_net_hash_tunnels_set(fixture.net.net, 0), 0);
	control_close(&fixture);
}

/* All types both ways. */
Test(steering, hash_types)
{
	control_open(&fixture);
	for (unsigned int bit = 0; bit < 9; bit++) {
		uint64_t types;

		fixture.net.fake->script.config[20] = (uint8_t)(1 << bit);
		fixture.net.fake->script.config[21] = (uint8_t)(1 << bit >> 8);
		cr_expect_eq(kl_net_stop(fixture.net.net), 0);
		cr_assert_eq(net_start(&fixture.net), 0);
		types = kl_net_info(fixture.net.net)->rss_types;
		cr_expect_neq(types, 0);
		for (; types != 0; types &= types - 1) {
			const struct kl_net_rss rss = {.types = types & -types};

			cr_assert_eq(kl_net_rss_set(fixture.net.net, &rss), 0, "%s", log_text());
			cr_expect_eq(fixture.last.data[0] | fixture.last.data[1] << 8, 1 << bit);
		}
		cr_expect_eq(kl_net_rss_set(fixture.net.net, NULL), 0);
	}
	control_close(&fixture);
}
