/* SPDX-License-Identifier: BSD-3-Clause */
/* Queue pairs, RSS and hashes: 5.1.9.5.5 to 5.1.9.5.7. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_rig.h"

#define ALL_TYPES 0x1ff

static struct control_rig rig;

static void set16(unsigned int at, uint16_t value)
{
	memcpy(rig.net.model->script.config + at, &value, sizeof(value));
}

/* NRX-06, CTL-13: every receive queue that will be used has its buffers before the device is told. */
static void expect_receivers(uint16_t pairs)
{
	for (uint16_t i = 0; i < pairs; i++) {
		model_observe(rig.net.model, (uint16_t)(2 * i));
		cr_expect_eq(rig.net.model->queue[2 * i].seen, RIG_RING, "receive queue %u", i);
	}
}

static void expect_nothing_is_sent(uint16_t from, uint16_t to)
{
	struct rte_mbuf *packet = net_packet(&rig.net, 60, 0);

	for (uint16_t queue = from; queue < to; queue++)
		cr_expect_eq(kl_net_tx_burst(rig.net.net, queue, &packet, 1), 0);
	rte_pktmbuf_free(packet);
}

/* CTL-15: while the device is told of the pairs none but the first may send, and none does. */
static unsigned int commands_seen;

static uint32_t send_meanwhile(struct model *model, uint16_t queue, const struct model_chain *chain,
	void *context)
{
	(void)model;
	(void)queue;
	(void)context;
	expect_receivers(4);
	expect_nothing_is_sent(0, 4);
	commands_seen++;
	*chain->piece[chain->count - 1].data = 0;
	return 1;
}

Test(steering, nothing_is_sent_before_the_device_knows)
{
	control_prepare(&rig);
	rig.net.conf.queue_pairs = 4;
	cr_assert_eq(net_attach(&rig.net, NULL), 0);
	/* So that there are queues to send on. */
	cr_assert_eq(net_start(&rig.net), 0, "%s", log_text());
	cr_expect_eq(kl_net_stop(rig.net.net), 0);
	rig.net.model->script.handler = send_meanwhile;
	cr_assert_eq(net_start(&rig.net), 0, "%s", log_text());
	cr_expect_eq(commands_seen, 1);
	control_close(&rig);
}

static void expect_traffic(uint16_t pairs)
{
	for (uint16_t queue = 0; queue < pairs; queue++) {
		const struct model_queue *ring = &rig.net.model->queue[2 * queue + 1];
		struct rte_mbuf *packet = net_packet(&rig.net, 60, queue);
		uint64_t doorbells = ring->doorbells;

		cr_expect_eq(kl_net_tx_burst(rig.net.net, queue, &packet, 1), 1);
		cr_expect_eq(ring->doorbells, doorbells + 1);
	}
}

/* CTL-13 to CTL-17: all pairs are there when the device is told, and only then packets are sent. */
Test(steering, queue_pairs)
{
	control_prepare(&rig);
	cr_assert_eq(net_attach(&rig.net, NULL), 0);
	cr_expect_eq(kl_net_info(rig.net.net)->max_queue_pairs, 4);
	for (uint16_t pairs = 1; pairs <= 4; pairs++) {
		rig.net.conf.queue_pairs = pairs;
		cr_assert_eq(net_start(&rig.net), 0, "%s", log_text());
		cr_expect_eq(kl_net_queue_pairs(rig.net.net), pairs);
		cr_expect_str_eq(control_history(&rig), pairs == 1 ? "" : "4.0");
		if (pairs > 1)
			control_expect(&rig, 4, 0, &pairs, 2);
		for (uint16_t i = 0; i < CONTROL_INDEX; i++)
			cr_expect_eq(rig.net.model->queue[i].is_enabled, i < 2 * pairs);
		expect_traffic(pairs);
		cr_expect_eq(kl_net_stop(rig.net.net), 0);
	}
	rig.net.conf.queue_pairs = 5;
	cr_expect_eq(net_start(&rig.net), -EINVAL);
	cr_expect(logged("1 to 4"), "%s", log_text());
	control_close(&rig);
}

/* NET-22, NET-23: nonsense costs the feature, and the control queue is behind the only pair then. */
Test(steering, numbers_of_pairs)
{
	static const struct {
		uint16_t claimed, expected;
	} cases[] = {{0, 1}, {1, 1}, {3, 3}, {0x7fff, 0x7fff}, {0x8000, 1}, {0xffff, 1}};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		bool is_sane = cases[i].claimed != 0 && cases[i].claimed < 0x8000;

		control_prepare(&rig);
		set16(8, cases[i].claimed);
		cr_assert_eq(net_attach(&rig.net, NULL), 0);
		cr_expect_eq(kl_net_info(rig.net.net)->max_queue_pairs, cases[i].expected);
		if (cases[i].claimed < 8) {
			rig.index = (uint16_t)(2 * cases[i].expected);
			control_listen(&rig);
			cr_assert_eq(net_start(&rig.net), 0, "%s", log_text());
			cr_expect_eq(kl_device_has(rig.net.device, RIG_MQ), is_sane);
			cr_expect_eq(kl_net_rx_mode_set(rig.net.net, KL_NET_PROMISCUOUS, true), 0);
		} else if (is_sane) {
			cr_expect_eq(net_start(&rig.net), -EINVAL, "no such queue");
		}
		control_close(&rig);
	}
}

/* CTL-16: queues of an earlier start with more pairs send no more. */
Test(steering, fewer_pairs_than_before)
{
	control_prepare(&rig);
	cr_assert_eq(net_attach(&rig.net, NULL), 0);
	for (uint16_t pairs = 4; pairs >= 1; pairs--) {
		rig.net.conf.queue_pairs = pairs;
		cr_assert_eq(net_start(&rig.net), 0, "%s", log_text());
		expect_traffic(pairs);
		expect_nothing_is_sent(pairs, 4);
		cr_expect_eq(kl_net_stop(rig.net.net), 0);
	}
	control_close(&rig);
}

/* What the device does by itself is not asked of one that has only RSS. */
Test(steering, rss_without_mq)
{
	control_prepare(&rig);
	model_offer_not(rig.net.model, RIG_MQ);
	rig.net.conf.queue_pairs = 4;
	control_start(&rig, NULL);
	cr_expect_str_eq(control_history(&rig), "4.1");
	expect_traffic(4);
	control_close(&rig);
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
	control_expect(&rig, 4, 1, bytes, at + 3 + key_bytes);
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

		control_prepare(&rig);
		set16(18, tables[i]);
		rig.net.model->script.config[17] = key_max;
		rig.net.conf.queue_pairs = 4;
		control_start(&rig, NULL);
		cr_expect_eq(kl_net_info(rig.net.net)->rss_table_max, tables[i]);
		cr_expect_eq(kl_net_info(rig.net.net)->rss_key_max, key_max);
		rss.types = RTE_ETH_RSS_NONFRAG_IPV4_TCP;
		for (uint32_t entries = 1; entries <= tables[i]; entries *= 2) {
			rss.table_entries = (uint16_t)entries;
			rss.key_bytes = key_max;
			cr_assert_eq(kl_net_rss_set(rig.net.net, &rss), 0, "%s", log_text());
			expect_rss(2, rss.table_entries, table, 4, key, key_max);
		}
		cr_assert_eq(kl_net_rss_get(rig.net.net, &got), 0);
		cr_expect_eq(got.types, rss.types);
		cr_expect_eq(got.table_entries, rss.table_entries);
		cr_expect_arr_eq(got.key, key, got.key_bytes);
		cr_expect_eq(got.table[got.table_entries - 1], table[got.table_entries - 1]);
		/* Without a word, what fits. */
		cr_assert_eq(kl_net_rss_set(rig.net.net, &(struct kl_net_rss){0}), 0, "%s",
			log_text());
		cr_assert_eq(kl_net_rss_get(rig.net.net, &got), 0);
		cr_expect_eq(got.key_bytes, RTE_MIN(key_max, 40));
		cr_expect_leq(got.table_entries, RTE_MIN(tables[i], 128));
		control_close(&rig);
	}
}

static void expect_rss_refused(const struct kl_net_rss *rss, const char *text)
{
	forget_log();
	cr_expect_eq(kl_net_rss_set(rig.net.net, rss), -EINVAL);
	cr_expect(logged(text), "%s: %s", text, log_text());
	cr_expect_str_eq(control_history(&rig), "");
}

Test(steering, rss_refused)
{
	static uint16_t table[256];
	static uint8_t key[256];

	control_prepare(&rig);
	rig.net.model->script.config[20] = 2; /* TCP over IPv4 alone */
	rig.net.model->script.config[21] = 0;
	rig.net.conf.queue_pairs = 2;
	control_start(&rig, NULL);
	control_history(&rig);
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
	/* CTL-21: queues that a later start no longer has. */
	table[3] = 1;
	cr_expect_eq(kl_net_rss_set(rig.net.net,
			     &(struct kl_net_rss){.table = table, .table_entries = 4}),
		0);
	cr_expect_eq(kl_net_stop(rig.net.net), 0);
	rig.net.conf.queue_pairs = 1;
	cr_expect_eq(net_start(&rig.net), -EINVAL);
	cr_expect_eq(kl_net_rss_set(rig.net.net, NULL), 0);
	cr_expect_eq(net_start(&rig.net), 0, "%s", log_text());
	control_close(&rig);
}

/* Fault 61: a device that offers RSS and has no room for it has none. */
Test(steering, rss_of_nothing)
{
	for (unsigned int i = 0; i < 2; i++) {
		control_prepare(&rig);
		if (i == 0)
			rig.net.model->script.config[17] = 0;
		else
			set16(18, 0);
		control_start(&rig, NULL);
		cr_expect_not(kl_device_has(rig.net.device, RIG_RSS));
		cr_expect_eq(kl_net_info(rig.net.net)->rss_table_max, 0);
		control_close(&rig);
	}
}

/* The table in turn follows the number of pairs of each start. */
Test(steering, rss_in_turn)
{
	struct kl_net_rss rss = {.types = RTE_ETH_RSS_IPV6_UDP_EX, .table_entries = 4}, got;

	control_prepare(&rig);
	cr_assert_eq(net_attach(&rig.net, NULL), 0);
	cr_assert_eq(kl_net_rss_set(rig.net.net, &rss), 0, "%s", log_text());
	for (uint16_t pairs = 1; pairs <= 4; pairs++) {
		rig.net.conf.queue_pairs = pairs;
		cr_assert_eq(net_start(&rig.net), 0, "%s", log_text());
		cr_expect_str_eq(control_history(&rig), "4.1");
		cr_assert_eq(kl_net_rss_get(rig.net.net, &got), 0);
		for (uint16_t i = 0; i < 4; i++)
			cr_expect_eq(got.table[i], i % pairs);
		expect_rss(1 << 8, 4, got.table, pairs, got.key, 40);
		cr_expect_eq(kl_net_stop(rig.net.net), 0);
	}
	control_close(&rig);
}

/* CTL-18: a hash without RSS; the words where its table would be are zero. 5.1.9.5.6.4. */
Test(steering, hash_alone)
{
	static const uint8_t key[] = {1, 2, 3};
	static const struct kl_net_rss rss = {.types = RTE_ETH_RSS_NONFRAG_IPV4_TCP,
		.key = key,
		.key_bytes = 3};

	control_prepare(&rig);
	model_offer_not(rig.net.model, RIG_RSS);
	model_offer(rig.net.model, RIG_HASH_REPORT);
	rig.net.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH;
	control_start(&rig, NULL);
	cr_assert_eq(kl_net_rss_set(rig.net.net, &rss), 0, "%s", log_text());
	control_expect(&rig, 4, 2, "\2\0\0\0\0\0\0\0\0\0\0\0\3\1\2\3", 16);
	control_close(&rig);
}

/* CTL-33 to CTL-35 */
Test(steering, tunnels)
{
	control_prepare(&rig);
	memset(rig.net.model->script.config + 24, 0xff, 4);
	control_start(&rig, NULL);
	cr_expect_eq(kl_net_hash_tunnels_get(rig.net.net), 0x1ff);
	cr_expect_eq(kl_net_hash_tunnels_set(rig.net.net, 0x200), -EINVAL);
	cr_expect_eq(kl_net_hash_tunnels_set(rig.net.net, 0x1ff), 0);
	control_expect(&rig, 7, 0, "\xff\1\0\0", 4);
	cr_expect_eq(kl_net_hash_tunnels_set(rig.net.net, 0), 0);
	control_close(&rig);
}

/* All types both ways. */
Test(steering, hash_types)
{
	control_open(&rig);
	for (unsigned int bit = 0; bit < 9; bit++) {
		uint64_t types;

		rig.net.model->script.config[20] = (uint8_t)(1 << bit);
		rig.net.model->script.config[21] = (uint8_t)(1 << bit >> 8);
		cr_expect_eq(kl_net_stop(rig.net.net), 0);
		cr_assert_eq(net_start(&rig.net), 0);
		types = kl_net_info(rig.net.net)->rss_types;
		cr_expect_neq(types, 0);
		for (; types != 0; types &= types - 1) {
			const struct kl_net_rss rss = {.types = types & -types};

			cr_assert_eq(kl_net_rss_set(rig.net.net, &rss), 0, "%s", log_text());
			cr_expect_eq(rig.last.data[0] | rig.last.data[1] << 8, 1 << bit);
		}
		cr_expect_eq(kl_net_rss_set(rig.net.net, NULL), 0);
	}
	control_close(&rig);
}
