/* SPDX-License-Identifier: BSD-3-Clause */
/* CTL-39 to CTL-41: the device's own counters, and replies of any shape. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control_fixture.h"

static struct control_fixture fixture;
static struct kl_net_device_counter counters[KL_NET_DEVICE_COUNTERS_MAX];

/* One reply serves both queries, of the capabilities and of the counters: types, then parts. */
static void put_types(uint64_t types)
{
	memcpy(fixture.reply, &types, sizeof(types));
	fixture.reply_bytes = sizeof(types);
}

static uint32_t put_part(uint32_t at, uint8_t type, uint16_t queue, uint16_t size, uint64_t first)
{
	memset(fixture.reply + at, 0, 8);
	fixture.reply[at] = type;
	memcpy(fixture.reply + at + 2, &queue, 2);
	memcpy(fixture.reply + at + 6, &size, 2);
	for (uint16_t i = 8; i + 8 <= size; i += 8, first++)
		memcpy(fixture.reply + at + i, &first, 8);
	return at + size;
}

/* A question has no data: only then the types are replied. */
static uint64_t types;
static uint8_t parts[1500];
static uint32_t parts_bytes;

static uint32_t handle(struct fake_device *fake, uint16_t queue, const struct fake_chain *chain,
	void *context)
{
	uint32_t room = chain->segment[chain->count - 1].length;
	uint8_t *reply = chain->segment[chain->count - 1].data;
	const uint8_t *header = chain->segment[0].data;
	uint32_t bytes;

	(void)fake;
	(void)queue;
	(void)context;
	chain->segment[chain->readable].data[0] = 0;
	if (header[0] != 8)
		return 1;
	if (header[1] == 0) {
		memcpy(reply, &types, 8);
		return 9;
	}
	fixture.last.bytes = chain->segment[1].length;
	memcpy(fixture.last.data, chain->segment[1].data, fixture.last.bytes);
	bytes = RTE_MIN(room, parts_bytes);
	memcpy(reply, parts, bytes);
	return bytes + 1;
}

static void open_it(void)
{
	control_open(&fixture);
	fixture.net.fake->script.handler = handle;
}

static int query_counters(enum kl_net_direction direction, uint16_t queue, uint32_t bytes)
{
	memcpy(parts, fixture.reply, bytes);
	parts_bytes = bytes;
	memset(counters, 0, sizeof(counters));
	return kl_net_device_counters_get(fixture.net.net, direction, queue, counters);
}

Test(device_counters, names_and_values)
{
	uint32_t at = 0;

	control_prepare(&fixture);
	fake_offer(fixture.net.fake, FIXTURE_SPEED_DUPLEX);
	control_start(&fixture, NULL);
	fixture.net.fake->script.handler = handle;
	types = UINT64_MAX;
	at = put_part(at, 3, 0, 8 + 16, 100);
	at = put_part(at, 0, 0, 8 + 48, UINT64_MAX - 1);
	cr_assert_eq(query_counters(KL_NET_RX, 0, at), 8, "%s", log_text());
	/* GUEST_CSUM and the large packets were not negotiated, so they are not requested. */
	cr_expect_arr_eq(fixture.last.data, "\0\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0", 16);
	cr_expect_str_eq(counters[0].name, "rx_packets_allowance_exceeded");
	cr_expect_eq(counters[0].value, 100);
	cr_expect_str_eq(counters[2].name, "rx_notifications");
	cr_expect_str_eq(counters[7].name, "rx_drop_overruns");
	cr_expect_eq(counters[7].value, 3, "wrapped");
	at = put_part(0, 16, 1, 8 + 48, 1);
	cr_assert_eq(query_counters(KL_NET_TX, 0, at), 6);
	cr_expect_arr_eq(fixture.last.data, "\1\0\0\0\0\0\0\0\0\0\x09\0\0\0\0\0", 16);
	cr_expect_str_eq(counters[5].name, "tx_drop_malformed");
	control_close(&fixture);
}

Test(device_counters, only_what_is_counted)
{
	open_it();
	types = 0;
	fixture.last.bytes = 0;
	cr_expect_eq(query_counters(KL_NET_RX, 0, 0), 0);
	cr_expect_eq(fixture.last.bytes, 0, "nothing is requested");
	types = UINT64_C(1) << 32 | 1 << 16;
	cr_expect_eq(query_counters(KL_NET_RX, 0, 0), 0);
	cr_expect_eq(fixture.last.bytes, 0);
	types = 1 << 16;
	cr_expect_eq(query_counters(KL_NET_TX, 0, 0), 0, "a reply of nothing");
	cr_expect_eq(fixture.last.bytes, 16);
	cr_expect_eq(kl_net_device_counters_get(fixture.net.net, KL_NET_RX, 1, counters), -EINVAL);
	control_close(&fixture);
}

/* Parts that are short, long, of other queues, twice there, or cut off. */
Test(device_counters, replies_of_any_shape)
{
	uint32_t at;

	open_it();
	types = UINT64_MAX;
	for (uint16_t size = 8; size < 200; size++)
		cr_expect_eq(query_counters(KL_NET_RX, 0, put_part(0, 0, 0, size, 1)),
			RTE_MIN((size - 8) / 8, 6));
	for (uint16_t size = 0; size < 8; size++) {
		put_part(0, 0, 0, 56, 1);
		fixture.reply[6] = (uint8_t)size;
		cr_expect_eq(query_counters(KL_NET_RX, 0, 56), -EIO);
	}
	at = put_part(0, 0, 2, 56, 1);
	cr_expect_eq(query_counters(KL_NET_RX, 0, at), 0, "another queue's");
	at = put_part(put_part(0, 0, 0, 56, 1), 0, 0, 56, 50);
	cr_expect_eq(query_counters(KL_NET_RX, 0, at), 6, "once");
	cr_expect_eq(counters[5].value, 6);
	at = put_part(0, 1, 0, 40, 1);
	cr_expect_eq(query_counters(KL_NET_RX, 0, at), 0, "not requested");
	at = put_part(0, 200, 0, 40, 1);
	cr_expect_eq(query_counters(KL_NET_RX, 0, at), 0, "unknown");
	put_part(0, 0, 0, 0xffff & 1480, 1);
	fixture.reply[6] = fixture.reply[7] = 0xff;
	cr_expect_eq(query_counters(KL_NET_RX, 0, 30), 2, "longer than the reply");
	control_close(&fixture);
}

/* Anything at all: no counter is read from beyond the reply. */
Test(device_counters, noise)
{
	open_it();
	types = UINT64_MAX;
	for (unsigned int i = 0; i < 2000; i++) {
		uint32_t bytes = (uint32_t)(fake_random(fixture.net.fake) % 1100);
		int count;

		for (uint32_t at = 0; at < bytes; at++)
			fixture.reply[at] = (uint8_t)(fake_random(fixture.net.fake) % 64 == 0 ?
					fake_random(fixture.net.fake) :
					at % 8 == 6 ? 32 :
						      0);
		count = query_counters(KL_NET_RX, 0, bytes);
		cr_assert(count == -EIO || (count >= 0 && count <= 6), "%d", count);
	}
	control_close(&fixture);
}

/* The question for the types answered too shortly. */
Test(device_counters, short_types)
{
	control_open(&fixture);
	put_types(1);
	for (fixture.reply_bytes = 0; fixture.reply_bytes < 8; fixture.reply_bytes++)
		cr_expect_eq(kl_net_device_counters_get(fixture.net.net, KL_NET_RX, 0, counters),
			-EIO);
	cr_expect(logged("needed are 8"), "%s", log_text());
	control_close(&fixture);
}
