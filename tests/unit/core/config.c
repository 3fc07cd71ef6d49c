/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "device_fixture.h"

static struct device_fixture fixture;

static void open_with(uint32_t length)
{
	fixture_prepare(&fixture);
	fixture.fake->script.config_length = length;
	for (unsigned int i = 0; i < FAKE_CONFIG_BYTES; i++)
		fixture.fake->script.config[i] = (uint8_t)(i * 7 + 1);
	fake_rebuild(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
}

/* 4.1.3.1: each field in its own width; 64 bits as two halves. */
Test(config, widths)
{
	static const struct fake_config_field fields[] = {
		{0, 1, 6, -1},
		{6, 2, 1, -1},
		{8, 4, 2, -1},
		{16, 8, 1, -1},
		{0, 0, 0, 0},
	};
	uint8_t bytes[6];
	uint16_t half;
	uint32_t words[2];
	uint64_t whole;
	const struct kl_config_field wanted[] = {
		{0, 1, 6, bytes},
		{6, 2, 1, &half},
		{8, 4, 2, words},
		{16, 8, 1, &whole},
	};

	open_with(24);
	fixture.fake->script.fields = fields;
	fake_trace_clear(fixture.fake);
	cr_expect_eq(kl_device_config_read(fixture.device, wanted, 4), 0);
	cr_expect_eq(memcmp(bytes, fixture.fake->script.config, 6), 0);
	cr_expect_eq(memcmp(&half, fixture.fake->script.config + 6, 2), 0);
	cr_expect_eq(memcmp(words, fixture.fake->script.config + 8, 8), 0);
	cr_expect_eq(memcmp(&whole, fixture.fake->script.config + 16, 8), 0);
	cr_expect_eq(fake_trace_count(fixture.fake, "config_generation", false), 2);
	cr_expect_eq(fake_trace_count(fixture.fake, "config[20]", false), 1);
	fixture_close(&fixture);
}

/* A device that changes both halves of a number while they are read. */
static void flip(struct fake_device *fake)
{
	memset(fake->script.config, fake->script.config[0] + 1, 16);
}

static uint64_t read_whole(int expected)
{
	uint64_t value = 0;
	const struct kl_config_field field = {8, 8, 1, &value};

	cr_expect_eq(kl_device_config_read(fixture.device, &field, 1), expected);
	return value;
}

/* 2.5.1: a reading counts only between two equal generations. */
Test(config, changes_during_the_reading)
{
	static const unsigned int bumps[] = {1, 2, 3, 50, 197};

	for (unsigned int i = 0; i < sizeof(bumps) / sizeof(bumps[0]); i++) {
		uint64_t value;

		open_with(16);
		memset(fixture.fake->script.config, 0, 16);
		fixture.fake->script.on_bump = flip;
		fixture.fake->script.config_bumps = bumps[i];
		value = read_whole(0);
		cr_expect_eq(value & 0xff, bumps[i], "the final value");
		cr_expect_eq(value, (value & 0xff) * UINT64_C(0x0101010101010101), "0x%lx", value);
		fixture_close(&fixture);
	}
}

/* 4.1.4.3: the generation is a byte, compared for inequality only. */
Test(config, the_generation_wraps)
{
	open_with(16);
	fixture.fake->generation = 255;
	fixture.fake->script.on_bump = flip;
	fixture.fake->script.config_bumps = 1;
	read_whole(0);
	cr_expect_eq(fixture.fake->generation, 0);
	fixture_close(&fixture);
}

Test(config, never_stable)
{
	open_with(16);
	fixture.fake->script.config_bumps = FAKE_NEVER;
	fake_trace_clear(fixture.fake);
	read_whole(-EPROTO);
	cr_expect_leq(fake_trace_count(fixture.fake, "config[8]", false), 100);
	cr_expect(logged("fake") && logged("100"), "%s", log_text());
	fixture_close(&fixture);
}

/* 2.5.1: the size is checked against what is needed, and only against that. */
Test(config, beyond_the_end)
{
	uint8_t value[8];

	open_with(10);
	cr_expect_eq(kl_device_config_size(fixture.device), 10);
	for (unsigned int offset = 0; offset < 14; offset++) {
		const struct kl_config_field field = {(uint16_t)offset, 1, 3, value};

		forget_log();
		cr_expect_eq(kl_device_config_read(fixture.device, &field, 1),
			offset <= 7 ? 0 : -ENODATA);
		cr_expect_eq(logged("10 bytes"), offset > 7, "%s", log_text());
	}
	cr_expect_eq(kl_device_config_read(fixture.device,
			     &(struct kl_config_field){65535, 8, 255, value}, 1),
		-ENODATA);
	cr_expect_eq(kl_device_config_write(fixture.device, 10, 1, 0), -ENODATA);
	cr_expect_eq(kl_device_config_write(fixture.device, 8, 4, 0), -ENODATA);
	fixture_close(&fixture);
}

Test(config, no_configuration_at_all)
{
	uint8_t value;

	open_with(0);
	cr_expect_eq(kl_device_config_size(fixture.device), 0);
	cr_expect_eq(kl_device_config_read(fixture.device,
			     &(struct kl_config_field){0, 1, 1, &value}, 1),
		-ENODATA);
	fixture_close(&fixture);
}

/* 2.5.1: no upper limit. */
Test(config, large_configurations)
{
	uint32_t value;

	open_with(4096);
	cr_expect_eq(kl_device_config_read(fixture.device,
			     &(struct kl_config_field){4092, 4, 1, &value}, 1),
		0);
	cr_expect_eq(memcmp(&value, fixture.fake->script.config + 4092, 4), 0);
	fixture_close(&fixture);
	open_with(1 << 20);
	cr_expect_eq(kl_device_config_read(fixture.device,
			     &(struct kl_config_field){65532, 4, 1, &value}, 1),
		0);
	fixture_close(&fixture);
}

/* All ones are a stable generation; only the status shows that the device is gone. */
Test(config, gone)
{
	open_with(16);
	fixture.fake->script.is_gone = true;
	read_whole(-EIO);
	cr_expect(logged("left the bus"));
	fixture_close(&fixture);
}

Test(config, write)
{
	open_with(16);
	fixture.fake->script.config_is_writable = true;
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	cr_expect_eq(kl_device_config_write(fixture.device, 4, 4, 0x11223344), 0);
	cr_expect_eq(kl_device_config_write(fixture.device, 8, 2, 0x5566), 0);
	cr_expect_eq(kl_device_config_write(fixture.device, 15, 1, 0x77), 0);
	cr_expect_eq(memcmp(fixture.fake->script.config + 4, "\x44\x33\x22\x11\x66\x55", 6), 0);
	cr_expect_eq(fixture.fake->script.config[15], 0x77);
	fixture_close(&fixture);
}

/* 2.5.4: a legacy device has no generation, so that two readings in a row must agree. */
static struct kl__transport_ops legacy_ops;
static unsigned int legacy_reads, legacy_flips;

static uint32_t legacy_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	(void)transport;
	(void)width;
	return (legacy_reads++ / 2 < legacy_flips ? legacy_reads / 2 * 0x1111u : 0x4321u) + offset;
}

static uint64_t read_legacy(unsigned int flips, int expected)
{
	uint64_t value;

	open_with(16);
	legacy_ops = *fixture.device->transport->ops;
	legacy_ops.config_generation = NULL;
	legacy_ops.config_read = legacy_read;
	fixture.device->transport->ops = &legacy_ops;
	legacy_reads = 0;
	legacy_flips = flips;
	value = read_whole(expected);
	fixture_close(&fixture);
	return value;
}

Test(config, legacy_devices_are_read_until_two_readings_agree)
{
	cr_expect_eq(read_legacy(0, 0), UINT64_C(0x0000432d00004329));
	cr_expect_eq(legacy_reads, 4);
	cr_expect_eq(read_legacy(5, 0), UINT64_C(0x0000432d00004329));
	cr_expect_gt(legacy_reads, 10);
	read_legacy(1000000, -EPROTO);
	cr_expect_leq(legacy_reads, 40);
}

static uint32_t read_slowly(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	const struct timespec pause = {.tv_nsec = 30000000};

	nanosleep(&pause, NULL);
	return legacy_read(transport, offset, width);
}

static int reconnect_never(struct kl__transport *transport)
{
	(void)transport;
	return -EAGAIN;
}

/* A back end whose answers all come just in time: the deadline is one for all of them. */
static void read_late(bool is_recovering, unsigned int flips, int expected)
{
	uint8_t values[16];
	const struct kl_config_field field = {0, 1, 16, values};

	open_with(16);
	kl__default_timeout_ms = 100;
	legacy_ops = *fixture.device->transport->ops;
	legacy_ops.config_generation = NULL;
	legacy_ops.config_read = read_slowly;
	legacy_ops.reconnect = reconnect_never;
	fixture.device->is_recovering = is_recovering;
	fixture.device->transport->ops = &legacy_ops;
	legacy_reads = 0;
	legacy_flips = flips;
	cr_expect_eq(kl_device_config_read(fixture.device, &field, 1), expected);
	cr_expect_leq(legacy_reads, 5);
	cr_expect(logged("within 100 ms (option timeout_ms)"), "%s", log_text());
	fixture_close(&fixture);
}

Test(config, slow_devices)
{
	read_late(false, 0, -EPROTO);
	read_late(false, 1000000, -EPROTO);
	read_late(true, 0, -EAGAIN);
}
