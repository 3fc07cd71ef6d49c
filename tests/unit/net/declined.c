/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each feature that may be declined is declined: alone, with each feature that needs it, and all at
 * once. The device starts, sends, receives and stops all the same.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_ethdev.h>

#include "control_fixture.h"
#include "feature_bits.h"
#include "frames.h"

#define VERSION_1 32
#define ACCESS_PLATFORM 33

static struct control_fixture fixture;

/* Bits of every device that may be declined; those of the fake device only where it has them. */
static const unsigned int common[] = {FIXTURE_INDIRECT, FIXTURE_EVENT_IDX, ACCESS_PLATFORM,
	FIXTURE_PACKED, 35, 36, 38, 40};

static const char *name_of(unsigned int bit)
{
	static char text[KL_FEATURE_BITS][32];
	struct kl_features set = {0};

	kl_features_set(&set, bit);
	return kl_device_feature_names(fixture.net.device, &set, text[bit], sizeof(text[bit]));
}

/* Everything that the driver knows, but for what changes the ring under the fixture. */
static void offer_everything(void)
{
	for (const struct kl_feature_name *name = net_feature_names; name->name != NULL; name++)
		fake_offer(fixture.net.fake, name->bit);
	for (unsigned int i = 0; i < RTE_DIM(common); i++)
		if (common[i] != FIXTURE_PACKED && common[i] != 35)
			fake_offer(fixture.net.fake, common[i]);
	ring_variant_offer(fixture.net.fake);
	if (ring_is("unmerged"))
		fake_offer_not(fixture.net.fake, FIXTURE_MRG_RXBUF);
}

/* Sizes of the device's header by what was accepted. */
static uint32_t header_bytes(void)
{
	return kl_device_has(fixture.net.device, FIXTURE_HASH_REPORT) ? 20 : 12;
}

static uint64_t sent_bytes;

static uint32_t count_sent(struct fake_device *fake, uint16_t queue, const struct fake_chain *chain,
	void *context)
{
	(void)fake;
	(void)queue;
	(void)context;
	sent_bytes = chain->readable_bytes;
	return 0;
}

static void expect_sends(const char *options)
{
	struct fake_device *fake = fixture.net.fake;

	sent_bytes = 0;
	cr_expect_eq(net_send(&fixture.net, net_packet(&fixture.net, 100, 7)), 1, "%s", options);
	kl_net_tx_kick(fixture.net.net, 0);
	fake->script.handler = count_sent;
	cr_expect_eq(fake_process(fake, FIXTURE_TX, 64), 1, "%s", options);
	cr_expect_eq(sent_bytes, 100 + header_bytes(), "%s: %lu bytes", options, sent_bytes);
}

static void expect_receives(const char *options)
{
	struct fake_device *fake = fixture.net.fake;
	static struct fake_chain chain;
	struct rte_mbuf *packet;

	cr_assert(fake_pop(fake, FIXTURE_RX, &chain), "%s", options);
	memset(chain.segment[0].data, 0, header_bytes());
	chain.segment[0].data[10] = 1;
	memset(chain.segment[0].data + header_bytes(), 0x5a, 90);
	fake_complete(fake, FIXTURE_RX, chain.head, header_bytes() + 90);
	fake_arm(fake, FIXTURE_RX);
	packet = net_receive(&fixture.net);
	cr_assert_neq(packet, NULL, "%s", options);
	cr_expect_eq(packet->pkt_len, 90, "%s", options);
	cr_expect_eq(*rte_pktmbuf_mtod(packet, uint8_t *), 0x5a, "%s", options);
	rte_pktmbuf_free(packet);
}

/* The fake device is used again. */
static void close_device(void)
{
	kl_device_close(fixture.net.device);
	fixture.net.device = NULL;
	cr_expect_eq(fixture.net.fake->host_closes, 1);
	cr_expect_eq(fixture.net.fake->access_closes, 1);
	fixture.net.fake->host_closes = fixture.net.fake->access_closes = 0;
}

/* One device, all settings of an application, and these features declined. */
static void run_with(const char *options)
{
	struct fake_device *fake = fixture.net.fake;
	struct kl_net *net;

	forget_log();
	cr_assert_eq(net_attach(&fixture.net, options), 0, "%s: %s", options, log_text());
	net = fixture.net.net;
	(void)kl_net_rx_mode_set(net, KL_NET_PROMISCUOUS, true);
	(void)kl_net_rx_mode_set(net, KL_NET_NO_BROADCAST, true);
	(void)kl_net_mac_add(net, (const uint8_t[]){2, 0, 0, 0, 0, 9});
	fixture.index = strstr(options, "-MQ") != NULL && strstr(options, "-RSS") != NULL ?
		2 :
		CONTROL_INDEX;
	control_listen(&fixture);
	cr_assert_eq(net_start(&fixture.net), 0, "%s: %s", options, log_text());
	fake->queue[FIXTURE_RX].kicks = FAKE_KICKS_ANY;
	fake->queue[FIXTURE_TX].kicks = FAKE_KICKS_ANY;
	expect_sends(options);
	expect_receives(options);
	cr_expect_eq(kl_net_stop(net), 0, "%s", options);
	cr_expect_eq(net_buffers_out(&fixture.net), 0, "%s", options);
	close_device();
}

static void prepare(void)
{
	control_prepare(&fixture);
	offer_everything();
	/* A device for the names of features, before any other. */
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	for (const struct kl_feature_name *name = net_feature_names; name->name != NULL; name++)
		name_of(name->bit);
	for (unsigned int i = 0; i < RTE_DIM(common); i++)
		name_of(common[i]);
	close_device();
}

static const char *decline(char *text, const char *const *names, unsigned int count)
{
	int at = sprintf(text, "features=");

	for (unsigned int i = 0; i < count; i++)
		at += sprintf(text + at, "%s-%s", i > 0 ? "/" : "", names[i]);
	return text;
}

Test(declined, each_alone)
{
	char options[64];

	prepare();
	for (const struct kl_feature_name *name = net_feature_names; name->name != NULL; name++)
		run_with(decline(options, &name->name, 1));
	for (unsigned int i = 0; i < RTE_DIM(common); i++) {
		const char *name = name_of(common[i]);

		run_with(decline(options, &name, 1));
	}
	control_close(&fixture);
}

static const char *feature_name(unsigned int bit)
{
	const struct kl_feature_name *name = net_feature_names;

	while (name->bit != bit)
		name++;
	return name->name;
}

/* With what needs it, and with what it needs. */
Test(declined, pairs)
{
	char options[96];

	prepare();
	for (const struct kl_feature_rule *rule = net_feature_rules; rule->needed_count != 0;
		rule++)
		for (unsigned int i = 0; i < rule->needed_count; i++) {
			const char *names[] = {feature_name(rule->bit),
				feature_name(rule->needed[i])};

			run_with(decline(options, names, 2));
		}
	run_with("features=-MQ/-RSS");
	run_with("features=-INDIRECT_DESC/-EVENT_IDX");
	run_with("features=-MRG_RXBUF/-INDIRECT_DESC");
	control_close(&fixture);
}

Test(declined, all_at_once)
{
	const char *names[64];
	char options[1024];
	unsigned int count = 0;

	prepare();
	for (const struct kl_feature_name *name = net_feature_names; name->name != NULL; name++)
		names[count++] = name->name;
	for (unsigned int i = 0; i < RTE_DIM(common); i++)
		names[count++] = name_of(common[i]);
	run_with(decline(options, names, count));
	control_close(&fixture);
}

/* The one bit that a modern device can't do without. */
Test(declined, version_1)
{
	prepare();
	cr_assert_eq(net_attach(&fixture.net, "features=-VERSION_1"), 0);
	forget_log();
	cr_expect_eq(net_start(&fixture.net), -ENOTSUP);
	cr_expect(logged("VERSION_1 is declined"), "%s", log_text());
	control_close(&fixture);
}

/* A setting that needs a declined feature is refused at once, by the name of what is missing. */
Test(declined, settings)
{
	static const struct {
		const char *options, *text;
	} cases[] = {
		{"features=-CTRL_RX",
			"it needs the feature CTRL_RX, which the option features= declines"},
		{"features=-CTRL_VQ",
			"it needs the feature CTRL_VQ, which the option features= declines"},
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		control_prepare(&fixture);
		cr_assert_eq(net_attach(&fixture.net, cases[i].options), 0);
		forget_log();
		cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true),
			-ENOTSUP);
		cr_expect(logged(cases[i].text), "%s", log_text());
		control_close(&fixture);
	}
	/* QEMU with ctrl_vq=off offers CTRL_RX all the same. */
	control_prepare(&fixture);
	fake_offer_not(fixture.net.fake, FIXTURE_CTRL_VQ);
	cr_assert_eq(net_attach(&fixture.net, NULL), 0);
	cr_expect_eq(kl_net_rx_mode_set(fixture.net.net, KL_NET_PROMISCUOUS, true), -ENOTSUP);
	cr_expect(logged("it needs the feature CTRL_VQ, which the device does not offer"), "%s",
		log_text());
	control_close(&fixture);
}

/* More pairs than one need MQ or RSS, and the control queue. */
Test(declined, queue_pairs)
{
	static const struct {
		const char *options;
		uint16_t pairs;
	} cases[] = {
		{"queues=4,features=-MQ", 4},
		{"queues=4,features=-RSS", 4},
		{"queues=4,features=-MQ/-RSS", 1},
		{"queues=4,features=-CTRL_VQ", 1},
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		control_prepare(&fixture);
		fixture.net.conf.queue_pairs = 0;
		cr_assert_eq(net_attach(&fixture.net, cases[i].options), 0);
		cr_expect_eq(kl_net_info(fixture.net.net)->max_queue_pairs, cases[i].pairs);
		forget_log();
		cr_expect_eq(net_start(&fixture.net), cases[i].pairs == 4 ? 0 : -EINVAL, "%s",
			log_text());
		cr_expect(cases[i].pairs == 4 || logged("more need CTRL_VQ, and MQ or RSS"), "%s",
			log_text());
		control_close(&fixture);
	}
}
