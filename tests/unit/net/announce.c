/* SPDX-License-Identifier: BSD-3-Clause */
/* CTL-11, CTL-12: the device's wish for gratuitous packets. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control_rig.h"

static struct control_rig rig;

static void ask(void)
{
	model_change_config(rig.net.model, 6, 3);
	kl_device_event_handle(rig.net.device);
}

Test(announce, acknowledged)
{
	control_open(&rig);
	ask();
	control_expect(&rig, 3, 0, NULL, 0);
	cr_expect_eq(kl_net_info(rig.net.net)->announcements, 1);
	cr_expect(kl_net_info(rig.net.net)->link_up);
	/* The device takes its wish back, and that is no new one. */
	model_change_config(rig.net.model, 6, 1);
	kl_device_event_handle(rig.net.device);
	cr_expect_eq(kl_net_info(rig.net.net)->announcements, 1);
	cr_expect_str_eq(control_history(&rig), "3.0");
	control_close(&rig);
}

/* Not while another command waits: it is tried again with the next change. */
Test(announce, without_an_answer)
{
	control_open(&rig);
	rig.answer = ANSWER_NEVER;
	control_listen(&rig);
	ask();
	cr_expect(logged("does not answer"), "%s", log_text());
	rig.answer = ANSWER_OK;
	control_serve(&rig);
	control_listen(&rig);
	control_history(&rig);
	ask();
	cr_expect_str_eq(control_history(&rig), "3.0");
	cr_expect_eq(kl_net_info(rig.net.net)->announcements, 2);
	control_close(&rig);
}

Test(announce, refused)
{
	control_open(&rig);
	rig.answer = ANSWER_REFUSES;
	ask();
	cr_expect(logged("the device refuses the acknowledgement"), "%s", log_text());
	cr_expect_eq(kl_net_info(rig.net.net)->announcements, 1, "the wish was heard all the same");
	rig.answer = ANSWER_OK;
	cr_expect_eq(kl_net_rx_mode_set(rig.net.net, KL_NET_PROMISCUOUS, true), 0);
	control_close(&rig);
}

Test(announce, answered_twice)
{
	ONLY_IF(!ring_is("packed"));
	control_open(&rig);
	ask();
	model_lie_used(rig.net.model, rig.index, rig.last.head, 1);
	forget_log();
	ask();
	cr_expect(logged("is broken"), "%s", log_text());
	cr_expect_eq(kl_net_stop(rig.net.net), 0);
	cr_assert_eq(net_start(&rig.net), 0, "%s", log_text());
	control_history(&rig);
	ask();
	cr_expect_str_eq(control_history(&rig), "3.0");
	control_close(&rig);
}

Test(announce, not_negotiated)
{
	control_prepare(&rig);
	model_offer_not(rig.net.model, 21);
	control_start(&rig, NULL);
	ask();
	cr_expect_eq(kl_net_info(rig.net.net)->announcements, 0);
	cr_expect_str_eq(control_history(&rig), "");
	control_close(&rig);
}

/* A stopped device has no queue to answer on. */
Test(announce, while_stopped)
{
	control_open(&rig);
	cr_expect_eq(kl_net_stop(rig.net.net), 0);
	model_change_config(rig.net.model, 6, 3);
	kl_device_event_handle(rig.net.device);
	cr_expect_eq(kl_net_info(rig.net.net)->announcements, 0);
	control_close(&rig);
}

Test(announce, packet)
{
	struct rte_mbuf *packet;
	const uint8_t *data;

	control_open(&rig);
	packet = kl_net_announcement_create(rig.net.net, rig.net.pool);
	cr_assert_neq(packet, NULL);
	data = rte_pktmbuf_mtod(packet, const uint8_t *);
	cr_expect_eq(packet->pkt_len, 60);
	cr_expect_arr_eq(data, "\xff\xff\xff\xff\xff\xff\x52\x54\0\1\2\3\x80\x35\0\1\x08\0\6\4\0\3",
		22);
	cr_expect_arr_eq(data + 22, kl_net_info(rig.net.net)->mac, 6);
	cr_expect_arr_eq(data + 32, kl_net_info(rig.net.net)->mac, 6);
	for (unsigned int i = 42; i < 60; i++)
		cr_expect_eq(data[i], 0);
	rte_pktmbuf_free(packet);
	control_close(&rig);
}
