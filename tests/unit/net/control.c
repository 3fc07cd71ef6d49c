/* SPDX-License-Identifier: BSD-3-Clause */
/* Every command, and every way in which a device can answer one. */
#include "control_fixture.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include <kickless/log.h>

static struct control_fixture fixture;

static const uint8_t a_mac[] = {2, 0, 0, 0, 0, 7};
static const uint8_t a_group[] = {1, 0, 0x5e, 0, 0, 7};
static const struct kl_net_coalescing coalescing = {.max_packets = 16, .max_usecs = 300};

static int promiscuous(struct kl_net *net)
{
	return kl_net_rx_mode_set(net, KL_NET_PROMISCUOUS, true);
}

static int all_multicast(struct kl_net *net)
{
	return kl_net_rx_mode_set(net, KL_NET_ALL_MULTICAST, true);
}

static int all_unicast(struct kl_net *net)
{
	return kl_net_rx_mode_set(net, KL_NET_ALL_UNICAST, true);
}

static int no_multicast(struct kl_net *net)
{
	return kl_net_rx_mode_set(net, KL_NET_NO_MULTICAST, true);
}

static int no_unicast(struct kl_net *net)
{
	return kl_net_rx_mode_set(net, KL_NET_NO_UNICAST, false);
}

static int no_broadcast(struct kl_net *net)
{
	return kl_net_rx_mode_set(net, KL_NET_NO_BROADCAST, true);
}

static int set_mac(struct kl_net *net)
{
	return kl_net_mac_set(net, a_mac);
}

static int add_mac(struct kl_net *net)
{
	return kl_net_mac_add(net, a_group);
}

static int add_vlan(struct kl_net *net)
{
	return kl_net_vlan_set(net, 0x123, true);
}

static int remove_vlan(struct kl_net *net)
{
	return kl_net_vlan_set(net, 7, false);
}

static int no_checksums(struct kl_net *net)
{
	return kl_net_rx_offloads_set(net,
		kl_net_rx_offloads(net) &
			~(RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM));
}

static int set_rss(struct kl_net *net)
{
	return kl_net_rss_set(net, &(struct kl_net_rss){.types = RTE_ETH_RSS_IPV4});
}

static int rx_coalescing(struct kl_net *net)
{
	return kl_net_coalescing_set(net, KL_NET_RX, &coalescing);
}

static int tx_coalescing(struct kl_net *net)
{
	return kl_net_coalescing_set(net, KL_NET_TX, &coalescing);
}

static int queue_coalescing(struct kl_net *net)
{
	return kl_net_queue_coalescing_set(net, KL_NET_TX, 0, &coalescing);
}

static int get_coalescing(struct kl_net *net)
{
	struct kl_net_coalescing got;

	return kl_net_queue_coalescing_get(net, KL_NET_TX, 0, &got);
}

static int tunnels(struct kl_net *net)
{
	return kl_net_hash_tunnels_set(net, KL_NET_TUNNEL_VXLAN | KL_NET_TUNNEL_GENEVE);
}

static int counters(struct kl_net *net)
{
	struct kl_net_device_counter got[KL_NET_DEVICE_COUNTERS_MAX];
	int count = kl_net_device_counters_get(net, KL_NET_RX, 0, got);

	return count < 0 ? count : 0;
}

/* The bytes of the command on the wire. */
static const struct command {
	int (*run)(struct kl_net *net);
	uint8_t class, command, bytes;
	const char *data;
} commands[] = {
	{promiscuous, 0, 0, 1, "\1"},
	{all_multicast, 0, 1, 1, "\1"},
	{all_unicast, 0, 2, 1, "\1"},
	{no_multicast, 0, 3, 1, "\1"},
	{no_unicast, 0, 4, 1, "\0"},
	{no_broadcast, 0, 5, 1, "\1"},
	{set_mac, 1, 1, 6, "\2\0\0\0\0\7"},
	{add_mac, 1, 0, 14, "\0\0\0\0\1\0\0\0\1\0\x5e\0\0\7"},
	{add_vlan, 2, 0, 2, "\x23\1"},
	{remove_vlan, 2, 1, 2, "\7\0"},
	{set_rss, 4, 1, 0, NULL},
	{no_checksums, 5, 0, 8, "\0\0\0\0\0\0\0\0"},
	{rx_coalescing, 6, 1, 8, "\x10\0\0\0\x2c\1\0\0"},
	{tx_coalescing, 6, 0, 8, "\x10\0\0\0\x2c\1\0\0"},
	{queue_coalescing, 6, 2, 12, "\1\0\0\0\x10\0\0\0\x2c\1\0\0"},
	{get_coalescing, 6, 3, 4, "\1\0\0\0"},
	{tunnels, 7, 0, 4, "\x50\0\0\0"},
	{counters, 8, 0, 0, ""},
};

static void open_with_filter(void)
{
	control_prepare(&fixture);
	fake_offer(fixture.net.fake, 1);
	fake_offer(fixture.net.fake, 2);
	fixture.net.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER |
		RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	fixture.reply_bytes = 8;
	control_start(&fixture, NULL);
	cr_assert_eq(kl_net_vlan_set(fixture.net.net, 7, true), 0);
	control_history(&fixture);
}

/* CTL-01, CTL-05 to CTL-10, CTL-25, CTL-32 */
Test(control, commands)
{
	open_with_filter();
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		const struct command *command = &commands[i];

		fixture.inner_bytes = command->run == get_coalescing ? 8 : 0;
		cr_assert_eq(command->run(fixture.net.net), 0, "command %u: %s", i, log_text());
		if (command->data != NULL)
			control_expect(&fixture, command->class, command->command, command->data,
				command->bytes);
	}
	control_close(&fixture);
}

static void expect_answer(enum answer answer, int expected, const char *text)
{
	open_with_filter();
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		fixture.answer = answer;
		fixture.inner_bytes = commands[i].run == get_coalescing ? 8 : 0;
		control_listen(&fixture);
		forget_log();
		cr_expect_eq(commands[i].run(fixture.net.net), expected, "command %u: %s", i,
			log_text());
		cr_expect(logged(text) && logged("fake: "), "command %u: %s", i, log_text());
		fixture.answer = ANSWER_OK;
		fixture.inner_bytes = 0;
		control_listen(&fixture);
	}
	/* Nothing of it was kept. */
	for (unsigned int mode = 0; mode < KL_NET_RX_MODES; mode++)
		cr_expect_not(kl_net_rx_mode_get(fixture.net.net, (enum kl_net_rx_mode)mode));
	cr_expect_arr_neq(kl_net_info(fixture.net.net)->mac, a_mac, 6);
	cr_expect_eq(kl_net_mac_get(fixture.net.net, 0), NULL);
	cr_expect_not(kl_net_vlan_get(fixture.net.net, 0x123));
	cr_expect(kl_net_vlan_get(fixture.net.net, 7));
	cr_expect_neq(kl_net_rx_offloads(fixture.net.net) & RTE_ETH_RX_OFFLOAD_TCP_CKSUM, 0);
	cr_expect_eq(kl_net_rss_get(fixture.net.net, &(struct kl_net_rss){0}), -ENOENT);
	control_history(&fixture);
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_str_eq(control_history(&fixture), "2.0");
	/* And the queue still works. */
	cr_expect_eq(promiscuous(fixture.net.net), 0);
	control_close(&fixture);
}

Test(control, refused)
{
	expect_answer(ANSWER_REFUSES, -EIO, "the device refuses");
}

Test(control, answered_with_garbage)
{
	expect_answer(ANSWER_GARBAGE, -EIO, "with 119");
}

Test(control, used_without_an_answer)
{
	expect_answer(ANSWER_NOTHING, -EIO, "had written nothing");
}

/* CTL-03: the wait ends, what was sent stays as it is, and what comes late is taken. */
Test(control, answered_late)
{
	open_with_filter();
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		fixture.answer = ANSWER_NEVER;
		control_listen(&fixture);
		forget_log();
		cr_expect_eq(commands[i].run(fixture.net.net), -ETIMEDOUT, "command %u", i);
		cr_expect(logged("does not answer"), "%s", log_text());
		forget_log();
		cr_expect_eq(no_multicast(fixture.net.net), -ETIMEDOUT);
		cr_expect(logged("has not answered"), "%s", log_text());
		fixture.answer = ANSWER_OK;
		cr_assert_eq(control_serve(&fixture), 1,
			"the fake device checks that it has not changed");
		control_listen(&fixture);
		cr_expect_eq(no_multicast(fixture.net.net), 0, "%s", log_text());
		cr_expect(logged("answered late"), "%s", log_text());
		cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_NO_MULTICAST, false), 0);
	}
	control_close(&fixture);
}

/* The memory stays the device's until its reset has ended, however much it scribbles. */
Test(control, never_answered)
{
	open_with_filter();
	fixture.answer = ANSWER_NEVER;
	control_listen(&fixture);
	cr_expect_eq(promiscuous(fixture.net.net), -ETIMEDOUT);
	fixture.net.fake->script.scribbles = true;
	fixture.net.fake->script.reset_reads = 3;
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	fixture.net.fake->script.scribbles = false;
	fixture.answer = ANSWER_OK;
	control_listen(&fixture);
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_eq(promiscuous(fixture.net.net), 0);
	control_close(&fixture);
}

/*
 * A second used element for one command is malformed, and the queue stops until a restart. In a
 * packed ring the next command overwrites it, so that nothing sees it.
 */
Test(control, answered_twice)
{
	ONLY_IF(!ring_is("packed"));
	open_with_filter();
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		fixture.inner_bytes = commands[i].run == get_coalescing ? 8 : 0;
		cr_assert_eq(commands[i].run(fixture.net.net), 0, "command %u: %s", i, log_text());
		fixture.inner_bytes = 0;
		fake_write_raw_used(fixture.net.fake, fixture.index, fixture.last.head, 1);
		cr_expect_eq(promiscuous(fixture.net.net), -EIO);
		cr_expect(logged("is broken"), "%s", log_text());
		cr_expect_eq(promiscuous(fixture.net.net), -EIO);
		cr_expect_eq(kl_net_stop(fixture.net.net), 0);
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		cr_expect_eq(promiscuous(fixture.net.net), 0);
	}
	control_close(&fixture);
}

/* The wait ends early when the device sets DEVICE_NEEDS_RESET. */
Test(control, needs_reset_while_waiting)
{
	open_with_filter();
	kl__default_timeout_ms = 100000;
	fixture.answer = ANSWER_NEVER;
	control_listen(&fixture);
	fake_need_reset(fixture.net.fake);
	cr_expect_eq(promiscuous(fixture.net.net), -EIO);
	cr_expect(logged("needs a reset"), "%s", log_text());
	control_close(&fixture);
}

Test(control, gone_while_waiting)
{
	open_with_filter();
	kl__default_timeout_ms = 100000;
	fixture.net.fake->script.is_gone = true;
	cr_expect_eq(promiscuous(fixture.net.net), -EIO);
	cr_expect_eq(kl_net_stop(fixture.net.net), -EIO);
	control_close(&fixture);
}

/* CTL-04, CTL-20, CTL-28, CTL-29, CTL-33: without its feature no command is sent. */
Test(control, features_missing)
{
	static const struct {
		int (*run)(struct kl_net *net);
		unsigned int feature;
		const char *name;
	} cases[] = {
		{promiscuous, 18, "CTRL_RX,"},
		{all_multicast, 18, "CTRL_RX,"},
		{all_unicast, 20, "CTRL_RX_EXTRA"},
		{no_multicast, 20, "CTRL_RX_EXTRA"},
		{no_unicast, 20, "CTRL_RX_EXTRA"},
		{no_broadcast, 20, "CTRL_RX_EXTRA"},
		{set_mac, 18, "CTRL_RX,"},
		{add_mac, 18, "CTRL_RX,"},
		{add_vlan, 19, "CTRL_VLAN"},
		{set_rss, 60, "HASH_REPORT"},
		{rx_coalescing, 53, "NOTF_COAL"},
		{tx_coalescing, 53, "NOTF_COAL"},
		{queue_coalescing, 52, "VQ_NOTF_COAL"},
		{get_coalescing, 52, "VQ_NOTF_COAL"},
		{counters, 50, "DEVICE_STATS"},
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		int (*run)(struct kl_net * net) = cases[i].run;

		control_prepare(&fixture);
		fake_offer_not(fixture.net.fake, cases[i].feature);
		cr_assert_eq(net_attach(&fixture.net, NULL), 0);
		/* Before the start, by what is offered, unless only a running device has it. */
		cr_expect_lt(run(fixture.net.net), 0);
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		control_history(&fixture);
		forget_log();
		/* A device without types or tunnels refuses the values before. */
		cr_expect_eq(run(fixture.net.net), -ENOTSUP, "case %u", i);
		cr_expect(logged(cases[i].name), "case %u: %s", i, log_text());
		cr_expect_str_eq(control_history(&fixture), "");
		control_close(&fixture);
	}
}

/* NET-18: whatever is offered beside it, without CTRL_VQ there are no commands. */
Test(control, no_control_queue)
{
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, FIXTURE_CTRL_VQ);
	control_start(&fixture, NULL);
	for (unsigned int i = 0; i < RTE_DIM(commands); i++)
		/* The entries that these two commands remove do not exist. */
		if (commands[i].run != remove_vlan && commands[i].run != no_checksums)
			cr_expect_lt(commands[i].run(fixture.net.net), 0, "command %u", i);
	/* The rest is about rings: bits 28, 29, 32, 34 and 35. */
	cr_expect_eq(fixture.net.fake->accepted.word[0] & ~(UINT64_C(3) << 28 | UINT64_C(13) << 32),
		1 << 5 | 1 << 15 | 1 << 16);
	control_close(&fixture);
}

/* A device that is not ready right after DRIVER_OK loses the first doorbell of each queue. */
Test(control, the_first_doorbell_is_lost)
{
	struct fake_device *fake;

	control_prepare(&fixture);
	fake = fixture.net.fake;
	fake->host.ticks_per_second = 2;
	fake->script.lost_doorbells = 1;
	for (unsigned int i = 0; i < FAKE_QUEUES; i++)
		fake->queue[i].kicks = FAKE_KICKS_ANY;
	control_start(&fixture, NULL);
	cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true), 0, "%s",
		log_text());
	cr_expect_geq(fake->queue[CONTROL_INDEX].doorbells, 2);
	control_close(&fixture);
}

/* A device that promises the queue and has none. */
Test(control, queue_missing)
{
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, FIXTURE_MQ);
	fake_offer_not(fixture.net.fake, FIXTURE_RSS);
	net_give_queues(&fixture.net, 2);
	fixture.net.fake->script.queue_size[2] = 0;
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	cr_expect_eq(net_start(&fixture.net), -EINVAL);
	cr_expect(logged("features=-CTRL_VQ"), "%s", log_text());
	cr_expect_eq(fixture.net.fake->allocated, 0);
	control_close(&fixture);
}

/* Without indirect tables a command is a chain, and needs a queue of that length. */
Test(control, chains)
{
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, FIXTURE_INDIRECT);
	fixture.net.fake->script.queue_size[CONTROL_INDEX] = 4;
	control_start(&fixture, NULL);
	for (unsigned int i = 0; i < 20; i++)
		cr_assert_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, i % 2), 0);
	control_close(&fixture);
}
