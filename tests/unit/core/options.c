/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "spec/features.h"

static struct device_fixture fixture;

static const struct kl_device_options *parse(const char *text)
{
	fixture_open(&fixture, text);
	return kl_device_options(fixture.device);
}

/*
 * Refused before the device is touched, and the message names the key, the value and those allowed.
 */
static void refuse(const char *text, const char *first, const char *second)
{
	fixture_prepare(&fixture);
	fixture_removes = 0;
	cr_expect_eq(fixture_attach(&fixture, text), -EINVAL, "%s", text);
	cr_expect(logged("fake: "), "the device is named: %s", log_text());
	cr_expect(logged(first), "%s: %s", first, log_text());
	cr_expect(logged(second), "%s: %s", second, log_text());
	cr_expect_eq(fixture_removes, 0);
	cr_expect_eq(fixture.fake->traced, 0, "no register is touched");
	fixture_close(&fixture);
}

Test(options, none)
{
	static const char *const empty[] = {NULL, "", ",", ",,"};

	for (unsigned int i = 0; i < 4; i++) {
		const struct kl_device_options *options = parse(empty[i]);

		cr_expect_eq(options->queues, 0);
		cr_expect_eq(options->queue_size, 0);
		cr_expect_not(options->kick_given);
		cr_expect_eq(options->insisted.word[0] | options->insisted.word[1], 0);
		cr_expect_eq(options->declined.word[0] | options->declined.word[1], 0);
		fixture_close(&fixture);
	}
}

Test(options, queues)
{
	cr_expect_eq(parse("queues=1")->queues, 1);
	fixture_close(&fixture);
	cr_expect_eq(parse("queues=32768")->queues, 32768);
	fixture_close(&fixture);
	refuse("queues=0", "queues=0", "1 to 32768");
	refuse("queues=32769", "queues=32769", "1 to 32768");
	refuse("queues=65537", "queues=65537", "1 to 32768");
	refuse("queues=99999999999999999999", "queues=99999999999999999999", "1 to 32768");
	refuse("queues=", "queues=", "1 to 32768");
	refuse("queues=-1", "queues=-1", "1 to 32768");
	refuse("queues=+1", "queues=+1", "1 to 32768");
	refuse("queues= 1", "queues= 1", "1 to 32768");
	refuse("queues=1x", "queues=1x", "1 to 32768");
	refuse("queues=0x10", "queues=0x10", "1 to 32768");
}

Test(options, queue_size)
{
	for (unsigned int size = 1; size <= 32768; size *= 2) {
		char text[32];

		snprintf(text, sizeof(text), "queue_size=%u", size);
		cr_expect_eq(parse(text)->queue_size, size);
		fixture_close(&fixture);
	}
	refuse("queue_size=0", "queue_size=0", "powers of two");
	/* A packed ring may have any size, and the format is not known yet. */
	cr_expect_eq(parse("queue_size=100")->queue_size, 100);
	fixture_close(&fixture);
	refuse("queue_size=65536", "queue_size=65536", "32768");
	refuse("queue_size=big", "queue_size=big", "powers of two");
}

Test(options, timeout)
{
	cr_expect_eq(parse(NULL)->timeout_ms, 0);
	cr_expect_eq(kl_device_timeout_ms(fixture.device), 10000);
	fixture_close(&fixture);
	cr_expect_eq(parse("timeout_ms=100")->timeout_ms, 100);
	cr_expect_eq(kl_device_timeout_ms(fixture.device), 100);
	fixture_close(&fixture);
	cr_expect_eq(parse("timeout_ms=600000")->timeout_ms, 600000);
	fixture_close(&fixture);
	refuse("timeout_ms=99", "timeout_ms=99", "100 to 600000");
	refuse("timeout_ms=600001", "timeout_ms=600001", "100 to 600000");
	refuse("timeout_ms=4294967396", "timeout_ms=4294967396", "100 to 600000");
	refuse("timeout_ms=0", "timeout_ms=0", "100 to 600000");
	refuse("timeout_ms=", "timeout_ms=", "100 to 600000");
	refuse("timeout_ms=-1000", "timeout_ms=-1000", "100 to 600000");
	refuse("timeout_ms=1s", "timeout_ms=1s", "100 to 600000");
}

static void check_switch(const char *key, unsigned int bit)
{
	const struct kl_device_options *options;
	char text[64];

	snprintf(text, sizeof(text), "%s=1", key);
	options = parse(text);
	cr_expect(kl_features_has(&options->insisted, bit) &&
		!kl_features_has(&options->declined, bit));
	fixture_close(&fixture);
	snprintf(text, sizeof(text), "%s=0", key);
	options = parse(text);
	cr_expect(!kl_features_has(&options->insisted, bit) &&
		kl_features_has(&options->declined, bit));
	fixture_close(&fixture);
	snprintf(text, sizeof(text), "%s=2", key);
	refuse(text, text, "0 or 1");
	snprintf(text, sizeof(text), "%s=", key);
	refuse(text, text, "0 or 1");
	snprintf(text, sizeof(text), "%s=yes", key);
	refuse(text, text, "0 or 1");
	snprintf(text, sizeof(text), "%s=0,%s=1", key, key);
	refuse(text, key, "not both");
}

Test(options, switches)
{
	check_switch("event_idx", VIRTIO_F_EVENT_IDX);
	check_switch("indirect", VIRTIO_F_INDIRECT_DESC);
	check_switch("packed", VIRTIO_F_RING_PACKED);
	check_switch("in_order", VIRTIO_F_IN_ORDER);
	check_switch("apple", FIXTURE_F_APPLE);
}

Test(options, kick)
{
	const struct kl_device_options *options = parse("kick=lazy:1234");

	cr_expect(options->kick_given && options->kick.mode == KL_KICK_LAZY);
	cr_expect_eq(options->kick.wait_ns, 1234);
	fixture_close(&fixture);
	cr_expect_eq(parse("kick=auto")->kick.mode, KL_KICK_AUTO);
	fixture_close(&fixture);
	options = parse("kick=eager");
	cr_expect(options->kick_given && options->kick.mode == KL_KICK_EAGER);
	fixture_close(&fixture);
	refuse("kick=lazy", "kick=lazy", "lazy:NS");
	refuse("kick=lazy:0", "kick=lazy:0", "1000000000");
	refuse("kick=never", "kick=never", "eager, auto");
}

Test(options, features)
{
	const struct kl_device_options *options = parse(
		"features=+APPLE/-EVENT_IDX/+NUT/-RING_RESET");

	cr_expect(kl_features_has(&options->insisted, FIXTURE_F_APPLE));
	cr_expect(kl_features_has(&options->insisted, FIXTURE_F_NUT));
	cr_expect(kl_features_has(&options->declined, VIRTIO_F_EVENT_IDX));
	cr_expect(kl_features_has(&options->declined, VIRTIO_F_RING_RESET));
	cr_expect_eq(__builtin_popcountll(options->insisted.word[0] | options->declined.word[0]),
		3);
	fixture_close(&fixture);
	refuse("features=APPLE", "features=APPLE", "+NAME or -NAME");
	refuse("features=+", "features=+", "+NAME or -NAME");
	refuse("features=+apple", "features=+apple", "such as EVENT_IDX");
	refuse("features=+APPLE/-APPLE", "-APPLE", "not both");
	refuse("features=+APPLE/+CHERRY", "+CHERRY", "+NAME or -NAME");
	refuse("event_idx=1,features=-EVENT_IDX", "-EVENT_IDX", "not both");
}

/* A name may state the expected type. */
Test(options, type)
{
	parse("type=fruit");
	fixture_close(&fixture);
	refuse("type=net", "type=net", "allowed: fruit");
	refuse("type=", "type=", "allowed: fruit");
	refuse("type=fruits", "type=fruits", "allowed: fruit");
}

/* Keys that the core does not know are the driver's. */
Test(options, the_driver_s_own)
{
	parse("colour=blue");
	cr_expect_str_eq(fixture_colour, "blue");
	fixture_close(&fixture);
	refuse("colour=red", "colour=red", "blue");
	refuse("shape=round", "unknown key shape", "fruit");
	refuse("=1", "unknown key", "fruit");
	refuse("Queues=1", "unknown key Queues", "queue_size, event_idx, indirect");
}

Test(options, without_a_value)
{
	refuse("queues", "queues has no value", "queues=VALUE");
	refuse("queues=1,kick", "kick has no value", "kick=VALUE");
}

Test(options, several)
{
	const struct kl_device_options *options = parse(
		"queues=2,queue_size=64,kick=auto,colour=blue,apple=1");

	cr_expect_eq(options->queues, 2);
	cr_expect_eq(options->queue_size, 64);
	cr_expect(options->kick_given);
	cr_expect(kl_features_has(&options->insisted, FIXTURE_F_APPLE));
	fixture_close(&fixture);
	refuse("queues=2,queue_size=bad,colour=red", "queue_size=bad", "powers of two");
	cr_expect_not(logged("colour"), "the first mistake ends it");
}

/* A transport's table of keys: the fixture uses that of transports with two interfaces. */
Test(options, of_the_transport)
{
	parse("legacy=0");
	fixture_close(&fixture);
	refuse("legacy=2", "legacy=2", "0 or 1");
	refuse("legacy=", "legacy=", "0 or 1");
	refuse("server=1", "unknown key server", "kick, isolate, timeout_ms, legacy");
}

/* The value of a driver's own key is kept until the driver has probed the device. */
Test(options, of_the_driver_given_twice)
{
	parse("colour=blue,colour=blue");
	cr_expect_str_eq(fixture_colour, "blue");
	fixture_close(&fixture);
	refuse("colour=blue,colour=red", "colour=red", "blue");
}

/* Before the type is known, what any driver knows will do, and nothing is kept of it. */
Test(options, of_any_driver)
{
	static const struct kl__transport_option none[] = {{0}};
	const struct kl__options_scope scope = {.name = "mmio:0x1000", .transport = none};
	struct kl__options options;

	capture_log();
	cr_expect_eq(kl__options_parse(&scope, "colour=blue,apple=1,features=-NUT", &options), 0);
	cr_expect_eq(kl__options_parse(&scope, "type=fruit", &options), 0);
	cr_expect_eq(kl__options_parse(&scope, "type=fish", &options), -EINVAL);
	cr_expect(logged("allowed: fruit"), "%s", log_text());
	cr_expect_eq(kl__options_parse(&scope, "colour=red", &options), -EINVAL);
	cr_expect(logged("colour=red is not possible; allowed: blue"), "%s", log_text());
	cr_expect_eq(kl__options_parse(&scope, "shape=round", &options), -EINVAL);
	cr_expect(logged("unknown key shape"), "%s", log_text());
}

Test(options, found)
{
	char value[4];

	kl__options_find("a=1,bb=22,b=3,long=1234", "b", value, sizeof(value));
	cr_expect_str_eq(value, "3");
	kl__options_find("a=1,a=2", "a", value, sizeof(value));
	cr_expect_str_eq(value, "1");
	kl__options_find("long=1234", "long", value, sizeof(value));
	cr_expect_str_eq(value, "");
	kl__options_find(NULL, "a", value, sizeof(value));
	cr_expect_str_eq(value, "");
}
