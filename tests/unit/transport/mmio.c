/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/mmio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "attach_device.h"
#include "device_fixture.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "spec/features.h"

/* Any address that a legacy device can be given. */
#define LOW UINT64_C(0x100000000)

static struct device_fixture fixture;
static struct kl_queue *queue;

static void prepare(uint32_t version)
{
	fixture_prepare(&fixture);
	fixture.fake->script.mmio_version = version;
	fixture.fake->script.next_iova = LOW;
	if (version == 1)
		fixture.fake->script.offered = (struct kl_features){{0}};
}

static int attach(const char *options)
{
	struct kl__transport *transport;
	int rc = kl__mmio_open(&fixture.fake->mmio, KL__INTERFACE_BEST, &transport);

	return rc == 0 ? attach_device(transport, &fixture.fake->host, options, &fixture.device) :
			 rc;
}

static void open_negotiated(void)
{
	cr_assert_eq(attach(NULL), 0, "%s", log_text());
	cr_assert_eq(fixture_negotiate(&fixture), 0, "%s", log_text());
}

static int add(struct kl_queue_conf conf)
{
	queue = NULL;
	return kl_device_queue_add(fixture.device, &conf, &queue);
}

static void expect_trace(const char *expected)
{
	char text[4096];

	cr_expect_str_eq(fake_trace_text(fixture.fake, text, sizeof(text)), expected, "%s", text);
}

/* MMIO-07: magic, version, device, in this order. */
Test(mmio, identification)
{
	struct kl__transport *transport;

	prepare(2);
	fixture.fake->mmio.numa_node = 1;
	cr_assert_eq(kl__mmio_open(&fixture.fake->mmio, KL__INTERFACE_BEST, &transport), 0);
	expect_trace("R4 MagicValue 0x74726976\nR4 Version 0x2\nR4 DeviceID 0x3f\n"
		     "R4 VendorID 0x554d4551\n");
	cr_expect_eq(transport->type, FIXTURE_TYPE);
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
	cr_expect_eq(fixture.fake->access_closes, 1);
	finish(fixture.fake);
}

/* MMIO-04, MMIO-05, MMIO-06 */
Test(mmio, nothing_that_can_be_used)
{
	prepare(2);
	fixture.fake->script.mmio_magic = 0x76697274;
	cr_expect_eq(attach(NULL), -ENODEV);
	cr_expect(logged("0x76697274") && logged("0x74726976"), "%s", log_text());
	fixture.fake->script.mmio_magic = 0x74726976;
	for (uint32_t version = 0; version < 5; version += 3) {
		fixture.fake->script.mmio_version = version;
		forget_log();
		cr_expect_eq(attach(NULL), -ENODEV);
		cr_expect(logged("version"), "%s", log_text());
	}
	fixture.fake->script.mmio_version = 2;
	fixture.fake->script.mmio_device_id = 0;
	forget_log();
	cr_expect_eq(attach(NULL), -ENXIO);
	cr_expect_str_eq(log_text(), "", "%s", log_text());
	cr_expect_eq(fixture.fake->access_closes, 0, "the access stays the caller's");
	finish(fixture.fake);
}

/* MMIO-08, MMIO-10, MMIO-11, MMIO-12: a whole start, register by register. */
Test(mmio, golden_trace)
{
	const uint64_t *address;
	char expected[2048];

	prepare(2);
	cr_assert_eq(attach(NULL), 0, "%s", log_text());
	cr_expect_not_null(strstr(fake_trace_text(fixture.fake, expected, sizeof(expected)),
				   "W4 DeviceFeaturesSel 0x0\nR4 DeviceFeatures 0x0\n"
				   "W4 DeviceFeaturesSel 0x1\nR4 DeviceFeatures 0x1\n"),
		"%s", expected);
	fake_trace_clear(fixture.fake);
	cr_assert_eq(fixture_negotiate(&fixture), 0, "%s", log_text());
	expect_trace("W4 DriverFeaturesSel 0x0\nW4 DriverFeatures 0x0\n"
		     "W4 DriverFeaturesSel 0x1\nW4 DriverFeatures 0x1\n"
		     "R4 Status 0x3\nW4 Status 0xb\nR4 Status 0xb\n");
	fake_trace_clear(fixture.fake);
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .size = 64}), 0, "%s", log_text());
	address = fixture.fake->queue[1].address;
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
	fixture_close(&fixture);
}

/* MMIOL-01, MMIOL-02, MMIOL-05 */
Test(mmio, legacy_golden_trace)
{
	char expected[2048];

	prepare(1);
	fake_offer(fixture.fake, VIRTIO_F_ANY_LAYOUT);
	fake_offer(fixture.fake, 30);
	open_negotiated();
	cr_expect_str_eq(kl_device_info(fixture.device)->transport, "mmio-legacy");
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .size = 64}), 0, "%s", log_text());
	cr_assert_eq(kl__device_run(fixture.device), 0);
	snprintf(expected, sizeof(expected),
		"R4 MagicValue 0x74726976\nR4 Version 0x1\nR4 DeviceID 0x3f\n"
		"R4 VendorID 0x554d4551\nW4 Status 0x0\nR4 Status 0x0\n"
		"R4 Status 0x0\nW4 Status 0x1\nR4 Status 0x1\nW4 Status 0x3\n"
		"W4 DeviceFeaturesSel 0x0\nR4 DeviceFeatures 0x48000000\n"
		"W4 DriverFeaturesSel 0x0\nW4 DriverFeatures 0x8000000\nW4 GuestPageSize 0x1000\n"
		"W4 QueueSel 0x1\nR4 QueueSizeMax 0x100\nW4 QueueSel 0x1\nR4 QueuePFN 0x0\n"
		"W4 QueueSel 0x1\nW4 QueueSize 0x40\nW4 QueueAlign 0x1000\nW4 QueuePFN 0x%x\n"
		"R4 Status 0x3\nW4 Status 0x7\nR4 Status 0x7\n",
		(unsigned int)(fixture.fake->queue[1].address[0] >> 12));
	expect_trace(expected);
	fixture_close(&fixture);
}

static void expect_moves(unsigned int count)
{
	struct kl_dma dma;
	uint32_t length;

	cr_assert_eq(kl_device_dma_alloc(fixture.device, 256, 64, &dma), 0);
	for (unsigned int i = 0; i < count; i++) {
		const struct kl__segment segments[2] = {{dma.iova, 16}, {dma.iova + 16, 64}};

		cr_assert_eq(kl__queue_add(queue, segments, 1, 1, &dma), 0);
		kl__queue_publish(queue);
		kl__kick(queue);
		cr_expect_eq(fake_process(fixture.fake, 1, 9), 1);
		cr_expect_eq(kl__queue_take(queue, &length), &dma);
	}
	/* MMIO-23: each by a write of 32 bits. */
	cr_expect_eq(fixture.fake->queue[1].doorbells, count);
	cr_expect_eq(fake_trace_count(fixture.fake, "QueueNotify", true), count);
	kl_device_dma_free(fixture.device, &dma);
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
			cr_assert_eq(kl__device_run(fixture.device), 0);
			expect_moves(3 * size);
			fixture_close(&fixture);
		}
	}
}

/* MMIO-14: a size of 0 ends the list; there is no register that counts. */
Test(mmio, queues)
{
	prepare(2);
	fixture.fake->script.num_queues = 5;
	for (unsigned int i = 0; i < 5; i++)
		fixture.fake->script.queue_size[i] = fixture.fake->queue[i].size = 128;
	open_negotiated();
	cr_expect_eq(kl_device_queue_count(fixture.device), 5);
	cr_expect_eq(kl_device_queue_max_size(fixture.device, 4), 128);
	cr_expect_eq(kl_device_queue_max_size(fixture.device, 5), 0);
	cr_expect_eq(add((struct kl_queue_conf){.index = 5}), -EINVAL);
	cr_expect_eq(add((struct kl_queue_conf){.index = 4, .size = 256}), -EINVAL);
	fixture_close(&fixture);
}

/* MMIO-03, and the generation of version 2. */
Test(mmio, configuration)
{
	uint16_t half = 0;
	uint8_t byte = 0;
	const struct kl_config_field fields[] = {{0, 2, 1, &half}, {5, 1, 1, &byte}};

	prepare(2);
	fixture.fake->script.config[1] = 0x12;
	fixture.fake->script.config[5] = 0x34;
	open_negotiated();
	fake_trace_clear(fixture.fake);
	cr_expect_eq(kl_device_config_read(fixture.device, fields, 2), 0);
	cr_expect_eq(half, 0x1200);
	cr_expect_eq(byte, 0x34);
	cr_expect_eq(fake_trace_count(fixture.fake, "ConfigGeneration", false), 2);
	fixture_close(&fixture);
}

/*
 * MMIO-18 to MMIO-22: there is nothing to wait for, queues are polled. InterruptStatus and
 * InterruptACK are traps of the fake device's.
 */
Test(mmio, no_interrupts)
{
	prepare(2);
	open_negotiated();
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .chained = true}), 0, "%s", log_text());
	cr_expect_eq(kl_device_interrupts_enable(fixture.device, 1), -ENOTSUP);
	cr_expect_eq(kl_device_event_fd(fixture.device), -1);
	cr_assert_eq(kl__device_run(fixture.device), 0);
	expect_moves(600);
	kl_device_event_handle(fixture.device);
	cr_expect_not(kl_device_needs_reset(fixture.device));
	fixture_close(&fixture);
}

Test(mmio, gone)
{
	prepare(2);
	open_negotiated();
	fixture.fake->script.is_gone = true;
	cr_expect(kl_device_needs_reset(fixture.device));
	cr_expect_eq(kl__device_reset(fixture.device, NULL, NULL), -EIO);
	fixture_close(&fixture);
}

static void start_resettable(unsigned int reads)
{
	prepare(2);
	fake_offer(fixture.fake, VIRTIO_F_RING_RESET);
	fixture.fake->script.queue_reset_reads = reads;
	open_negotiated();
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .chained = true}), 0, "%s", log_text());
	cr_assert_eq(kl__device_run(fixture.device), 0);
}

/*
 * 2.6.1, 4.2.2.1, MMIO-16: waited for. MMIO-15: a queue is stopped by its reset alone, QueueReady
 * is only read.
 */
Test(mmio, one_queue_is_reset)
{
	start_resettable(2);
	for (unsigned int round = 0; round < 3; round++) {
		fake_trace_clear(fixture.fake);
		cr_assert_eq(kl_device_queue_stop(fixture.device, queue), 0, "%s", log_text());
		expect_trace("W4 QueueSel 0x1\nW4 QueueReset 0x1\nR4 QueueReset 0x1\n"
			     "W4 QueueSel 0x1\nR4 QueueReset 0x1\n"
			     "W4 QueueSel 0x1\nR4 QueueReset 0x0\nR4 QueueReady 0x0\n");
		cr_assert_eq(kl_device_queue_start(fixture.device, queue), 0, "%s", log_text());
		expect_moves(10);
		fixture.fake->queue[1].doorbells = 0;
	}
	fixture_close(&fixture);
}

/* MMIO-16: QEMU 7.2 offers the feature and does nothing. */
Test(mmio, a_queue_that_stays_ready)
{
	start_resettable(0);
	fixture.fake->script.stays_enabled = true;
	cr_expect_eq(kl_device_queue_stop(fixture.device, queue), -EPROTO);
	cr_expect(logged("queue 1: still ready"), "%s", log_text());
	fixture_close(&fixture);
}

/* NTF-04, 4.2.3.3: the upper half of the doorbell holds the driver's position. */
Test(mmio, notification_data)
{
	struct kl_notifier *notifier;

	prepare(2);
	fake_offer(fixture.fake, VIRTIO_F_NOTIFICATION_DATA);
	cr_assert_eq(attach("features=+NOTIFICATION_DATA"), 0, "%s", log_text());
	cr_assert_eq(fixture_negotiate(&fixture), 0, "%s", log_text());
	cr_assert_eq(add((struct kl_queue_conf){.index = 1}), 0, "%s", log_text());
	notifier = &queue->notifier;
	cr_expect(notifier->has_data);
	cr_expect_eq(notifier->width, 4);
	fixture_close(&fixture);
}
