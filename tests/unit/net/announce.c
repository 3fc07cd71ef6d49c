/* SPDX-License-Identifier: BSD-3-Clause */
/* CTL-11, CTL-12: the device's request for gratuitous packets. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "control_fixture.h"

static struct control_fixture fixture;

static void request_announcement(void)
{
	fake_change_config(fixture.net.fake, 6, 3);
	kl_device_event_handle(fixture.net.device);
}

Test(announce, acknowledged)
{
	control_open(&fixture);
	request_announcement();
	control_expect(&fixture, 3, 0, NULL, 0);
	cr_expect_eq(kl_net_info(fixture.net.net)->announcements, 1);
	cr_expect(kl_net_info(fixture.net.net)->link_up);
	/* The device withdraws its request, and that is no new one. */
	fake_change_config(fixture.net.fake, 6, 1);
	kl_device_event_handle(fixture.net.device);
	cr_expect_eq(kl_net_info(fixture.net.net)->announcements, 1);
	cr_expect_str_eq(control_history(&fixture), "3.0");
	control_close(&fixture);
}

/* Not while another command waits: it is tried again with the next change. */
Test(announce, without_an_answer)
{
	control_open(&fixture);
	fixture.answer = ANSWER_NEVER;
	control_listen(&fixture);
	request_announcement();
	cr_expect(logged("does not answer"), "%s", log_text());
	fixture.answer = ANSWER_OK;
	control_serve(&fixture);
	control_listen(&fixture);
	control_history(&fixture);
	request_announcement();
	cr_expect_str_eq(control_history(&fixture), "3.0");
	cr_expect_eq(kl_net_info(fixture.net.net)->announcements, 2);
	control_close(&fixture);
}

Test(announce, refused)
{
	control_open(&fixture);
	fixture.answer = ANSWER_REFUSES;
	request_announcement();
	cr_expect(logged("the device refuses the acknowledgement"), "%s", log_text());
	cr_expect_eq(kl_net_info(fixture.net.net)->announcements, 1,
		"the request was seen all the same");
	fixture.answer = ANSWER_OK;
	cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true), 0);
	control_close(&fixture);
}

Test(announce, answered_twice)
{
	ONLY_IF(!ring_is("packed"));
	control_open(&fixture);
	request_announcement();
	fake_write_raw_used(fixture.net.fake, fixture.index, fixture.last.head, 1);
	forget_log();
	request_announcement();
	cr_expect(logged("is broken"), "%s", log_text());
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	cr_assert_eq(net_start(&fixture.net), 0, "%s", log_text());
	control_history(&fixture);
	request_announcement();
	cr_expect_str_eq(control_history(&fixture), "3.0");
	control_close(&fixture);
}

Test(announce, not_negotiated)
{
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, 21);
	control_start(&fixture, NULL);
	request_announcement();
	cr_expect_eq(kl_net_info(fixture.net.net)->announcements, 0);
	cr_expect_str_eq(control_history(&fixture), "");
	control_close(&fixture);
}

/* A device that requests all the time gets an answer a second, and the log one line with each. */
Test(announce, without_end)
{
	uint32_t answered;

	control_open(&fixture);
	forget_log();
	for (unsigned int i = 0; i < 1000; i++)
		request_announcement();
	answered = kl_net_info(fixture.net.net)->announcements;
	cr_expect(answered >= 8 && answered < 20, "%u", answered);
	cr_expect_lt(strlen(log_text()), 1000, "%s", log_text());
	/* The last one is not forgotten. */
	for (unsigned int i = 0; i < 30 && kl_net_info(fixture.net.net)->announcements == answered;
		i++) {
		const struct timespec pause = {.tv_nsec = 100000000};

		nanosleep(&pause, NULL);
		cr_expect_eq(kl_net_recover(fixture.net.net), 0);
	}
	cr_expect_eq(kl_net_info(fixture.net.net)->announcements, answered + 1);
	cr_expect(logged("were not answered, one in a second is"), "%s", log_text());
	control_close(&fixture);
}

/* A stopped device has no queue to answer on. */
Test(announce, while_stopped)
{
	control_open(&fixture);
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	fake_change_config(fixture.net.fake, 6, 3);
	kl_device_event_handle(fixture.net.device);
	cr_expect_eq(kl_net_info(fixture.net.net)->announcements, 0);
	control_close(&fixture);
}

Test(announce, packet)
{
	struct rte_mbuf *packet;
	const uint8_t *data;

	control_open(&fixture);
	packet = kl_net_announcement_create(fixture.net.net, fixture.net.pool);
	cr_assert_neq(packet, NULL);
	data = rte_pktmbuf_mtod(packet, const uint8_t *);
	cr_expect_eq(packet->pkt_len, 60);
	cr_expect_arr_eq(data, "\xff\xff\xff\xff\xff\xff\x52\x54\0\1\2\3\x80\x35\0\1\x08\0\6\4\0\3",
		22);
	cr_expect_arr_eq(data + 22, kl_net_info(fixture.net.net)->mac, 6);
	cr_expect_arr_eq(data + 32, kl_net_info(fixture.net.net)->mac, 6);
	for (unsigned int i = 42; i < 60; i++)
		cr_expect_eq(data[i], 0);
	rte_pktmbuf_free(packet);
	control_close(&fixture);
}
