/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's possible answers to a start's commands for queue pairs, RSS and hashes. */
#include <errno.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_fixture.h"

static struct control_fixture fixture;

/* The steering commands of a start: the number of pairs alone, with RSS, or a hash without it. */
static const struct {
	const char *what, *history;
	unsigned int missing, offered; /* features beside the usual ones */
	uint64_t rx_offloads;
	uint16_t pairs;
} says[] = {
	{"the number of queue pairs", "4.0", FIXTURE_RSS, 0, 0, 2},
	{"RSS", "4.1", FIXTURE_MQ, 0, 0, 2},
	{"the hash configuration", "4.2", FIXTURE_RSS, FIXTURE_HASH_REPORT,
		RTE_ETH_RX_OFFLOAD_RSS_HASH, 1},
};

static void attach_with(unsigned int i)
{
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, says[i].missing);
	if (says[i].offered != 0)
		fake_offer(fixture.net.fake, says[i].offered);
	fixture.net.conf.rx_offloads = says[i].rx_offloads;
	fixture.net.conf.queue_pairs = says[i].pairs;
	cr_assert_eq(net_attach(&fixture.net, NULL), 0, "%s", log_text());
}

static void expect_commands(unsigned int i)
{
	fixture.answer = ANSWER_OK;
	control_listen(&fixture);
	control_history(&fixture);
	cr_assert_eq(net_start(&fixture.net), 0, "%s: %s", says[i].what, log_text());
	cr_expect_str_eq(control_history(&fixture), says[i].history);
	cr_expect_eq(kl_net_queue_pairs(fixture.net.net), says[i].pairs);
}

static void expect_first_pair_alone(void)
{
	const struct kl_net_info *info = kl_net_info(fixture.net.net);

	cr_expect_eq(kl_net_state(fixture.net.net), KL_DEVICE_RUNNING);
	cr_expect_neq(info->unapplied_settings, 0);
	cr_expect_eq(info->queue_pairs, 1);
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	forget_log();
}

/* Without the answer the first pair works, and the next start sends the command again. */
Test(steering_answers, refused_or_never_answered)
{
	for (unsigned int i = 0; i < RTE_DIM(says); i++) {
		attach_with(i);
		fixture.answer = ANSWER_REFUSES;
		control_listen(&fixture);
		cr_expect_eq(net_start(&fixture.net), 0);
		cr_expect(logged("the device refuses") && logged(says[i].what), "%s", log_text());
		expect_first_pair_alone();
		fixture.answer = ANSWER_NEVER;
		control_listen(&fixture);
		cr_expect_eq(net_start(&fixture.net), 0);
		cr_expect(logged("does not answer") && logged(says[i].what), "%s", log_text());
		expect_first_pair_alone();
		expect_commands(i);
		control_close(&fixture);
	}
}

Test(steering_answers, answered_twice)
{
	ONLY_IF(!ring_is("packed"));
	for (unsigned int i = 0; i < RTE_DIM(says); i++) {
		attach_with(i);
		expect_commands(i);
		fake_write_raw_used(fixture.net.fake, fixture.index, fixture.last.head, 1);
		cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true), -EIO);
		cr_expect(logged("is broken"), "%s", log_text());
		cr_expect_eq(kl_net_stop(fixture.net.net), 0);
		expect_commands(i);
		control_close(&fixture);
	}
}
