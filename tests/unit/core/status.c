/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <criterion/criterion.h>

#include "device_rig.h"
#include "spec/status.h"

static struct device_rig rig;

/* 3.1.1: the eight steps, as the device sees them. */
Test(status, the_start_in_order)
{
	rig_open(&rig, NULL);
	rig_expect_status(&rig, "0 1 3");
	rig_start(&rig, 2);
	rig_expect_status(&rig, "b f");
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	rig_expect_status(&rig, "0 1 3");
	rig_start(&rig, 2);
	rig_close(&rig);
}

/* 2.4.2: the reset has ended when the status reads 0, however long that takes. */
Test(status, a_slow_reset_is_waited_for)
{
	static const unsigned int reads[] = {1, 2, 17, 200};

	for (unsigned int i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		rig_prepare(&rig);
		rig.model->script.reset_reads = reads[i];
		cr_expect_eq(rig_attach(&rig, NULL), 0);
		rig_start(&rig, 2);
		rig_close(&rig);
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
	rig_open(&rig, NULL);
	rig_start(&rig, 2);
	cr_expect_eq(rig.model->allocated, 4);
	rig.model->script.reset_reads = MODEL_NEVER;
	kl__reset_timeout_ms = 20;
	cr_expect_eq(kl_device_reset(rig.device, count_take, &takes), -ETIMEDOUT);
	cr_expect_eq(takes, 0);
	cr_expect_eq(rig.model->allocated, 4, "abandoned, not freed");
	cr_expect(logged("model") && logged("20 ms") && logged("device_status"), "%s", log_text());
	/* It stays given up, without another wait. */
	kl__reset_timeout_ms = 600000;
	cr_expect_eq(kl_device_reset(rig.device, count_take, &takes), -ETIMEDOUT);
	cr_expect_eq(takes, 0);
	cr_expect_eq(rig_negotiate(&rig), -ETIMEDOUT);
	kl_device_fail(rig.device);
	rig_close(&rig);
}

Test(status, a_close_keeps_the_memory_of_a_stuck_device)
{
	rig_open(&rig, NULL);
	rig_start(&rig, 1);
	rig.model->script.reset_reads = MODEL_NEVER;
	kl__reset_timeout_ms = 20;
	kl_device_close(rig.device);
	rig.device = NULL;
	cr_expect_eq(rig.model->allocated, 2);
	cr_expect_eq(rig.model->access_closes, 1);
	cr_expect_eq(rig.model->host_closes, 1);
	rig_close(&rig);
}

Test(status, attach_to_a_stuck_device)
{
	rig_prepare(&rig);
	rig.model->script.reset_reads = MODEL_NEVER;
	kl__reset_timeout_ms = 20;
	cr_expect_eq(rig_attach(&rig, NULL), -ETIMEDOUT);
	cr_expect_eq(rig_probes, 0);
	rig_expect_status(&rig, "0");
	rig_close(&rig);
}

/* Until the status reads 0 the device may write; what it writes on must still be there. */
Test(status, rings_outlive_the_pending_reset)
{
	rig_open(&rig, NULL);
	rig_start(&rig, 2);
	rig.model->script.reset_reads = 50;
	rig.model->script.scribbles = true;
	cr_expect_eq(kl_device_reset(rig.device, count_take, &takes), 0);
	cr_expect_eq(takes, 1);
	cr_expect_eq(rig.model->allocated, 0);
	rig_close(&rig);
}

Test(status, gone_devices_are_told_apart)
{
	rig_open(&rig, NULL);
	rig_start(&rig, 2);
	cr_expect_not(kl_device_needs_reset(rig.device));
	rig.model->script.is_gone = true;
	cr_expect(kl_device_needs_reset(rig.device));
	forget_log();
	cr_expect_eq(kl_device_reset(rig.device, count_take, &takes), -EIO);
	cr_expect_eq(takes, 1, "what is gone writes nothing: all can be taken back");
	cr_expect_eq(rig.model->allocated, 0);
	cr_expect(logged("left the bus"), "%s", log_text());
	rig_close(&rig);
}

/* A function that was taken off the bus of QEMU reads as zeros, which is what a reset ends with. */
Test(status, gone_and_reading_as_zero)
{
	rig_open(&rig, NULL);
	rig_start(&rig, 2);
	rig.model->script.is_gone = rig.model->script.gone_reads_zero = true;
	cr_expect(kl_device_needs_reset(rig.device));
	forget_log();
	cr_expect_eq(kl_device_reset(rig.device, count_take, &takes), -EIO);
	cr_expect_eq(takes, 1);
	cr_expect(logged("left the bus"), "%s", log_text());
	rig_close(&rig);
}

static void command_is_mended(uint16_t command, const char *what)
{
	rig_open(&rig, NULL);
	rig_start(&rig, 2);
	model_command(rig.model, command);
	cr_expect(kl_device_needs_reset(rig.device), "%s", what);
	forget_log();
	cr_expect_eq(kl_device_reset(rig.device, count_take, &takes), 0);
	cr_expect(logged(what), "%s", log_text());
	cr_expect_eq(rig.model->pci_config[4] & 0x6, 0x6, "%s", what);
	rig_start(&rig, 2);
	cr_expect_not(kl_device_needs_reset(rig.device));
	forget_log();
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	cr_expect_not(logged("turned off"), "once is enough: %s", log_text());
	rig_close(&rig);
}

/* Another program, such as setpci, or one that opens and closes the device's UIO file. */
Test(status, bus_mastering_is_turned_on_again)
{
	command_is_mended(0x3, "turned off bus mastering, as its command register, 0x0003, says");
}

Test(status, memory_decoding_is_turned_on_again)
{
	command_is_mended(0x5, "turned off memory decoding, as its command register, 0x0005, says");
}

Test(status, all_that_was_turned_off_is_named)
{
	command_is_mended(0, "turned off bus mastering, memory decoding, as");
}

/* It runs on until its user stops it. */
Test(status, wanted_back_by_the_system)
{
	rig_open(&rig, NULL);
	rig_start(&rig, 2);
	cr_expect_not(kl_device_removal_requested(rig.device));
	rig.model->script.removal_requested = true;
	cr_expect(kl_device_removal_requested(rig.device));
	cr_expect_not(kl_device_needs_reset(rig.device));
	rig_close(&rig);
}

Test(status, gone_before_it_runs)
{
	rig_open(&rig, NULL);
	cr_assert_eq(rig_negotiate(&rig), 0);
	rig.model->script.is_gone = true;
	cr_expect_eq(kl_device_run(rig.device), -EIO);
	rig_close(&rig);
}

Test(status, gone_before_the_attach)
{
	rig_prepare(&rig);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	kl_device_close(rig.device);
	rig.device = NULL;
	rig.model->access_closes = rig.model->host_closes = 0;
	rig.model->script.is_gone = true;
	cr_expect_lt(rig_attach(&rig, NULL), 0);
	rig_close(&rig);
}

/* 2.1.1: a device that needs a reset is reset, and then works again. */
Test(status, needs_reset)
{
	rig_open(&rig, NULL);
	rig_start(&rig, 2);
	model_need_reset(rig.model);
	cr_expect(kl_device_needs_reset(rig.device));
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	cr_expect_not(kl_device_needs_reset(rig.device));
	rig_start(&rig, 2);
	rig_close(&rig);
}

Test(status, needs_reset_at_once)
{
	rig_open(&rig, NULL);
	cr_assert_eq(rig_negotiate(&rig), 0);
	model_need_reset(rig.model);
	cr_expect_eq(kl_device_run(rig.device), -EPROTO);
	cr_expect(logged("0x4f"), "%s", log_text());
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	rig_close(&rig);
}

/* 2.1.1: after FAILED nothing but a reset is written, however often it is said. */
Test(status, failed_is_said_once)
{
	rig_open(&rig, NULL);
	cr_assert_eq(rig_negotiate(&rig), 0);
	rig_expect_status(&rig, "0 1 3 b");
	kl_device_fail(rig.device);
	kl_device_fail(rig.device);
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), 0);
	rig_expect_status(&rig, "8b 0 1 3");
	rig_start(&rig, 1);
	rig_close(&rig);
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
Test(status, a_device_that_reads_as_gone_is_told_nothing)
{
	static const struct kl__transport_ops ops = {.get_status = read_gone,
		.set_status = keep_status};
	struct kl__transport transport = {.ops = &ops};
	struct kl_device device = {.transport = &transport};

	last_status = 77;
	kl__status_add(&device, VIRTIO_STATUS_DRIVER);
	cr_expect_eq(last_status, 77);
}
