/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci_legacy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_fixture.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "spec/features.h"
#include "transport/pci.h"

/* Any address that a legacy device can be given. */
#define LOW UINT64_C(0x100000000)

static struct device_fixture fixture;
static struct kl_queue *queue;

static void prepare(void)
{
	fixture_prepare(&fixture);
	fixture.fake->script.interfaces = FAKE_LEGACY;
	fixture.fake->script.next_iova = LOW;
	fixture.fake->script.offered = (struct kl_features){{0}};
	fake_rebuild(fixture.fake);
}

static void open_negotiated(void)
{
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(fixture_negotiate(&fixture), 0, "%s", log_text());
}

static int add(struct kl_queue_conf conf)
{
	queue = NULL;
	return kl_device_queue_add(fixture.device, &conf, &queue);
}

Test(pci_legacy, identification)
{
	struct kl__transport *transport;

	prepare();
	fixture.fake->access.numa_node = 1;
	cr_assert_eq(kl__pci_open(&fixture.fake->access, KL__INTERFACE_LEGACY, &transport), 0);
	cr_expect_eq(transport->type, FIXTURE_TYPE);
	cr_expect_eq(transport->vendor, 0x1af4);
	cr_expect_eq(transport->numa_node, 1);
	cr_expect_eq(transport->quirks, KL__QUIRK_LEGACY | KL__QUIRK_FIXED_QUEUE_SIZE);
	cr_expect_eq(transport->config_size, 8, "32 ports, 24 of them registers");
	cr_expect_eq(transport->features.word[0], UINT64_C(1) << VIRTIO_F_ANY_LAYOUT);
	cr_expect_eq(fixture.fake->traced, 0, "no register is touched by opening");
	transport->ops->close(transport);
	finish(fixture.fake);
}

/* PCIL-02: the registers are ports, of BAR 0, and enough of them. */
Test(pci_legacy, other_bars)
{
	struct kl__transport *transport;

	prepare();
	fixture.fake->access.bar[0].is_io = false;
	cr_expect_eq(kl__pci_open(&fixture.fake->access, KL__INTERFACE_LEGACY, &transport),
		-EPROTO);
	cr_expect(logged("32 bytes of memory"), "%s", log_text());
	fixture.fake->access.bar[0].is_io = true;
	fixture.fake->access.bar[0].size = 23;
	cr_expect_eq(kl__pci_open(&fixture.fake->access, KL__INTERFACE_LEGACY, &transport),
		-EPROTO);
	cr_expect(logged("23 bytes of ports"), "%s", log_text());
	fixture.fake->access.bar[0] = (struct kl__pci_bar){0};
	cr_expect_eq(kl__pci_open(&fixture.fake->access, KL__INTERFACE_LEGACY, &transport),
		-EPROTO);
	finish(fixture.fake);
}

/* A whole start, register by register: no FEATURES_OK, no sizes written, one address a queue. */
Test(pci_legacy, golden_trace)
{
	char text[2048], expected[2048];

	prepare();
	fake_offer(fixture.fake, VIRTIO_F_ANY_LAYOUT);
	fake_offer(fixture.fake, VIRTIO_F_INDIRECT_DESC);
	fake_offer(fixture.fake, VIRTIO_F_NOTIFY_ON_EMPTY);
	fake_offer(fixture.fake, 30);
	open_negotiated();
	cr_assert_eq(add((struct kl_queue_conf){.index = 1}), 0, "%s", log_text());
	cr_assert_eq(kl__device_run(fixture.device), 0);
	snprintf(expected, sizeof(expected),
		"W1 legacy_status 0x0\nR1 legacy_status 0x0\n"
		"R1 legacy_status 0x0\nW1 legacy_status 0x1\n"
		"R1 legacy_status 0x1\nW1 legacy_status 0x3\n"
		"R4 legacy_device_features 0x59000000\nW4 legacy_driver_features 0x18000000\n"
		"W2 legacy_queue_select 0x1\nR2 legacy_queue_size 0x100\n"
		"W2 legacy_queue_select 0x1\nR4 legacy_queue_address 0x0\n"
		"W2 legacy_queue_select 0x1\nW4 legacy_queue_address 0x%x\n"
		"R1 legacy_status 0x3\nW1 legacy_status 0x7\nR1 legacy_status 0x7\n",
		(unsigned int)(LOW >> 12));
	cr_expect_str_eq(fake_trace_text(fixture.fake, text, sizeof(text)), expected, "%s", text);
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
	cr_expect_eq(fixture.fake->queue[1].doorbells, count);
	kl_device_dma_free(fixture.device, &dma);
}

/* The rings are where the device looks for them, over several turns, for each size. */
Test(pci_legacy, buffers_move)
{
	for (uint32_t size = 2; size <= 32768; size *= 4) {
		prepare();
		fixture.fake->script.queue_size[1] = (uint16_t)size;
		fixture.fake->queue[1].size = (uint16_t)size;
		open_negotiated();
		cr_assert_eq(add((struct kl_queue_conf){.index = 1, .chained = true}), 0, "%s",
			log_text());
		cr_assert_eq(kl__device_run(fixture.device), 0);
		cr_expect_eq(queue->size, size);
		expect_moves(size < 100 ? 3 * size : 300);
		fixture_close(&fixture);
	}
}

Test(pci_legacy, buffers_move_with_every_ring_feature)
{
	prepare();
	fake_offer(fixture.fake, VIRTIO_F_EVENT_IDX);
	fake_offer(fixture.fake, VIRTIO_F_INDIRECT_DESC);
	open_negotiated();
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .indirect_entries = 4}), 0);
	cr_assert_eq(kl__device_run(fixture.device), 0);
	expect_moves(1000);
	fixture_close(&fixture);
}

/* PCIL-07: page numbers have 32 bits. */
Test(pci_legacy, memory_beyond_reach)
{
	prepare();
	fixture.fake->script.next_iova = UINT64_C(1) << 44;
	open_negotiated();
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), -ENOTSUP);
	cr_expect(logged("queue 1") && logged("0x100000000000") && logged("--iova-mode=pa"), "%s",
		log_text());
	fixture.fake->script.next_iova = (UINT64_C(1) << 44) - 4096;
	cr_assert_eq(kl__device_reset(fixture.device, NULL, NULL), 0);
	cr_assert_eq(fixture_negotiate(&fixture), 0);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), 0, "the last page can be set");
	fixture_close(&fixture);
}

/* The device would compute other addresses than those that were set up. */
Test(pci_legacy, another_layout)
{
	struct kl__transport *transport;
	struct kl__queue_setup setup = {.index = 1, .size = 256, .vector = -1};
	struct kl_notifier notifier;

	prepare();
	open_negotiated();
	transport = fixture.device->transport;
	for (unsigned int i = 0; i < 3; i++) {
		setup.desc = LOW + (i == 0 ? 64 : 0);
		setup.driver = setup.desc + 4096 + (i == 1 ? 64 : 0);
		setup.device = LOW + 8192 + (i == 2 ? 4096 : 0);
		cr_expect_eq(transport->ops->queue_enable(transport, &setup, &notifier), -EINVAL);
	}
	fixture_close(&fixture);
}

/* PCIL-03, PCIL-09: the configuration moves as MSI-X goes on and off, and stays what it was. */
Test(pci_legacy, configuration_moves_with_msix)
{
	static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint32_t value = 0;
	const struct kl_config_field field = {4, 4, 1, &value};
	struct kl__transport *transport;

	prepare();
	memcpy(fixture.fake->script.config, bytes, sizeof(bytes));
	open_negotiated();
	transport = fixture.device->transport;
	cr_assert_eq(kl_device_config_read(fixture.device, &field, 1), 0);
	cr_expect_eq(value, 0x08070605);
	cr_assert_eq(kl_device_interrupts_enable(fixture.device, 1), 0);
	value = 0;
	cr_assert_eq(kl_device_config_read(fixture.device, &field, 1), 0);
	cr_expect_eq(value, 0x08070605);
	cr_assert_eq(transport->ops->set_interrupts(transport, 0, NULL), 0);
	value = 0;
	cr_assert_eq(kl_device_config_read(fixture.device, &field, 1), 0);
	cr_expect_eq(value, 0x08070605);
	fixture_close(&fixture);
}

/* Somebody left MSI-X on. */
Test(pci_legacy, msix_is_on_at_first)
{
	uint16_t value = 0;
	const struct kl_config_field field = {0, 2, 1, &value};

	prepare();
	fixture.fake->msix_is_on = true;
	fixture.fake->pci_config[fixture.fake->pci_config[0x34] + 3] |= 0x80;
	fixture.fake->script.config[0] = 77;
	open_negotiated();
	cr_assert_eq(kl_device_config_read(fixture.device, &field, 1), 0);
	cr_expect_eq(value, 77);
	fixture_close(&fixture);
}

/* PCIL-09: vectors are read back here too. */
Test(pci_legacy, vectors)
{
	prepare();
	open_negotiated();
	cr_assert_eq(kl_device_interrupts_enable(fixture.device, 1), 0);
	cr_expect_eq(fixture.fake->config_vector, 0);
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .vector = 1}), 0);
	cr_expect_eq(fixture.fake->queue[1].vector, 1);
	fixture_close(&fixture);
	prepare();
	fixture.fake->script.vectors_refused_from = 1;
	open_negotiated();
	cr_assert_eq(kl_device_interrupts_enable(fixture.device, 1), 0);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1, .vector = 1}), -EPROTO);
	cr_expect(logged("refuses MSI-X vector 1"), "%s", log_text());
	fixture_close(&fixture);
}

static void flip(struct fake_device *fake)
{
	fake->script.config[0] = (uint8_t)(fake->script.config[0] + 1);
}

/* PCIL-10: without a generation two readings have to agree. */
Test(pci_legacy, configuration_that_changes_while_it_is_read)
{
	uint64_t value = 0;
	const struct kl_config_field field = {0, 8, 1, &value};

	prepare();
	open_negotiated();
	fixture.fake->script.config_bumps = 3;
	fixture.fake->script.on_bump = flip;
	cr_assert_eq(kl_device_config_read(fixture.device, &field, 1), 0);
	cr_expect_eq(value, 3);
	fixture.fake->script.config_bumps = FAKE_NEVER;
	cr_expect_eq(kl_device_config_read(fixture.device, &field, 1), -EPROTO);
	fixture_close(&fixture);
}

/* There is no register for it: a size of 0 ends the list. */
Test(pci_legacy, queue_count)
{
	prepare();
	fixture.fake->script.num_queues = 7;
	for (unsigned int i = 0; i < 7; i++)
		fixture.fake->script.queue_size[i] = 64;
	open_negotiated();
	cr_expect_eq(kl_device_queue_count(fixture.device), 7);
	cr_expect_eq(kl_device_queue_max_size(fixture.device, 6), 64);
	cr_expect_eq(kl_device_queue_max_size(fixture.device, 7), 0);
	fixture.fake->script.is_gone = true;
	cr_expect_eq(kl_device_queue_count(fixture.device), 1024, "and a device that is gone too");
	fixture.fake->script.is_gone = false;
	fixture_close(&fixture);
}

/* A driver has memory for the size of the start, so a recovery takes none that is larger. */
Test(pci_legacy, sizes_in_a_recovery)
{
	prepare();
	open_negotiated();
	fixture.device->is_recovering = true;
	cr_expect_eq(add((struct kl_queue_conf){.index = 1, .size = 128}), -EPROTO);
	cr_expect(logged("queue 1") && logged("at 256") && logged("128"), "%s", log_text());
	cr_expect_eq(add((struct kl_queue_conf){.index = 0, .size = 512}), 0, "%s", log_text());
	cr_expect_eq(queue->size, 256);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), 0, "%s", log_text());
	cr_expect_eq(queue->size, 256);
	fixture_close(&fixture);
}

Test(pci_legacy, a_queue_that_is_enabled_already)
{
	prepare();
	fixture.fake->script.stays_enabled = true;
	open_negotiated();
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), -EBUSY);
	fixture_close(&fixture);
}
