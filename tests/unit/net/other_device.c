/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device that is another one after a recovery: other features, fewer queue pairs, another MTU,
 * address or ring size. Each difference is logged by name, and what can move goes on.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_fixture.h"

#define TSO4 11
#define TSO6 12

static struct control_fixture fixture;

static void prepare(void)
{
	control_prepare(&fixture);
	fake_offer(fixture.net.fake, FIXTURE_MTU);
	fixture.net.conf.queue_pairs = 4;
}

static void start(const char *options)
{
	control_start(&fixture, options);
	forget_log();
}

static int recover(void)
{
	forget_log();
	fake_need_reset(fixture.net.fake);
	return kl_net_recover(fixture.net.net);
}

static uint16_t send_on(uint16_t queue, uint64_t flags)
{
	struct rte_mbuf *packet = net_packet(&fixture.net, 100, queue);
	uint16_t sent;

	packet->ol_flags |= flags;
	sent = kl_net_tx_burst(fixture.net.net, queue, &packet, 1);
	if (sent == 0)
		rte_pktmbuf_free(packet);
	return sent;
}

static void set16(uint16_t at, uint16_t value)
{
	memcpy(&fixture.net.fake->script.config[at], &value, sizeof(value));
}

Test(other_device, the_same)
{
	prepare();
	start(NULL);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_not(logged("has come back with"), "%s", log_text());
	control_close(&fixture);
}

Test(other_device, features)
{
	ONLY_IF(!ring_is("unmerged"));
	prepare();
	start(NULL);
	fake_offer_not(fixture.net.fake, FIXTURE_MRG_RXBUF);
	fake_offer_not(fixture.net.fake, 53);
	fake_offer(fixture.net.fake, FIXTURE_SPEED_DUPLEX);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect(logged("it has come back with other features; lost: MRG_RXBUF NOTF_COAL; gained: "
			 "SPEED_DUPLEX\n"),
		"%s", log_text());
	cr_expect_eq(send_on(0, 0), 1);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_not(logged("has come back with"), "%s", log_text());
	control_close(&fixture);
}

/* Another form of ring, since the rings are made anew. */
Test(other_device, ring_form)
{
	prepare();
	start(NULL);
	if (ring_is("packed"))
		fake_offer_not(fixture.net.fake, FIXTURE_PACKED);
	else
		fake_offer(fixture.net.fake, FIXTURE_PACKED);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect(logged(ring_is("packed") ? "lost: RING_PACKED\n" : "gained: RING_PACKED\n"), "%s",
		log_text());
	cr_expect_eq(send_on(0, 0), 1);
	control_close(&fixture);
}

/* An offload of the start that it has no more is left out, and used again when it is back. */
Test(other_device, offloads)
{
	prepare();
	fake_offer(fixture.net.fake, 0);
	fake_offer(fixture.net.fake, TSO4);
	fake_offer(fixture.net.fake, TSO6);
	fixture.net.conf.tx_offloads = RTE_ETH_TX_OFFLOAD_TCP_TSO;
	start(NULL);
	fake_offer_not(fixture.net.fake, TSO6);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect(logged("lost: HOST_TSO6\n") &&
			logged("it runs without the transmit offload TCP_TSO now"),
		"%s", log_text());
	cr_expect_eq(kl_net_tx_offloads(fixture.net.net) & RTE_ETH_TX_OFFLOAD_TCP_TSO, 0);
	cr_expect_eq(send_on(0, 0), 1);
	fake_offer(fixture.net.fake, TSO6);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_neq(kl_net_tx_offloads(fixture.net.net) & RTE_ETH_TX_OFFLOAD_TCP_TSO, 0);
	/* But a start of the application's gets what it requests, or fails. */
	cr_expect_eq(kl_net_stop(fixture.net.net), 0);
	fake_offer_not(fixture.net.fake, TSO6);
	cr_assert_eq(kl__device_reset(fixture.net.device, NULL, NULL), 0);
	cr_expect_eq(net_start(&fixture.net), -ENOTSUP);
	control_close(&fixture);
}

/* An insistence is one: it has failed, and the text has the name. */
Test(other_device, insisted_feature)
{
	prepare();
	fake_offer(fixture.net.fake, 40);
	start("features=+RING_RESET");
	fake_offer_not(fixture.net.fake, 40);
	cr_assert_eq(recover(), -ENOTSUP);
	cr_expect(logged("the device does not offer RING_RESET") && logged("it has failed"), "%s",
		log_text());
	control_close(&fixture);
}

Test(other_device, queue_pairs)
{
	const struct kl_net_info *info;
	struct kl_net_queue_info queue;

	prepare();
	start(NULL);
	info = kl_net_info(fixture.net.net);
	cr_expect_eq(info->queue_pairs, 4);
	set16(8, 2);
	net_give_queues(&fixture.net, 5);
	fixture.index = 4;
	control_listen(&fixture);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect(logged("it has come back with queue pairs 4 -> 2; of the 4 that were started the "
			 "first 2 are in use\n"),
		"%s", log_text());
	cr_expect(info->queue_pairs == 2 && info->max_queue_pairs == 2);
	cr_expect_eq(kl_net_queue_pairs(fixture.net.net), 4);
	for (uint16_t i = 0; i < 4; i++) {
		cr_expect_eq(send_on(i, 0), i < 2, "queue %u", i);
		cr_expect_eq(kl_net_rx_burst(fixture.net.net, i, &(struct rte_mbuf *){NULL}, 1), 0);
		cr_expect_eq(kl_net_queue_info_get(fixture.net.net, KL_NET_TX, i, &queue),
			i < 2 ? 0 : -EAGAIN);
	}
	cr_expect_eq(kl_net_queue_stop(fixture.net.net, KL_NET_RX, 3), -EAGAIN);
	/* The mtu of queues that are not there, and another recovery, do no harm. */
	cr_expect_eq(kl_net_mtu_set(fixture.net.net, 1000), 0);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_eq(send_on(3, 0), 0);
	set16(8, 4);
	net_give_queues(&fixture.net, CONTROL_QUEUES);
	fixture.index = CONTROL_INDEX;
	control_listen(&fixture);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect(logged("queue pairs 2 -> 4\n"), "%s", log_text());
	for (uint16_t i = 0; i < 4; i++)
		cr_expect_eq(send_on(i, 0), 1, "queue %u", i);
	control_close(&fixture);
}

/* It names more pairs than it has queues for: it goes on with the first, as at a start. */
Test(other_device, control_queue_missing)
{
	const struct kl_net_info *info;

	prepare();
	start(NULL);
	info = kl_net_info(fixture.net.net);
	set16(8, 8);
	fixture.index = 2;
	control_listen(&fixture);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect(logged("max_virtqueue_pairs is 8, but there is no queue 16") &&
			logged("lost: MQ ") && logged("runs again"),
		"%s", log_text());
	cr_expect_eq(kl_net_state(fixture.net.net), KL_DEVICE_RUNNING);
	cr_expect(info->queue_pairs == 1 && info->max_queue_pairs == 1);
	for (uint16_t i = 0; i < 4; i++)
		cr_expect_eq(send_on(i, 0), i < 1, "queue %u", i);
	cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true), 0);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect_not(logged("lost:"), "%s", log_text());
	control_close(&fixture);
}

Test(other_device, mtu)
{
	const uint64_t errors = 1;

	prepare();
	start(NULL);
	set16(10, 1000);
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect(logged("it has come back with MTU 1500 -> 1000\n"), "%s", log_text());
	cr_expect_eq(kl_net_info(fixture.net.net)->mtu, 1000);
	cr_expect_eq(net_send(&fixture.net, net_packet(&fixture.net, 1400, 1)), 1);
	cr_expect_eq(net_stats(&fixture.net, KL_NET_TX).errors, errors, "it is too long now");
	control_close(&fixture);
}

/* Without merged buffers a larger MTU needs larger mbufs: the recovery fails, and reports it. */
Test(other_device, mtu_beyond_the_mbufs)
{
	prepare();
	fake_offer_not(fixture.net.fake, FIXTURE_MRG_RXBUF);
	start(NULL);
	set16(10, 9000);
	cr_assert_eq(recover(), -EINVAL);
	cr_expect(logged("without MRG_RXBUF, MTU 9000") && logged("it has failed"), "%s",
		log_text());
	control_close(&fixture);
}

Test(other_device, address)
{
	prepare();
	start(NULL);
	fixture.net.fake->script.config[5] = 0x77;
	cr_assert_eq(recover(), 0, "%s", log_text());
	cr_expect(logged("it has come back with MAC 52:54:00:01:02:03 -> 52:54:00:01:02:77\n"),
		"%s", log_text());
	cr_expect_eq(kl_net_info(fixture.net.net)->mac[5], 0x77);
	control_close(&fixture);
}

/* A ring that was requested, or the device's own choice. */
Test(other_device, ring_size)
{
	for (unsigned int requested = 0; requested <= 1; requested++) {
		struct kl_net_queue_info info;

		prepare();
		fixture.net.conf.rx_ring_size = fixture.net.conf.tx_ring_size = requested != 0 ?
			FIXTURE_RING :
			0;
		start(NULL);
		for (uint16_t i = 0; i < 8; i++)
			fixture.net.fake->script.queue_size[i] = fixture.net.fake->queue[i].size =
				16;
		cr_assert_eq(recover(), 0, "%s", log_text());
		cr_expect(logged("it has come back with receive rings 64 -> 16\n") &&
				logged("it has come back with transmit rings 64 -> 16\n"),
			"%s", log_text());
		cr_assert_eq(kl_net_queue_info_get(fixture.net.net, KL_NET_RX, 1, &info), 0);
		cr_expect_eq(info.size, 16);
		cr_expect_eq(send_on(1, 0), 1);
		control_close(&fixture);
	}
}
