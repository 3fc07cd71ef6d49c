/* SPDX-License-Identifier: BSD-3-Clause */
/* NET-12 to NET-21: whatever a device offers, no feature is accepted without what it needs. */
#include "feature_bits.h"

#include <errno.h>

#include <criterion/criterion.h>

#include "control_fixture.h"
#include "core/device.h"

static struct control_fixture fixture;

/* 5.1.3.1 read a second time: bit, and a mask of which all, or any, must be there. */
static const struct {
	unsigned int bit;
	uint64_t all, any;
} needs[] = {
	{7, 1 << 1, 0},
	{8, 1 << 1, 0},
	{9, 0, 1 << 7 | 1 << 8},
	{10, 1 << 1, 0},
	{54, 1 << 1, 0},
	{55, 1 << 1, 0},
	{11, 1 << 0, 0},
	{12, 1 << 0, 0},
	{13, 0, 1 << 11 | 1 << 12},
	{14, 1 << 0, 0},
	{56, 1 << 0, 0},
	{18, 1 << 17, 0},
	{19, 1 << 17, 0},
	{20, 1 << 17, 0},
	{21, 1 << 17, 0},
	{22, 1 << 17, 0},
	{23, 1 << 17, 0},
	{53, 1 << 17, 0},
	{52, 1 << 17, 0},
	{60, 1 << 17, 0},
	{57, 1 << 17, 0},
	{2, 1 << 17, 0},
	{50, 1 << 17, 0},
	{61, 0, 1 << 11 | 1 << 12},
	{61, 0, 1 << 7 | 1 << 8},
	{51, 1 << 17, UINT64_C(1) << 60 | UINT64_C(1) << 57},
};

static bool is_legal(uint64_t set)
{
	for (unsigned int i = 0; i < RTE_DIM(needs); i++) {
		if ((set >> needs[i].bit & 1) == 0)
			continue;
		if ((set & needs[i].all) != needs[i].all ||
			(needs[i].any != 0 && (set & needs[i].any) == 0))
			return false;
	}
	return true;
}

/* Rules applied as the core does, to sets that offer anything: the driver's table alone. */
static uint64_t keep_legal(uint64_t set)
{
	for (unsigned int pass = 0; pass < 8; pass++)
		for (const struct kl_feature_rule *rule = net_feature_rules;
			rule->needed_count != 0; rule++) {
			unsigned int have = 0;

			for (unsigned int i = 0; i < rule->needed_count; i++)
				have += set >> rule->needed[i] & 1;
			if (rule->any ? have == 0 : have < rule->needed_count)
				set &= ~(UINT64_C(1) << rule->bit);
		}
	return set;
}

static uint64_t mix(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

Test(feature_bits, table)
{
	uint64_t state = 88172645463325252ull;

	for (unsigned int i = 0; i < 1000000; i++) {
		uint64_t offered = mix(&state) | (i % 3 == 0 ? mix(&state) : 0),
			 kept = keep_legal(offered);

		cr_assert_eq(kept & ~offered, 0);
		cr_assert(is_legal(kept), "0x%lx of 0x%lx", kept, offered);
	}
	/* Each alone, and each missing from all. */
	for (unsigned int bit = 0; bit < 64; bit++) {
		cr_expect(is_legal(keep_legal(UINT64_C(1) << bit)));
		cr_expect(is_legal(keep_legal(~(UINT64_C(1) << bit))));
	}
	cr_expect_eq(keep_legal(UINT64_MAX), UINT64_MAX, "no rule is too strict");
}

/* The same through a start, FEAT-01 to FEAT-03: the fake device itself checks the written bits. */
Test(feature_bits, starts)
{
	uint64_t state = 1181783497276652981ull;

	control_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t offered = (mix(&state) | mix(&state)) & ~(UINT64_C(0xffff) << 33);

		offered &= ~(UINT64_C(1) << 24 | UINT64_C(1) << 27 | UINT64_C(1) << 30);
		fixture.net.fake->script.offered.word[0] = offered | UINT64_C(1) << 32;
		/* The offer is read after a reset. */
		cr_assert_eq(kl__device_reset(fixture.net.device, NULL, NULL), 0);
		cr_assert_eq(kl_net_info(fixture.net.net)->max_queue_pairs >= 1, true);
		fixture.index = offered >> 22 & 1 || offered >> 60 & 1 ? CONTROL_INDEX : 2;
		control_listen(&fixture);
		cr_assert_eq(net_start(&fixture.net), 0, "0x%lx: %s", offered, log_text());
		cr_assert(is_legal(fixture.net.fake->accepted.word[0]), "0x%lx",
			fixture.net.fake->accepted.word[0]);
		cr_assert_eq(fixture.net.fake->accepted.word[0] &
				~fixture.net.fake->script.offered.word[0],
			0);
		cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	}
	control_close(&fixture);
}

/* NRX-03: no buffer here holds a large packet, so without merged ones none is requested. */
Test(feature_bits, large_packets_take_merged_buffers)
{
	static const uint64_t large = 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | UINT64_C(3) << 54;

	for (unsigned int merged = 0; merged < 2; merged++) {
		uint64_t kept = keep_legal(UINT64_MAX & ~(merged != 0 ? 0 : UINT64_C(1) << 15));

		cr_expect_eq(kept & large, merged != 0 ? large : 0);
	}
	control_prepare(&fixture);
	for (unsigned int bit = 0; bit < 64; bit++)
		if ((large >> bit & 1) != 0 || bit == 1)
			fake_offer(fixture.net.fake, bit);
	fake_offer_not(fixture.net.fake, FIXTURE_MRG_RXBUF);
	control_start(&fixture, NULL);
	cr_expect_eq(fixture.net.fake->accepted.word[0] & large, 0);
	control_close(&fixture);
}

/* NET-09: a driver with STANDBY must handle a primary device too, and that is the application's. */
Test(feature_bits, standby_on_request)
{
	static const char *const options[] = {NULL, "features=+STANDBY"};

	for (unsigned int requested = 0; requested <= 1; requested++) {
		control_prepare(&fixture);
		fake_offer(fixture.net.fake, 62);
		control_start(&fixture, options[requested]);
		cr_expect_eq(fixture.net.fake->accepted.word[0] >> 62 & 1, requested);
		control_close(&fixture);
	}
}

Test(feature_bits, declined)
{
	control_prepare(&fixture);
	control_start(&fixture, "features=-CTRL_VQ/-MAC");
	cr_expect_eq(fixture.net.fake->accepted.word[0] &
			(1 << 5 | 1 << 17 | 1 << 18 | 1 << 22 | UINT64_C(1) << 60),
		0);
	cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true), -ENOTSUP);
	cr_expect(logged("the option features= declines"), "%s", log_text());
	control_close(&fixture);
}

/* An offload that the device has not is refused by name, not left out. */
Test(feature_bits, offloads_that_the_device_has_not)
{
	control_prepare(&fixture);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	fixture.net.conf.tx_offloads = RTE_ETH_TX_OFFLOAD_TCP_TSO;
	cr_expect_eq(net_start(&fixture.net), -ENOTSUP);
	cr_expect(logged("transmit offload TCP_TSO"), "%s", log_text());
	fixture.net.conf.tx_offloads = 0;
	fixture.net.conf.rx_offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH;
	cr_expect_eq(net_start(&fixture.net), -ENOTSUP);
	cr_expect(logged("receive offload RSS_HASH"), "%s", log_text());
	fixture.net.conf.rx_offloads = 0;
	cr_expect_eq(net_start(&fixture.net), 0);
	control_close(&fixture);
}

/*
 * A possible feature can be requested: UFO is no reason to refuse UDP_TSO until it is insisted on.
 */
Test(feature_bits, datagrams_in_fragments)
{
	control_prepare(&fixture);
	fake_offer(fixture.net.fake, 0);
	fake_offer(fixture.net.fake, 14);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	cr_expect_eq(kl_net_info(fixture.net.net)->tx_offloads & RTE_ETH_TX_OFFLOAD_UDP_TSO, 0);
	fixture.net.conf.tx_offloads = kl_net_info(fixture.net.net)->tx_offloads;
	cr_expect_eq(net_start(&fixture.net), 0, "%s", log_text());
	cr_expect_eq(fixture.net.fake->accepted.word[0] >> 14 & 1, 0);
	control_close(&fixture);

	control_prepare(&fixture);
	fake_offer(fixture.net.fake, 0);
	fake_offer(fixture.net.fake, 14);
	control_start(&fixture, "features=+HOST_UFO");
	cr_expect_neq(kl_net_info(fixture.net.net)->tx_offloads & RTE_ETH_TX_OFFLOAD_UDP_TSO, 0);
	cr_expect_eq(fixture.net.fake->accepted.word[0] >> 14 & 1, 1);
	control_close(&fixture);
}
