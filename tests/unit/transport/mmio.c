/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/mmio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_rig.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "spec/features.h"

/* Any address that a legacy device can be told. */
#define LOW UINT64_C(0x100000000)

static struct device_rig rig;
static struct kl_queue *queue;

static void prepare(uint32_t version)
{
	rig_prepare(&rig);
	rig.model->script.mmio_version = version;
	rig.model->script.next_iova = LOW;
	if (version == 1)
		rig.model->script.offered = (struct kl_features){{0}};
}

static int attach(const char *options)
{
	struct kl__transport *transport;
	int rc = kl__mmio_open(&rig.model->mmio, &transport);

	return rc == 0 ? kl__device_attach(transport, &rig.model->host, options, &rig.device) : rc;
}

static void open_negotiated(void)
{
	cr_assert_eq(attach(NULL), 0, "%s", log_text());
	cr_assert_eq(rig_negotiate(&rig), 0, "%s", log_text());
}

static int add(struct kl_queue_conf conf)
{
	queue = NULL;
	return kl_device_queue_add(rig.device, &conf, &queue);
}

static void expect_trace(const char *expected)
{
	char text[4096];

	cr_expect_str_eq(model_trace_text(rig.model, text, sizeof(text)), expected, "%s", text);
}

/* MMIO-07: magic, version, device, in this order. */
Test(mmio, what_it_says_of_itself)
{
	struct kl__transport *transport;

	prepare(2);
	rig.model->mmio.numa_node = 1;
	cr_assert_eq(kl__mmio_open(&rig.model->mmio, &transport), 0);
	expect_trace("R4 MagicValue 0x74726976\nR4 Version 0x2\nR4 DeviceID 0x3f\n"
		     "R4 VendorID 0x554d4551\n");
	cr_expect_eq(transport->type, RIG_TYPE);
	cr_expect_eq(transport->numa_node, 1);
	cr_expect_eq(transport->quirks, 0);
	cr_expect_eq(transport->config_size, 0x100);
	cr_expect_eq(transport->default_queue_size, 256);
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_VERSION_1));
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_ACCESS_PLATFORM));
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_NOTIFICATION_DATA));
	cr_expect(kl_features_has(&transport->features, VIRTIO_F_RING_RESET));
	cr_expect_eq(__builtin_popcountll(transport->features.word[0]), 4,
		"neither ADMIN_VQ nor SR_IOV is for this transport");
	transport->ops->close(transport);
	cr_expect_eq(rig.model->access_closes, 1);
	finish(rig.model);
}

/* MMIO-04, MMIO-05, MMIO-06 */
Test(mmio, nothing_that_can_be_used)
{
	prepare(2);
	rig.model->script.mmio_magic = 0x76697274;
	cr_expect_eq(attach(NULL), -ENODEV);
	cr_expect(logged("0x76697274") && logged("0x74726976"), "%s", log_text());
	rig.model->script.mmio_magic = 0x74726976;
	for (uint32_t version = 0; version < 5; version += 3) {
		rig.model->script.mmio_version = version;
		forget_log();
		cr_expect_eq(attach(NULL), -ENODEV);
		cr_expect(logged("version"), "%s", log_text());
	}
	rig.model->script.mmio_version = 2;
	rig.model->script.mmio_device_id = 0;
	forget_log();
	cr_expect_eq(attach(NULL), -ENXIO);
	cr_expect_str_eq(log_text(), "", "%s", log_text());
	cr_expect_eq(rig.model->access_closes, 0, "the access stays the caller's");
	finish(rig.model);
}

/* MMIO-08, MMIO-10, MMIO-11, MMIO-12: a whole start, register by register. */
Test(mmio, golden_trace)
{
	const uint64_t *address;
	char expected[2048];

	prepare(2);
	cr_assert_eq(attach(NULL), 0, "%s", log_text());
	cr_expect_not_null(strstr(model_trace_text(rig.model, expected, sizeof(expected)),
				   "W4 DeviceFeaturesSel 0x0\nR4 DeviceFeatures 0x0\n"
				   "W4 DeviceFeaturesSel 0x1\nR4 DeviceFeatures 0x1\n"),
		"%s", expected);
	model_trace_clear(rig.model);
	cr_assert_eq(rig_negotiate(&rig), 0, "%s", log_text());
	expect_trace("W4 DriverFeaturesSel 0x0\nW4 DriverFeatures 0x0\n"
		     "W4 DriverFeaturesSel 0x1\nW4 DriverFeatures 0x1\n"
		     "R4 Status 0x3\nW4 Status 0xb\nR4 Status 0xb\n");
	model_trace_clear(rig.model);
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .size = 64}), 0, "%s", log_text());
	address = rig.model->queue[1].address;
	snprintf(expected, sizeof(expected),
		"W4 QueueSel 0x1\nR4 QueueSizeMax 0x100\n"
		"W4 QueueSel 0x1\nR4 QueueReady 0x0\n"
		"W4 QueueSel 0x1\nW4 QueueSize 0x40\n"
		"W4 QueueDescLow 0x%x\nW4 QueueDescHigh 0x%x\n"
		"W4 QueueDriverLow 0x%x\nW4 QueueDriverHigh 0x%x\n"
		"W4 QueueDeviceLow 0x%x\nW4 QueueDeviceHigh 0x%x\nW4 QueueReady 0x1\n",
		(unsigned int)address[0], (unsigned int)(address[0] >> 32),
		(unsigned int)address[1], (unsigned int)(address[1] >> 32),
		(unsigned int)address[2], (unsigned int)(address[2] >> 32));
	expect_trace(expected);
	rig_close(&rig);
}

/* MMIOL-01, MMIOL-02, MMIOL-05 */
Test(mmio, legacy_golden_trace)
{
	char expected[2048];

	prepare(1);
	model_offer(rig.model, VIRTIO_F_ANY_LAYOUT);
	model_offer(rig.model, 30);
	open_negotiated();
	cr_expect_str_eq(kl_device_info(rig.device)->transport, "mmio-legacy");
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .size = 64}), 0, "%s", log_text());
	cr_assert_eq(kl_device_run(rig.device), 0);
	snprintf(expected, sizeof(expected),
		"R4 MagicValue 0x74726976\nR4 Version 0x1\nR4 DeviceID 0x3f\n"
		"R4 VendorID 0x554d4551\nW4 Status 0x0\nR4 Status 0x0\n"
		"R4 Status 0x0\nW4 Status 0x1\nR4 Status 0x1\nW4 Status 0x3\n"
		"W4 DeviceFeaturesSel 0x0\nR4 DeviceFeatures 0x48000000\n"
		"W4 DriverFeaturesSel 0x0\nW4 DriverFeatures 0x8000000\nW4 GuestPageSize 0x1000\n"
		"W4 QueueSel 0x1\nR4 QueueSizeMax 0x100\nW4 QueueSel 0x1\nR4 QueuePFN 0x0\n"
		"W4 QueueSel 0x1\nW4 QueueSize 0x40\nW4 QueueAlign 0x1000\nW4 QueuePFN 0x%x\n"
		"R4 Status 0x3\nW4 Status 0x7\nR4 Status 0x7\n",
		(unsigned int)(rig.model->queue[1].address[0] >> 12));
	expect_trace(expected);
	rig_close(&rig);
}

static void expect_moves(unsigned int count)
{
	struct kl_dma dma;
	uint32_t length;

	cr_assert_eq(kl_device_dma_alloc(rig.device, 256, 64, &dma), 0);
	for (unsigned int i = 0; i < count; i++) {
		const struct kl__segment pieces[2] = {{dma.iova, 16}, {dma.iova + 16, 64}};

		cr_assert_eq(kl__queue_add(queue, pieces, 1, 1, &dma), 0);
		kl__queue_publish(queue);
		kl__kick(queue);
		cr_expect_eq(model_process(rig.model, 1, 9), 1);
		cr_expect_eq(kl__queue_take(queue, &length), &dma);
	}
	/* MMIO-23: each by a write of 32 bits. */
	cr_expect_eq(rig.model->queue[1].doorbells, count);
	cr_expect_eq(model_trace_count(rig.model, "QueueNotify", true), count);
	kl_device_dma_free(rig.device, &dma);
}

Test(mmio, buffers_move)
{
	for (uint32_t version = 1; version <= 2; version++) {
		for (uint16_t size = 2; size <= 256; size = (uint16_t)(size * 4)) {
			prepare(version);
			open_negotiated();
			cr_assert_eq(add((struct kl_queue_conf){.index = 1,
					     .size = size,
					     .chained = true}),
				0, "%s", log_text());
			cr_assert_eq(kl_device_run(rig.device), 0);
			expect_moves(3 * size);
			rig_close(&rig);
		}
	}
}

/* MMIO-14: a size of 0 ends the list; there is no register that counts. */
Test(mmio, queues)
{
	prepare(2);
	rig.model->script.num_queues = 5;
	for (unsigned int i = 0; i < 5; i++)
		rig.model->script.queue_size[i] = rig.model->queue[i].size = 128;
	open_negotiated();
	cr_expect_eq(kl_device_queue_count(rig.device), 5);
	cr_expect_eq(kl_device_queue_max_size(rig.device, 4), 128);
	cr_expect_eq(kl_device_queue_max_size(rig.device, 5), 0);
	cr_expect_eq(add((struct kl_queue_conf){.index = 5}), -EINVAL);
	cr_expect_eq(add((struct kl_queue_conf){.index = 4, .size = 256}), -EINVAL);
	rig_close(&rig);
}

/* MMIO-03, and the generation of version 2. */
Test(mmio, configuration)
{
	uint16_t half = 0;
	uint8_t byte = 0;
	const struct kl_config_field fields[] = {{0, 2, 1, &half}, {5, 1, 1, &byte}};

	prepare(2);
	rig.model->script.config[1] = 0x12;
	rig.model->script.config[5] = 0x34;
	open_negotiated();
	model_trace_clear(rig.model);
	cr_expect_eq(kl_device_config_read(rig.device, fields, 2), 0);
	cr_expect_eq(half, 0x1200);
	cr_expect_eq(byte, 0x34);
	cr_expect_eq(model_trace_count(rig.model, "ConfigGeneration", false), 2);
	rig_close(&rig);
}

/*
 * MMIO-18 to MMIO-22: there is nothing to wait for, queues are polled. InterruptStatus and
 * InterruptACK are traps of the model's.
 */
Test(mmio, no_interrupts)
{
	prepare(2);
	open_negotiated();
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .chained = true}), 0, "%s", log_text());
	cr_expect_eq(kl_device_interrupts_enable(rig.device, 1), -ENOTSUP);
	cr_expect_eq(kl_device_event_fd(rig.device), -1);
	cr_assert_eq(kl_device_run(rig.device), 0);
	expect_moves(600);
	kl_device_event_handle(rig.device);
	cr_expect_not(kl_device_needs_reset(rig.device));
	rig_close(&rig);
}

Test(mmio, gone)
{
	prepare(2);
	open_negotiated();
	rig.model->script.is_gone = true;
	cr_expect(kl_device_needs_reset(rig.device));
	cr_expect_eq(kl_device_reset(rig.device, NULL, NULL), -EIO);
	rig_close(&rig);
}

static void start_resettable(unsigned int reads)
{
	prepare(2);
	model_offer(rig.model, VIRTIO_F_RING_RESET);
	rig.model->script.queue_reset_reads = reads;
	open_negotiated();
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .chained = true}), 0, "%s", log_text());
	cr_assert_eq(kl_device_run(rig.device), 0);
}

/*
 * 2.6.1, 4.2.2.1, MMIO-16: waited for. MMIO-15: a queue is stopped by its reset alone, QueueReady is
 * only looked at.
 */
Test(mmio, one_queue_is_reset)
{
	start_resettable(2);
	for (unsigned int round = 0; round < 3; round++) {
		model_trace_clear(rig.model);
		cr_assert_eq(kl_device_queue_stop(rig.device, queue), 0, "%s", log_text());
		expect_trace("W4 QueueSel 0x1\nW4 QueueReset 0x1\nR4 QueueReset 0x1\n"
			     "W4 QueueSel 0x1\nR4 QueueReset 0x1\n"
			     "W4 QueueSel 0x1\nR4 QueueReset 0x0\nR4 QueueReady 0x0\n");
		cr_assert_eq(kl_device_queue_start(rig.device, queue), 0, "%s", log_text());
		expect_moves(10);
		rig.model->queue[1].doorbells = 0;
	}
	rig_close(&rig);
}

/* MMIO-16: QEMU 7.2 offers the feature and does nothing. */
Test(mmio, a_queue_that_stays_ready)
{
	start_resettable(0);
	rig.model->script.stays_enabled = true;
	cr_expect_eq(kl_device_queue_stop(rig.device, queue), -EPROTO);
	cr_expect(logged("queue 1: still ready"), "%s", log_text());
	rig_close(&rig);
}

/* NTF-04, 4.2.3.3: the upper half of the doorbell says how far the driver got. */
Test(mmio, notification_data)
{
	struct kl_notifier *notifier;

	prepare(2);
	model_offer(rig.model, VIRTIO_F_NOTIFICATION_DATA);
	cr_assert_eq(attach("features=+NOTIFICATION_DATA"), 0, "%s", log_text());
	cr_assert_eq(rig_negotiate(&rig), 0, "%s", log_text());
	cr_assert_eq(add((struct kl_queue_conf){.index = 1}), 0, "%s", log_text());
	notifier = &queue->notifier;
	cr_expect(notifier->has_data);
	cr_expect_eq(notifier->width, 4);
	rig_close(&rig);
}
