/* SPDX-License-Identifier: BSD-3-Clause */
/* How a device can answer what a start says of queue pairs, RSS and hashes. */
#include <errno.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_rig.h"

static struct control_rig rig;

/* What a start says of steering: the number of pairs alone, with RSS, or a hash without it. */
static const struct {
	const char *what, *history;
	unsigned int missing, offered; /* features beside the usual ones */
	uint64_t rx_offloads;
	uint16_t pairs;
} says[] = {
	{"the number of queue pairs", "4.0", RIG_RSS, 0, 0, 2},
	{"RSS", "4.1", RIG_MQ, 0, 0, 2},
	{"the hash configuration", "4.2", RIG_RSS, RIG_HASH_REPORT, RTE_ETH_RX_OFFLOAD_RSS_HASH, 1},
};

static void attach_to_say(unsigned int i)
{
	control_prepare(&rig);
	model_offer_not(rig.net.model, says[i].missing);
	if (says[i].offered != 0)
		model_offer(rig.net.model, says[i].offered);
	rig.net.conf.rx_offloads = says[i].rx_offloads;
	rig.net.conf.queue_pairs = says[i].pairs;
	cr_assert_eq(net_attach(&rig.net, NULL), 0, "%s", log_text());
}

static void expect_said(unsigned int i)
{
	rig.answer = ANSWER_OK;
	control_listen(&rig);
	control_history(&rig);
	cr_assert_eq(net_start(&rig.net), 0, "%s: %s", says[i].what, log_text());
	cr_expect_str_eq(control_history(&rig), says[i].history);
	cr_expect_eq(kl_net_queue_pairs(rig.net.net), says[i].pairs);
}

/* Without it the start fails, and the next one says it again. */
Test(steering_answers, refused_or_never_answered)
{
	for (unsigned int i = 0; i < RTE_DIM(says); i++) {
		attach_to_say(i);
		rig.answer = ANSWER_REFUSES;
		control_listen(&rig);
		cr_expect_eq(net_start(&rig.net), -EIO);
		cr_expect(logged("the device refuses") && logged(says[i].what), "%s", log_text());
		forget_log();
		rig.answer = ANSWER_NEVER;
		control_listen(&rig);
		cr_expect_eq(net_start(&rig.net), -ETIMEDOUT);
		cr_expect(logged("does not answer") && logged(says[i].what), "%s", log_text());
		expect_said(i);
		control_close(&rig);
	}
}

Test(steering_answers, answered_twice)
{
	ONLY_IF(!ring_is("packed"));
	for (unsigned int i = 0; i < RTE_DIM(says); i++) {
		attach_to_say(i);
		expect_said(i);
		model_lie_used(rig.net.model, rig.index, rig.last.head, 1);
		cr_expect_eq(kl_net_rx_mode_set(rig.net.net, KL_NET_PROMISCUOUS, true), -EIO);
		cr_expect(logged("is broken"), "%s", log_text());
		cr_expect_eq(kl_net_stop(rig.net.net), 0);
		expect_said(i);
		control_close(&rig);
	}
}
