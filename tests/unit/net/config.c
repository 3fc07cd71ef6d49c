/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <kickless/net_control.h>
#include <rte_ethdev.h>

#include "net_fixture.h"

static struct net_fixture fixture;

static const struct kl_net_info *attach(void)
{
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	return kl_net_info(fixture.net);
}

static void set16(unsigned int offset, uint16_t value)
{
	memcpy(fixture.fake->script.config + offset, &value, 2);
}

static void set32(unsigned int offset, uint32_t value)
{
	memcpy(fixture.fake->script.config + offset, &value, 4);
}

/* NET-03 */
Test(config, mac_of_the_device)
{
	net_prepare(&fixture);
	cr_expect_eq(memcmp(attach()->mac, "\x52\x54\0\1\2\3", 6), 0);
	cr_expect_not(kl_net_info(fixture.net)->mac_is_random);
	net_close(&fixture);
}

/* NET-04, faults 60: absent or useless, a locally administered one is made up, once. */
static void expect_random(const struct kl_net_info *info)
{
	uint8_t mac[6];

	cr_expect(info->mac_is_random);
	cr_expect_eq(info->mac[0] & 3, 2, "unicast, locally administered");
	cr_expect_not(logged("random"), "mac= may follow");
	memcpy(mac, info->mac, 6);
	cr_assert_eq(net_start(&fixture), 0);
	cr_expect(logged("random"), "%s", log_text());
	forget_log();
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_expect_not(logged("random"), "once");
	cr_expect_eq(memcmp(mac, info->mac, 6), 0, "it stays");
	net_close(&fixture);
}

Test(config, no_mac)
{
	net_prepare(&fixture);
	fake_offer_not(fixture.fake, FIXTURE_MAC);
	expect_random(attach());
}

Test(config, mac_of_zeros)
{
	net_prepare(&fixture);
	memset(fixture.fake->script.config, 0, 6);
	expect_random(attach());
}

Test(config, mac_of_a_group)
{
	net_prepare(&fixture);
	fixture.fake->script.config[0] = 0x01;
	expect_random(attach());
}

Test(config, mac_of_the_user)
{
	net_prepare(&fixture);
	fake_offer_not(fixture.fake, FIXTURE_MAC);
	cr_assert_eq(net_attach(&fixture, "mac=02:aa:bb:cc:dd:ee"), 0);
	cr_assert_eq(net_start(&fixture), 0);
	cr_expect_not(logged("random"), "%s", log_text());
	cr_expect_eq(memcmp(kl_net_info(fixture.net)->mac, "\x02\xaa\xbb\xcc\xdd\xee", 6), 0);
	cr_expect_not(kl_net_info(fixture.net)->mac_is_random);
	net_close(&fixture);
}

Test(config, bad_macs)
{
	static const char *const bad[] = {"mac=", "mac=1", "mac=01:00:00:00:00:01",
		"mac=00:00:00:00:00:00", "mac=02:00:00:00:00:0g", "mac=02:00:00:00:00",
		"mac=02:00:00:00:00:01:02", "mac=ff:ff:ff:ff:ff:ff"};

	net_prepare(&fixture);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		forget_log();
		cr_expect_eq(net_attach(&fixture, bad[i]), -EINVAL);
		cr_expect(logged(bad[i]) && logged("unicast"), "%s", log_text());
	}
	net_close(&fixture);
}

static void check_mtu(bool offered, uint16_t mtu, uint16_t expected, uint16_t expected_max)
{
	const struct kl_net_info *info;

	net_prepare(&fixture);
	if (offered)
		fake_offer(fixture.fake, FIXTURE_MTU);
	set16(10, mtu);
	info = attach();
	cr_expect_eq(info->mtu, expected);
	cr_expect_eq(info->max_mtu, expected_max);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect_eq(kl_device_has(fixture.device, FIXTURE_MTU), expected_max != 65535);
	net_close(&fixture);
}

/* NET-06, faults 58 */
Test(config, mtu_absent)
{
	check_mtu(false, 9000, 1500, 65535);
}

Test(config, mtu_large)
{
	check_mtu(true, 9000, 9000, 9000);
}

Test(config, mtu_smallest)
{
	check_mtu(true, 68, 68, 68);
}

Test(config, mtu_nonsense)
{
	check_mtu(true, 67, 1500, 65535);
}

static void expect_mtu(uint16_t mtu)
{
	cr_expect_eq(kl_net_info(fixture.net)->max_mtu, mtu);
	cr_expect_eq(kl_net_info(fixture.net)->mtu, mtu);
}

static void expect_sent_of(uint32_t bytes, unsigned int count)
{
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, bytes, 1)), 1);
	cr_expect_eq(net_transmit(&fixture, 1), count, "%u bytes", bytes);
}

/* As the administrator of a back end does it. */
Test(config, mtu_of_a_running_device)
{
	ONLY_IF(!ring_is("unmerged"));
	net_prepare(&fixture);
	fake_offer(fixture.fake, FIXTURE_MTU);
	set16(10, 9000);
	cr_expect_eq(attach()->max_mtu, 9000);
	cr_assert_eq(net_start(&fixture), 0);
	set16(10, 1400);
	kl_device_event_handle(fixture.device);
	expect_mtu(9000);
	cr_expect(logged("largest MTU changed from 9000 to 1400; the next start"), "%s",
		log_text());
	forget_log();
	kl_device_event_handle(fixture.device);
	cr_expect_not(logged("MTU"), "%s", log_text());
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	expect_mtu(1400);
	cr_assert_eq(net_start(&fixture), 0);
	/* Both directions have the limits of the start, until a recovery. */
	set16(10, 9000);
	kl_device_event_handle(fixture.device);
	expect_mtu(1400);
	cr_expect_eq(kl_net_mtu_set(fixture.net, 9000), -EINVAL);
	cr_expect_eq(kl_net_mtu_set(fixture.net, 1300), 0);
	expect_sent_of(1000 + 14, 1);
	expect_sent_of(1350 + 14, 0);
	fake_need_reset(fixture.fake);
	cr_assert_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
	cr_expect_eq(kl_net_info(fixture.net)->max_mtu, 9000);
	cr_expect_eq(kl_net_mtu_set(fixture.net, 9000), 0);
	expect_sent_of(1350 + 14, 1);
	net_close(&fixture);
}

/* A device that changes it all the time does not fill a log. */
Test(config, mtu_that_changes_all_the_time)
{
	net_prepare(&fixture);
	fake_offer(fixture.fake, FIXTURE_MTU);
	set16(10, 1500);
	attach();
	cr_assert_eq(net_start(&fixture), 0);
	forget_log();
	for (unsigned int i = 0; i < 1000; i++) {
		set16(10, i % 2 == 0 ? 1400 : 1500);
		kl_device_event_handle(fixture.device);
	}
	cr_expect(logged("largest MTU changed"), "%s", log_text());
	cr_expect_lt(strlen(log_text()), 1000, "%s", log_text());
	expect_mtu(1500);
	net_close(&fixture);
}

/* NET-05 */
Test(config, link)
{
	net_prepare(&fixture);
	cr_expect(attach()->link_up);
	cr_assert_eq(net_start(&fixture), 0);
	set16(6, 0);
	cr_expect(kl_net_info(fixture.net)->link_up, "not read yet");
	kl_device_event_handle(fixture.device);
	cr_expect_not(kl_net_info(fixture.net)->link_up);
	set16(6, 0xfffe);
	kl_device_event_handle(fixture.device);
	cr_expect_not(kl_net_info(fixture.net)->link_up, "only bit 0 counts");
	set16(6, 1);
	kl_device_event_handle(fixture.device);
	cr_expect(kl_net_info(fixture.net)->link_up);
	net_close(&fixture);
}

Test(config, link_without_status)
{
	net_prepare(&fixture);
	fake_offer_not(fixture.fake, FIXTURE_STATUS);
	set16(6, 0);
	cr_expect(attach()->link_up);
	net_close(&fixture);
}

/* CFG-08: the device reports a change by its interrupt. */
Test(config, link_event)
{
	uint64_t count;

	ONLY_IF(!ring_is("mmio"));
	net_open(&fixture);
	cr_assert_geq(kl_device_event_fd(fixture.device), 0);
	set16(6, 0);
	fake_change_config(fixture.fake, 7, 0);
	cr_expect_eq(read(kl_device_event_fd(fixture.device), &count, sizeof(count)),
		sizeof(count));
	kl_device_event_handle(fixture.device);
	cr_expect_not(kl_net_info(fixture.net)->link_up);
	net_close(&fixture);
}

static void check_speed(bool offered, uint32_t speed, uint8_t duplex, uint32_t expected,
	bool is_full)
{
	const struct kl_net_info *info;

	net_prepare(&fixture);
	if (offered)
		fake_offer(fixture.fake, FIXTURE_SPEED_DUPLEX);
	set32(12, speed);
	fixture.fake->script.config[16] = duplex;
	info = attach();
	cr_expect_eq(info->speed_mbps, expected);
	cr_expect_eq(info->full_duplex, is_full);
	net_close(&fixture);
}

/* NET-10 */
Test(config, speed)
{
	check_speed(true, 10000, 1, 10000, true);
}

Test(config, speed_half_duplex)
{
	check_speed(true, 0x7fffffff, 0, 0x7fffffff, false);
}

Test(config, speed_unknown)
{
	check_speed(true, 0x80000000, 1, KL_NET_SPEED_UNKNOWN, true);
}

Test(config, speed_all_ones)
{
	check_speed(true, 0xffffffff, 1, KL_NET_SPEED_UNKNOWN, true);
}

Test(config, speed_not_offered)
{
	check_speed(false, 10000, 0, KL_NET_SPEED_UNKNOWN, true);
}

/* CFG-05: a configuration that ends early costs the features whose fields it lacks. */
Test(config, short_structures)
{
	ONLY_IF(!ring_is("mmio"));
	net_prepare(&fixture);
	fake_offer(fixture.fake, FIXTURE_MTU);
	fake_offer(fixture.fake, FIXTURE_SPEED_DUPLEX);
	fixture.fake->script.config_length = 8;
	fake_rebuild(fixture.fake);
	cr_expect_eq(attach()->mtu, 1500);
	cr_expect_eq(kl_net_info(fixture.net)->speed_mbps, KL_NET_SPEED_UNKNOWN);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect(kl_device_has(fixture.device, FIXTURE_MAC) &&
		kl_device_has(fixture.device, FIXTURE_STATUS));
	cr_expect_not(kl_device_has(fixture.device, FIXTURE_MTU) ||
		kl_device_has(fixture.device, FIXTURE_SPEED_DUPLEX));
	net_close(&fixture);
}

Test(config, no_structure)
{
	ONLY_IF(!ring_is("mmio"));
	net_prepare(&fixture);
	fixture.fake->script.config_length = 0;
	fake_rebuild(fixture.fake);
	cr_expect(attach()->mac_is_random);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect_not(kl_device_has(fixture.device, FIXTURE_MAC));
	net_close(&fixture);
}

static void change_mac(struct fake_device *fake)
{
	for (unsigned int i = 0; i < 6; i++)
		fake->script.config[i] += i == 0 ? 4 : 1;
}

/* CFG-02: all six bytes are of one moment. */
Test(config, mac_changes_while_it_is_read)
{
	const struct kl_net_info *info;

	net_prepare(&fixture);
	memcpy(fixture.fake->script.config, "\x02\1\1\1\1\1", 6);
	fixture.fake->script.on_bump = change_mac;
	fixture.fake->script.config_bumps = 9;
	info = attach();
	for (unsigned int i = 1; i < 6; i++)
		cr_expect_eq(info->mac[i], 10);
	net_close(&fixture);
}

Test(config, a_configuration_that_never_stays)
{
	net_prepare(&fixture);
	fixture.fake->script.config_bumps = FAKE_NEVER;
	cr_expect_eq(net_attach(&fixture, NULL), -EPROTO);
	net_close(&fixture);
}

/* A failed reading leaves the last good state. */
Test(config, a_failed_reading_changes_nothing)
{
	net_open(&fixture);
	fixture.fake->script.config_bumps = FAKE_NEVER;
	set16(6, 0);
	kl_device_event_handle(fixture.device);
	cr_expect(kl_net_info(fixture.net)->link_up);
	fixture.fake->script.config_bumps = 0;
	net_close(&fixture);
}

/* The user's word about features comes with the device's name. */
Test(config, offloads_that_the_user_declines)
{
	/* CSUM, GUEST_CSUM, HOST_TSO4, HOST_TSO6 */
	static const unsigned int offered[] = {0, 1, 11, 12};

	net_prepare(&fixture);
	for (unsigned int i = 0; i < RTE_DIM(offered); i++)
		fake_offer(fixture.fake, offered[i]);
	cr_assert_eq(net_attach(&fixture, "features=-HOST_TSO4/-GUEST_CSUM"), 0, "%s", log_text());
	cr_expect_eq(kl_net_info(fixture.net)->tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO, 0);
	cr_expect_eq(kl_net_info(fixture.net)->rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_CKSUM, 0);
	fixture.conf.tx_offloads = kl_net_info(fixture.net)->tx_offloads;
	fixture.conf.rx_offloads = kl_net_info(fixture.net)->rx_offloads;
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	net_close(&fixture);
}
