/* SPDX-License-Identifier: BSD-3-Clause */
/* CTL-02: each start sets all settings on the device again. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_fixture.h"

static struct control_fixture fixture;

static const uint8_t macs[3][6] = {{2, 0, 0, 0, 0, 7}, {1, 0, 0x5e, 0, 0, 7}, {2, 0, 0, 0, 0, 9}};

static void set_everything(struct kl_net *net)
{
	const struct kl_net_coalescing coalescing = {.max_packets = 1, .max_usecs = 2};
	const struct kl_net_rss rss = {.types = RTE_ETH_RSS_IPV4};

	cr_assert_eq(kl_net_rx_mode_set(net, KL_NET_NO_BROADCAST, true), 0);
	cr_assert_eq(kl_net_rx_mode_set(net, KL_NET_PROMISCUOUS, true), 0);
	cr_assert_eq(kl_net_rx_mode_set(net, KL_NET_PROMISCUOUS, false), 0);
	cr_assert_eq(kl_net_mac_add(net, macs[1]), 0);
	cr_assert_eq(kl_net_mac_add(net, macs[2]), 0);
	cr_assert_eq(kl_net_mac_set(net, macs[0]), 0);
	cr_assert_eq(kl_net_vlan_set(net, 4095, true), 0);
	cr_assert_eq(kl_net_vlan_set(net, 0, true), 0);
	cr_assert_eq(kl_net_hash_tunnels_set(net, KL_NET_TUNNEL_NVGRE), 0);
	cr_assert_eq(kl_net_rss_set(net, &rss), 0);
	cr_assert_eq(kl_net_coalescing_set(net, KL_NET_TX, &coalescing), 0);
}

static void prepare(void)
{
	control_prepare(&fixture);
	fixture.net.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	fixture.net.conf.queue_pairs = 2;
	cr_assert_eq(net_attach(&fixture.net, NULL), 0, "%s", log_text());
}

static void expect_commands(void)
{
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_str_eq(control_history(&fixture), "4.1 7.0 1.1 1.0 0.0 0.5 2.0 2.0 6.0");
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
}

Test(settings, before_the_start)
{
	prepare();
	set_everything(fixture.net.net);
	cr_expect_str_eq(control_history(&fixture), "");
	expect_commands();
	expect_commands();
	control_close(&fixture);
}

Test(settings, while_running)
{
	prepare();
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_str_eq(control_history(&fixture), "4.0", "the number of pairs and no more");
	set_everything(fixture.net.net);
	cr_expect_str_eq(control_history(&fixture), "0.5 0.0 0.0 1.0 1.0 1.1 2.0 2.0 7.0 4.1 6.0");
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	expect_commands();
	control_close(&fixture);
}

/* Settings by the class of their commands. A table of VLAN ids and an address are one each. */
static const struct {
	int class;
	uint32_t unapplied;
	const char *text;
} refusals[] = {
	{0, 1u << KL_NET_SETTING_PROMISCUOUS | 1u << KL_NET_SETTING_NO_BROADCAST,
		"refuses the end of promiscuous mode; it runs without"},
	{1, 1u << KL_NET_SETTING_MAC | 1u << KL_NET_SETTING_MAC_TABLE,
		"refuses the table of MAC addresses; it runs without"},
	{2, 1u << KL_NET_SETTING_VLANS, "refuses a VLAN id to pass; it runs without"},
	{4, 1u << KL_NET_SETTING_RSS | 1u << KL_NET_SETTING_QUEUE_PAIRS,
		"of 2 queue pairs the first alone is in use"},
	{6, 1u << KL_NET_SETTING_COALESCING, "refuses coalescing of notifications; it runs"},
	{7, 1u << KL_NET_SETTING_HASH_TUNNELS, "refuses a hash of inner packets; it runs without"},
};

static uint16_t send_on(uint16_t queue)
{
	struct rte_mbuf *packet = net_packet(&fixture.net, 60, queue);
	const uint16_t sent = kl_net_tx_burst(fixture.net.net, queue, &packet, 1);

	if (sent == 0)
		rte_pktmbuf_free(packet);
	return sent;
}

static void expect_runs(unsigned int refusal)
{
	const struct kl_net_info *info = kl_net_info(fixture.net.net);
	const bool has_pairs = refusals[refusal].class != 4;

	cr_expect_eq(kl_net_state(fixture.net.net), KL_DEVICE_RUNNING);
	cr_expect_eq(info->unapplied_settings, refusals[refusal].unapplied, "%u: 0x%x", refusal,
		info->unapplied_settings);
	cr_expect_eq(info->queue_pairs, has_pairs ? 2 : 1);
	cr_expect_eq(kl_net_queue_pairs(fixture.net.net), 2);
	cr_expect_eq(send_on(0), 1);
	cr_expect_eq(send_on(1), has_pairs ? 1 : 0);
	cr_expect_eq(kl_net_queue_stop(fixture.net.net, KL_NET_TX, 1),
		!has_pairs                                    ? -EAGAIN :
			kl_device_has(fixture.net.device, 40) ? 0 :
								-ENOTSUP);
}

/* A setting that the device refuses is logged once, kept, and tried by each start and recovery. */
Test(settings, refused)
{
	for (unsigned int i = 0; i < RTE_DIM(refusals); i++) {
		prepare();
		set_everything(fixture.net.net);
		fixture.refused_class = refusals[i].class;
		forget_log();
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		cr_expect(logged(refusals[i].text), "%u: %s", i, log_text());
		expect_runs(i);
		for (unsigned int times = 0; times < 2; times++) {
			control_history(&fixture);
			fake_need_reset(fixture.net.fake);
			forget_log();
			cr_assert_eq(kl_net_recover(fixture.net.net), 0, "%s", log_text());
			cr_expect(logged("runs again") && !logged("refuses"), "logged once: %s",
				log_text());
			cr_expect_neq(strstr(control_history(&fixture), "6.0"), NULL,
				"what comes behind it is sent all the same");
			expect_runs(i);
		}
		/* By now the device takes it. */
		fixture.refused_class = -1;
		fake_need_reset(fixture.net.fake);
		cr_assert_eq(kl_net_recover(fixture.net.net), 0, "%s", log_text());
		cr_expect_eq(kl_net_info(fixture.net.net)->unapplied_settings, 0);
		cr_expect_eq(kl_net_info(fixture.net.net)->queue_pairs, 2);
		cr_expect_eq(send_on(1), 1);
		/* And a start of the application's logs a refusal again. */
		cr_expect_eq(kl_net_stop(fixture.net.net), 0);
		fixture.refused_class = refusals[i].class;
		forget_log();
		cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
		cr_expect(logged(refusals[i].text), "%u: %s", i, log_text());
		control_close(&fixture);
	}
}

/* A setting that the application sends while the device runs is in force then. */
Test(settings, applied_later)
{
	prepare();
	set_everything(fixture.net.net);
	fixture.refused_class = 0;
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	fixture.refused_class = -1;
	cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true), 0);
	cr_expect_eq(kl_net_info(fixture.net.net)->unapplied_settings,
		1u << KL_NET_SETTING_NO_BROADCAST);
	control_close(&fixture);
}

static int recover(void)
{
	fake_need_reset(fixture.net.fake);
	forget_log();
	return kl_net_recover(fixture.net.net);
}

/* A filter that the application requested, and that the device has no more. */
Test(settings, vlans_without_the_feature)
{
	const struct kl_net_info *info;

	prepare();
	cr_assert_eq(kl_net_vlan_set(fixture.net.net, 5, true), 0);
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	info = kl_net_info(fixture.net.net);
	cr_expect_eq(info->unapplied_settings, 0);
	fake_offer_not(fixture.net.fake, 19);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_eq(info->unapplied_settings, 1u << KL_NET_SETTING_VLANS);
	cr_expect(logged("it needs the feature CTRL_VLAN, which the device does not offer; it runs "
			 "without"),
		"%s", log_text());
	fake_offer(fixture.net.fake, 19);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_eq(info->unapplied_settings, 0);
	/* Without the filter's offload all tags are to pass. */
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	fixture.net.conf.rx_offloads = 0;
	forget_log();
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_eq(info->unapplied_settings, 0);
	cr_expect_not(logged("CTRL_VLAN"), "%s", log_text());
	control_close(&fixture);
}

/* One command has the table and the device's own address. */
Test(settings, own_address_in_the_table)
{
	const uint32_t both = 1u << KL_NET_SETTING_MAC | 1u << KL_NET_SETTING_MAC_TABLE;
	const struct kl_net_info *info;

	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, 23);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0, "%s", log_text());
	cr_assert_eq(kl_net_mac_set(fixture.net.net, macs[0]), 0);
	cr_assert_eq(kl_net_mac_add(fixture.net.net, macs[1]), 0);
	fixture.refused_class = 1;
	forget_log();
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	info = kl_net_info(fixture.net.net);
	cr_expect_eq(info->unapplied_settings, both, "0x%x", info->unapplied_settings);
	cr_expect(logged("refuses the table of MAC addresses; it runs without"), "%s", log_text());
	fixture.refused_class = -1;
	cr_expect_eq(kl_net_mac_set(fixture.net.net, macs[2]), 0);
	cr_expect_eq(info->unapplied_settings, 0);
	fixture.refused_class = 1;
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_eq(info->unapplied_settings, both);
	fixture.refused_class = -1;
	cr_expect_eq(kl_net_mac_remove(fixture.net.net, macs[1]), 0);
	cr_expect_eq(info->unapplied_settings, 0);
	cr_expect_eq(kl_net_mac_add(fixture.net.net, macs[1]), 0);
	/* The same without a control queue. */
	fake_offer_not(fixture.net.fake, FIXTURE_CTRL_VQ);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_eq(info->unapplied_settings & both, both, "0x%x", info->unapplied_settings);
	control_close(&fixture);
}

/* An offload that was set while the device ran, and that it has no more. */
Test(settings, receive_offloads_without_the_feature)
{
	const uint32_t bit = 1u << KL_NET_SETTING_RX_OFFLOADS;
	const struct kl_net_info *info;

	control_prepare(&fixture);
	fake_offer(fixture.net.fake, 1);
	fake_offer(fixture.net.fake, 2);
	fixture.net.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	control_start(&fixture, NULL);
	info = kl_net_info(fixture.net.net);
	cr_assert_eq(kl_net_rx_offloads_set(fixture.net.net,
			     RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
				     RTE_ETH_RX_OFFLOAD_VLAN_STRIP),
		0, "%s", log_text());
	fake_offer_not(fixture.net.fake, 1);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_eq(info->unapplied_settings, bit, "0x%x", info->unapplied_settings);
	cr_expect(logged("the receive offload TCP_CKSUM is not possible"), "%s", log_text());
	cr_expect_neq(kl_net_rx_offloads(fixture.net.net) & RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0);
	fake_offer(fixture.net.fake, 1);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_eq(info->unapplied_settings, 0);
	cr_expect_neq(kl_net_rx_offloads(fixture.net.net) & RTE_ETH_RX_OFFLOAD_TCP_CKSUM, 0);
	control_close(&fixture);
}

/* A device that answers no command at all is waited for once. */
Test(settings, never_answered)
{
	prepare();
	set_everything(fixture.net.net);
	fixture.answer = ANSWER_NEVER;
	control_listen(&fixture);
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect(
		logged("the device does not answer RSS within 30 ms (option timeout_ms); it runs without"),
		"%s", log_text());
	cr_expect(logged("has not answered RSS yet"), "%s", log_text());
	cr_expect_eq(kl_net_info(fixture.net.net)->queue_pairs, 1);
	cr_expect_eq(send_on(0), 1);
	cr_expect_eq(send_on(1), 0);
	control_close(&fixture);
}

static uint32_t request_reset(struct fake_device *fake, uint16_t queue,
	const struct fake_chain *chain, void *context)
{
	(void)queue;
	(void)chain;
	(void)context;
	fake_need_reset(fake);
	return 0;
}

/* One that requests a reset instead of an answer is not one that refuses. */
Test(settings, needs_reset_at_the_start)
{
	prepare();
	set_everything(fixture.net.net);
	fixture.net.fake->script.handler = request_reset;
	cr_expect_eq(net_start(&fixture.net), -EIO);
	cr_expect_eq(kl_net_state(fixture.net.net), KL_DEVICE_STOPPED);
	cr_expect_eq(net_buffers_out(&fixture.net), 0);
	control_close(&fixture);
}

Test(settings, names)
{
	for (int i = 0; i < KL_NET_SETTINGS; i++)
		cr_expect_neq(kl_net_setting_name((enum kl_net_setting)i), NULL);
	cr_expect_eq(kl_net_setting_name(KL_NET_SETTINGS), NULL);
}

/* The setting of a queue holds for it until all are set again. */
Test(settings, coalescing)
{
	const struct kl_net_coalescing some = {1, 2}, more = {3, 4};
	struct kl_net_coalescing got;

	prepare();
	cr_expect_eq(kl_net_queue_coalescing_set(fixture.net.net, KL_NET_RX, 0, &some), -EINVAL);
	cr_assert_eq(net_start(&fixture.net), 0);
	cr_expect_eq(kl_net_coalescing_set(fixture.net.net, KL_NET_RX, &some), 0);
	cr_expect_eq(kl_net_queue_coalescing_set(fixture.net.net, KL_NET_RX, 1, &more), 0);
	cr_expect_eq(kl_net_queue_coalescing_set(fixture.net.net, KL_NET_RX, 2, &more), -EINVAL);
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	control_history(&fixture);
	cr_assert_eq(net_start(&fixture.net), 0);
	cr_expect_str_eq(control_history(&fixture), "4.0 6.1 6.2");
	control_expect(&fixture, 6, 2, "\2\0\0\0\3\0\0\0\4\0\0\0", 12);
	cr_expect_eq(kl_net_coalescing_set(fixture.net.net, KL_NET_RX, &some), 0);
	memcpy(fixture.reply, "\5\0\0\0\6\0\0\0", 8);
	fixture.inner_bytes = 8;
	cr_expect_eq(kl_net_queue_coalescing_get(fixture.net.net, KL_NET_RX, 1, &got), 0);
	control_expect(&fixture, 6, 3, "\2\0\0\0", 4);
	cr_expect(got.max_packets == 5 && got.max_usecs == 6);
	/* CTL-31 */
	fixture.answer = ANSWER_REFUSES;
	fixture.reply[0] = 9;
	cr_expect_eq(kl_net_queue_coalescing_get(fixture.net.net, KL_NET_RX, 1, &got), -EIO);
	cr_expect(got.max_packets == 5 && got.max_usecs == 6);
	fixture.answer = ANSWER_OK;
	fixture.inner_bytes = 0;
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	control_history(&fixture);
	cr_assert_eq(net_start(&fixture.net), 0);
	cr_expect_str_eq(control_history(&fixture), "4.0 6.1");
	control_close(&fixture);
}

Test(settings, addresses)
{
	struct kl_net *net;
	uint8_t mac[6] = {2, 1, 1, 1, 1, 0};

	control_open(&fixture);
	net = fixture.net.net;
	cr_expect_eq(kl_net_mac_set(net, macs[1]), -EINVAL, "a group");
	cr_expect_eq(kl_net_mac_set(net, (const uint8_t[6]){0}), -EINVAL);
	cr_expect_eq(kl_net_mac_add(net, (const uint8_t[6]){0}), -EINVAL);
	cr_expect_eq(kl_net_mac_add(net, kl_net_info(net)->mac), 0);
	cr_expect_str_eq(control_history(&fixture), "", "nothing of this reaches the device");
	cr_expect_eq(kl_net_mac_remove(net, macs[0]), -ENOENT);
	for (; mac[5] < KL_NET_MACS_MAX; mac[5]++)
		cr_assert_eq(kl_net_mac_add(net, mac), 0);
	cr_expect_eq(kl_net_mac_add(net, mac), -ENOSPC);
	cr_expect_eq(fixture.last.bytes, 8 + 6 * KL_NET_MACS_MAX);
	mac[5] = 1;
	cr_expect_eq(kl_net_mac_add(net, mac), 0, "it is there");
	control_history(&fixture);
	while (kl_net_mac_get(net, 0) != NULL) {
		memcpy(mac,
			kl_net_mac_get(net, 1) != NULL ? kl_net_mac_get(net, 1) :
							 kl_net_mac_get(net, 0),
			6);
		cr_assert_eq(kl_net_mac_remove(net, mac), 0);
	}
	control_expect(&fixture, 1, 0, "\0\0\0\0\0\0\0\0", 8);
	control_close(&fixture);
}

/* CTL-07, CTL-08: another address, with the command for it and without. */
Test(settings, another_address)
{
	control_prepare(&fixture);
	control_start(&fixture, "mac=02:00:00:00:00:07");
	control_expect(&fixture, 1, 1, macs[0], 6);
	control_close(&fixture);
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, 23);
	control_start(&fixture, "mac=02:00:00:00:00:07");
	control_expect(&fixture, 1, 0, "\1\0\0\0\2\0\0\0\0\7\0\0\0\0", 14);
	cr_expect_eq(kl_net_mac_add(fixture.net.net, macs[2]), 0);
	control_expect(&fixture, 1, 0, "\2\0\0\0\2\0\0\0\0\7\2\0\0\0\0\x09\0\0\0\0", 20);
	cr_expect_eq(kl_net_mac_set(fixture.net.net, macs[2]), 0);
	control_close(&fixture);
}

/*
 * A random address when the device has none: no table of ours has it, and it is set on the device.
 */
Test(settings, random_address)
{
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, FIXTURE_MAC);
	control_start(&fixture, NULL);
	control_expect(&fixture, 1, 1, kl_net_info(fixture.net.net)->mac, 6);
	control_close(&fixture);
}

Test(settings, vlan_ids)
{
	struct kl_net *net;

	prepare();
	net = fixture.net.net;
	cr_assert_eq(net_start(&fixture.net), 0);
	control_history(&fixture);
	cr_expect_eq(kl_net_vlan_set(net, 4096, true), -EINVAL);
	cr_expect_eq(kl_net_vlan_set(net, 7, false), 0, "it is not there");
	cr_expect_str_eq(control_history(&fixture), "");
	cr_expect_eq(kl_net_vlan_set(net, 7, true), 0);
	cr_expect_eq(kl_net_vlan_set(net, 7, true), 0);
	cr_expect(kl_net_vlan_get(net, 7) && !kl_net_vlan_get(net, 6));
	cr_expect_eq(kl_net_vlan_set(net, 7, false), 0);
	control_expect(&fixture, 2, 1, "\7\0", 2);
	cr_expect_str_eq(control_history(&fixture), "2.0 2.1");
	cr_expect_not(kl_net_vlan_get(net, 7));
	/* CTL-10: a start that does not request the filter does not have it. */
	cr_expect_eq(kl_net_vlan_set(net, 7, true), 0);
	cr_expect_eq(kl_net_stop(net), 0);
	fixture.net.conf.rx_offloads = 0;
	cr_assert_eq(net_start(&fixture.net), 0);
	cr_expect_not(kl_device_has(fixture.net.device, 19));
	cr_expect_eq(kl_net_vlan_set(net, 8, true), -ENOTSUP);
	control_close(&fixture);
}

Test(settings, mtu)
{
	struct kl_net *net;

	control_prepare(&fixture);
	fake_offer(fixture.net.fake, FIXTURE_MTU);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	net = fixture.net.net;
	cr_expect_eq(kl_net_mtu_set(net, 67), -EINVAL);
	cr_expect_eq(kl_net_mtu_set(net, 1501), -EINVAL);
	cr_expect(logged("68 to 1500"), "%s", log_text());
	cr_expect_eq(kl_net_mtu_set(net, 1000), 0);
	cr_assert_eq(net_start(&fixture.net), 0);
	cr_expect_eq(kl_net_info(net)->mtu, 1000);
	cr_expect_eq(net_send(&fixture.net, net_packet(&fixture.net, 1015, 1)), 1);
	cr_expect_eq(net_stats(&fixture.net, KL_NET_TX).errors, 1);
	cr_expect_eq(kl_net_mtu_set(net, 1500), 0);
	cr_expect_eq(net_send(&fixture.net, net_packet(&fixture.net, 1514, 1)), 1);
	cr_expect_eq(net_stats(&fixture.net, KL_NET_TX).errors, 1);
	kl_device_event_handle(fixture.net.device);
	cr_expect_eq(kl_net_info(net)->mtu, 1500);
	control_close(&fixture);
}
