/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "spec/status.h"

static struct device_fixture fixture;

/* 3.1.1: the eight steps, as the device sees them. */
Test(status, the_start_in_order)
{
	fixture_open(&fixture, NULL);
	fixture_expect_status(&fixture, "0 1 3");
	fixture_start(&fixture, 2);
	fixture_expect_status(&fixture, "b f");
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	fixture_expect_status(&fixture, "0 1 3");
	fixture_start(&fixture, 2);
	fixture_close(&fixture);
}

/* 2.4.2: the reset has ended when the status reads 0, however long that takes. */
Test(status, a_slow_reset_is_waited_for)
{
	static const unsigned int reads[] = {1, 2, 17, 200};

	for (unsigned int i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		fixture_prepare(&fixture);
		fixture.fake->script.reset_reads = reads[i];
		cr_expect_eq(fixture_attach(&fixture, NULL), 0);
		fixture_start(&fixture, 2);
		fixture_close(&fixture);
	}
}

static int takes;

static void count_take(void *context)
{
	cr_expect_eq(context, &takes);
	takes++;
}

/* 3.3.1: while the device may still write there, memory is nobody's but its own. */
Test(status, memory_is_kept_when_a_reset_never_ends)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 2);
	cr_expect_eq(fixture.fake->allocated, 2);
	cr_expect_eq(fixture.fake->allocated_private, 2);
	fixture.fake->script.reset_reads = FAKE_NEVER;
	kl__default_timeout_ms = 20;
	cr_expect_eq(kl__device_reset(fixture.device, count_take, &takes), -ETIMEDOUT);
	cr_expect_eq(takes, 0);
	cr_expect_eq(fixture.fake->allocated, 2, "abandoned, not freed");
	cr_expect_eq(fixture.fake->allocated_private, 2, "buffers in flight are known still");
	cr_expect(logged("fake") && logged("20 ms (option timeout_ms)") && logged("device_status"),
		"%s", log_text());
	/* The device stays lost, without another wait. */
	kl__default_timeout_ms = 600000;
	cr_expect_eq(kl__device_reset(fixture.device, count_take, &takes), -ETIMEDOUT);
	cr_expect_eq(takes, 0);
	cr_expect_eq(fixture_negotiate(&fixture), -ETIMEDOUT);
	kl__status_fail(fixture.device);
	fixture_close(&fixture);
}

/* The time that the device's own name sets, whatever the default is. */
Test(status, a_reset_has_the_time_of_the_option)
{
	uint64_t before, took;

	fixture_open(&fixture, "timeout_ms=100");
	fixture_start(&fixture, 1);
	fixture.fake->script.reset_reads = FAKE_NEVER;
	before = kl_clock_ms();
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), -ETIMEDOUT);
	took = kl_clock_ms() - before;
	cr_expect(took >= 100 && took < 5000, "%llu ms", (unsigned long long)took);
	cr_expect(logged("within 100 ms (option timeout_ms)"), "%s", log_text());
	fixture_close(&fixture);
}

Test(status, a_close_keeps_the_memory_of_a_device_that_does_not_reset)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 1);
	fixture.fake->script.reset_reads = FAKE_NEVER;
	kl__default_timeout_ms = 20;
	kl_device_close(fixture.device);
	fixture.device = NULL;
	cr_expect_eq(fixture.fake->allocated, 1);
	cr_expect_eq(fixture.fake->allocated_private, 0);
	cr_expect_eq(fixture.fake->access_closes, 1);
	cr_expect_eq(fixture.fake->host_closes, 1);
	fixture_close(&fixture);
}

Test(status, attach_to_a_device_that_does_not_reset)
{
	fixture_prepare(&fixture);
	fixture.fake->script.reset_reads = FAKE_NEVER;
	kl__default_timeout_ms = 20;
	cr_expect_eq(fixture_attach(&fixture, NULL), -ETIMEDOUT);
	cr_expect_eq(fixture_probes, 0);
	fixture_expect_status(&fixture, "0");
	fixture_close(&fixture);
}

/* A device that can't be reset sets FAILED. The remedy is another one than more time. */
Test(status, a_device_that_fails_at_its_reset)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 1);
	fixture.fake->status |= 0x80;
	fixture.fake->script.reset_reads = FAKE_NEVER;
	kl__default_timeout_ms = 20;
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), -ETIMEDOUT);
	cr_expect(logged("FAILED") && logged("start the guest again"), "%s", log_text());
	cr_expect_not(logged("timeout_ms"), "%s", log_text());
	fixture_close(&fixture);
}

/* Until the status reads 0 the device may write; what it writes on must still be there. */
Test(status, rings_outlive_the_pending_reset)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 2);
	fixture.fake->script.reset_reads = 50;
	fixture.fake->script.scribbles = true;
	cr_expect_eq(kl__device_reset(fixture.device, count_take, &takes), 0);
	cr_expect_eq(takes, 1);
	cr_expect_eq(fixture.fake->allocated, 0);
	fixture_close(&fixture);
}

Test(status, gone_devices_are_distinguished)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 2);
	cr_expect_not(kl_device_needs_reset(fixture.device));
	fixture.fake->script.is_gone = true;
	cr_expect(kl_device_needs_reset(fixture.device));
	forget_log();
	cr_expect_eq(kl__device_reset(fixture.device, count_take, &takes), -EIO);
	cr_expect_eq(takes, 1, "what is gone writes nothing: all can be reclaimed");
	cr_expect_eq(fixture.fake->allocated, 0);
	cr_expect(logged("left the bus"), "%s", log_text());
	fixture_close(&fixture);
}

/* A function that was taken off the bus of QEMU reads as zeros, which is what a reset ends with. */
Test(status, gone_and_reading_as_zero)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 2);
	fixture.fake->script.is_gone = fixture.fake->script.gone_reads_zero = true;
	cr_expect(kl_device_needs_reset(fixture.device));
	forget_log();
	cr_expect_eq(kl__device_reset(fixture.device, count_take, &takes), -EIO);
	cr_expect_eq(takes, 1);
	cr_expect(logged("left the bus"), "%s", log_text());
	fixture_close(&fixture);
}

static void command_is_restored(uint16_t command, const char *what)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 2);
	fake_command(fixture.fake, command);
	cr_expect(kl_device_needs_reset(fixture.device), "%s", what);
	forget_log();
	cr_expect_eq(kl__device_reset(fixture.device, count_take, &takes), 0);
	cr_expect(logged(what), "%s", log_text());
	cr_expect_eq(fixture.fake->pci_config[4] & 0x6, 0x6, "%s", what);
	fixture_start(&fixture, 2);
	cr_expect_not(kl_device_needs_reset(fixture.device));
	forget_log();
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	cr_expect_not(logged("turned off"), "once is enough: %s", log_text());
	fixture_close(&fixture);
}

/* Another program, such as setpci, or one that opens and closes the device's UIO file. */
Test(status, bus_mastering_is_turned_on_again)
{
	command_is_restored(0x3, "turned off bus mastering, so the command register is 0x0003");
}

Test(status, memory_decoding_is_turned_on_again)
{
	command_is_restored(0x5, "turned off memory decoding, so the command register is 0x0005");
}

Test(status, all_that_was_turned_off_is_named)
{
	command_is_restored(0, "turned off bus mastering, memory decoding, so");
}

/* It runs on until its user stops it. */
Test(status, wanted_back_by_the_system)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 2);
	cr_expect_not(kl_device_removal_requested(fixture.device));
	fixture.fake->script.removal_requested = true;
	cr_expect(kl_device_removal_requested(fixture.device));
	cr_expect_not(kl_device_needs_reset(fixture.device));
	fixture_close(&fixture);
}

Test(status, gone_before_it_runs)
{
	fixture_open(&fixture, NULL);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	fixture.fake->script.is_gone = true;
	cr_expect_eq(kl__device_run(fixture.device), -EIO);
	fixture_close(&fixture);
}

Test(status, gone_before_the_attach)
{
	fixture_prepare(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	kl_device_close(fixture.device);
	fixture.device = NULL;
	fixture.fake->access_closes = fixture.fake->host_closes = 0;
	fixture.fake->script.is_gone = true;
	cr_expect_lt(fixture_attach(&fixture, NULL), 0);
	fixture_close(&fixture);
}

/* 2.1.1: a device that needs a reset is reset, and then works again. */
Test(status, needs_reset)
{
	fixture_open(&fixture, NULL);
	fixture_start(&fixture, 2);
	fake_need_reset(fixture.fake);
	cr_expect(kl_device_needs_reset(fixture.device));
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	cr_expect_not(kl_device_needs_reset(fixture.device));
	fixture_start(&fixture, 2);
	fixture_close(&fixture);
}

Test(status, needs_reset_at_once)
{
	fixture_open(&fixture, NULL);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	fake_need_reset(fixture.fake);
	cr_expect_eq(kl__device_run(fixture.device), -EPROTO);
	cr_expect(logged("0x4f"), "%s", log_text());
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	fixture_close(&fixture);
}

/* 2.1.1: after FAILED nothing but a reset is written, however often it is set. */
Test(status, failed_is_written_once)
{
	fixture_open(&fixture, NULL);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	fixture_expect_status(&fixture, "0 1 3 b");
	kl__status_fail(fixture.device);
	kl__status_fail(fixture.device);
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	fixture_expect_status(&fixture, "8b 0 1 3");
	fixture_start(&fixture, 1);
	fixture_close(&fixture);
}

static uint8_t last_status;

static uint8_t read_gone(struct kl__transport *transport)
{
	(void)transport;
	return VIRTIO_STATUS_GONE;
}

static void keep_status(struct kl__transport *transport, uint8_t status)
{
	(void)transport;
	last_status = status;
}

/* 2.1.1: a status of all ones is no status; written back, it would claim all steps at once. */
Test(status, nothing_is_written_to_a_device_that_reads_as_gone)
{
	static const struct kl__transport_ops ops = {.get_status = read_gone,
		.set_status = keep_status};
	struct kl__transport transport = {.ops = &ops};
	struct kl_device device = {.transport = &transport};

	last_status = 77;
	kl__status_add(&device, VIRTIO_STATUS_DRIVER);
	cr_expect_eq(last_status, 77);
}
