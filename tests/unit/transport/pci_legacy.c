/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci_legacy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "device_rig.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "ring/verbs.h"
#include "spec/features.h"

/* Any address that a legacy device can be told. */
#define LOW UINT64_C(0x100000000)

static struct device_rig rig;
static struct kl_queue *queue;

static void prepare(void)
{
	rig_prepare(&rig);
	rig.model->script.interfaces = MODEL_LEGACY;
	rig.model->script.next_iova = LOW;
	rig.model->script.offered = (struct kl_features){{0}};
	model_rebuild(rig.model);
}

static void open_negotiated(void)
{
	cr_assert_eq(rig_attach(&rig, NULL), 0, "%s", log_text());
	cr_assert_eq(rig_negotiate(&rig), 0, "%s", log_text());
}

static int add(struct kl_queue_conf conf)
{
	queue = NULL;
	return kl_device_queue_add(rig.device, &conf, &queue);
}

Test(pci_legacy, what_it_says_of_itself)
{
	struct kl__transport *transport;

	prepare();
	rig.model->access.numa_node = 1;
	cr_assert_eq(kl__pci_legacy_open(&rig.model->access, &transport), 0);
	cr_expect_eq(transport->type, RIG_TYPE);
	cr_expect_eq(transport->vendor, 0x1af4);
	cr_expect_eq(transport->numa_node, 1);
	cr_expect_eq(transport->quirks, KL__QUIRK_LEGACY | KL__QUIRK_FIXED_QUEUE_SIZE);
	cr_expect_eq(transport->config_size, 8, "32 ports, 24 of them registers");
	cr_expect_eq(transport->features.word[0], UINT64_C(1) << VIRTIO_F_ANY_LAYOUT);
	cr_expect_eq(rig.model->traced, 0, "no register is touched by opening");
	transport->ops->close(transport);
	finish(rig.model);
}

/* PCIL-02: the registers are ports, of BAR 0, and enough of them. */
Test(pci_legacy, other_bars)
{
	struct kl__transport *transport;

	prepare();
	rig.model->access.bar[0].is_io = false;
	cr_expect_eq(kl__pci_legacy_open(&rig.model->access, &transport), -EPROTO);
	cr_expect(logged("32 bytes of memory"), "%s", log_text());
	rig.model->access.bar[0].is_io = true;
	rig.model->access.bar[0].size = 23;
	cr_expect_eq(kl__pci_legacy_open(&rig.model->access, &transport), -EPROTO);
	cr_expect(logged("23 bytes of ports"), "%s", log_text());
	rig.model->access.bar[0] = (struct kl__pci_bar){0};
	cr_expect_eq(kl__pci_legacy_open(&rig.model->access, &transport), -EPROTO);
	finish(rig.model);
}

/* A whole start, register by register: no FEATURES_OK, no sizes written, one address a queue. */
Test(pci_legacy, golden_trace)
{
	char text[2048], expected[2048];

	prepare();
	model_offer(rig.model, VIRTIO_F_ANY_LAYOUT);
	model_offer(rig.model, VIRTIO_F_INDIRECT_DESC);
	model_offer(rig.model, VIRTIO_F_NOTIFY_ON_EMPTY);
	model_offer(rig.model, 30);
	open_negotiated();
	cr_assert_eq(add((struct kl_queue_conf){.index = 1}), 0, "%s", log_text());
	cr_assert_eq(kl_device_run(rig.device), 0);
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
	cr_expect_str_eq(model_trace_text(rig.model, text, sizeof(text)), expected, "%s", text);
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
	cr_expect_eq(rig.model->queue[1].doorbells, count);
	kl_device_dma_free(rig.device, &dma);
}

/* The rings are where the device looks for them, over several turns, for each size. */
Test(pci_legacy, buffers_move)
{
	for (uint32_t size = 2; size <= 32768; size *= 4) {
		prepare();
		rig.model->script.queue_size[1] = (uint16_t)size;
		rig.model->queue[1].size = (uint16_t)size;
		open_negotiated();
		cr_assert_eq(add((struct kl_queue_conf){.index = 1, .chained = true}), 0, "%s",
			log_text());
		cr_assert_eq(kl_device_run(rig.device), 0);
		cr_expect_eq(queue->size, size);
		expect_moves(size < 100 ? 3 * size : 300);
		rig_close(&rig);
	}
}

Test(pci_legacy, buffers_move_with_every_ring_feature)
{
	prepare();
	model_offer(rig.model, VIRTIO_F_EVENT_IDX);
	model_offer(rig.model, VIRTIO_F_INDIRECT_DESC);
	open_negotiated();
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .indirect_entries = 4}), 0);
	cr_assert_eq(kl_device_run(rig.device), 0);
	expect_moves(1000);
	rig_close(&rig);
}

/* PCIL-07: page numbers have 32 bits. */
Test(pci_legacy, memory_beyond_reach)
{
	prepare();
	rig.model->script.next_iova = UINT64_C(1) << 44;
	open_negotiated();
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), -ENOTSUP);
	cr_expect(logged("queue 1") && logged("0x100000000000") && logged("--iova-mode=pa"), "%s",
		log_text());
	rig.model->script.next_iova = (UINT64_C(1) << 44) - 4096;
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), 0, "the last page can be told");
	rig_close(&rig);
}

/* The device would compute other addresses than those that were set up. */
Test(pci_legacy, another_layout)
{
	struct kl__transport *transport;
	struct kl__queue_setup setup = {.index = 1, .size = 256, .vector = -1};
	struct kl_notifier notifier;

	prepare();
	open_negotiated();
	transport = rig.device->transport;
	for (unsigned int i = 0; i < 3; i++) {
		setup.desc = LOW + (i == 0 ? 64 : 0);
		setup.driver = setup.desc + 4096 + (i == 1 ? 64 : 0);
		setup.device = LOW + 8192 + (i == 2 ? 4096 : 0);
		cr_expect_eq(transport->ops->queue_enable(transport, &setup, &notifier), -EINVAL);
	}
	rig_close(&rig);
}

/* PCIL-03, PCIL-09: the configuration moves as MSI-X goes on and off, and stays what it was. */
Test(pci_legacy, configuration_moves_with_msix)
{
	static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint32_t value = 0;
	const struct kl_config_field field = {4, 4, 1, &value};
	struct kl__transport *transport;

	prepare();
	memcpy(rig.model->script.config, bytes, sizeof(bytes));
	open_negotiated();
	transport = rig.device->transport;
	cr_assert_eq(kl_device_config_read(rig.device, &field, 1), 0);
	cr_expect_eq(value, 0x08070605);
	cr_assert_eq(kl_device_interrupts_enable(rig.device, 1), 0);
	value = 0;
	cr_assert_eq(kl_device_config_read(rig.device, &field, 1), 0);
	cr_expect_eq(value, 0x08070605);
	cr_assert_eq(transport->ops->set_interrupts(transport, 0, NULL), 0);
	value = 0;
	cr_assert_eq(kl_device_config_read(rig.device, &field, 1), 0);
	cr_expect_eq(value, 0x08070605);
	rig_close(&rig);
}

/* Somebody left MSI-X on. */
Test(pci_legacy, msix_is_on_at_first)
{
	uint16_t value = 0;
	const struct kl_config_field field = {0, 2, 1, &value};

	prepare();
	rig.model->msix_is_on = true;
	rig.model->pci_config[rig.model->pci_config[0x34] + 3] |= 0x80;
	rig.model->script.config[0] = 77;
	open_negotiated();
	cr_assert_eq(kl_device_config_read(rig.device, &field, 1), 0);
	cr_expect_eq(value, 77);
	rig_close(&rig);
}

/* PCIL-09: vectors are read back here too. */
Test(pci_legacy, vectors)
{
	prepare();
	open_negotiated();
	cr_assert_eq(kl_device_interrupts_enable(rig.device, 1), 0);
	cr_expect_eq(rig.model->config_vector, 0);
	cr_assert_eq(add((struct kl_queue_conf){.index = 1, .vector = 1}), 0);
	cr_expect_eq(rig.model->queue[1].vector, 1);
	rig_close(&rig);
	prepare();
	rig.model->script.vectors_refused_from = 1;
	open_negotiated();
	cr_assert_eq(kl_device_interrupts_enable(rig.device, 1), 0);
	cr_expect_eq(add((struct kl_queue_conf){.index = 1, .vector = 1}), -EPROTO);
	cr_expect(logged("refuses MSI-X vector 1"), "%s", log_text());
	rig_close(&rig);
}

static void flip(struct model *model)
{
	model->script.config[0] = (uint8_t)(model->script.config[0] + 1);
}

/* PCIL-10: without a generation two readings have to agree. */
Test(pci_legacy, configuration_that_changes_while_it_is_read)
{
	uint64_t value = 0;
	const struct kl_config_field field = {0, 8, 1, &value};

	prepare();
	open_negotiated();
	rig.model->script.config_bumps = 3;
	rig.model->script.on_bump = flip;
	cr_assert_eq(kl_device_config_read(rig.device, &field, 1), 0);
	cr_expect_eq(value, 3);
	rig.model->script.config_bumps = MODEL_NEVER;
	cr_expect_eq(kl_device_config_read(rig.device, &field, 1), -EPROTO);
	rig_close(&rig);
}

/* There is no register for it: a size of 0 ends the list. */
Test(pci_legacy, queue_count)
{
	prepare();
	rig.model->script.num_queues = 7;
	for (unsigned int i = 0; i < 7; i++)
		rig.model->script.queue_size[i] = 64;
	open_negotiated();
	cr_expect_eq(kl_device_queue_count(rig.device), 7);
	cr_expect_eq(kl_device_queue_max_size(rig.device, 6), 64);
	cr_expect_eq(kl_device_queue_max_size(rig.device, 7), 0);
	rig.model->script.is_gone = true;
	cr_expect_eq(kl_device_queue_count(rig.device), 1024, "and a device that is gone too");
	rig.model->script.is_gone = false;
	rig_close(&rig);
}

Test(pci_legacy, a_queue_that_is_enabled_already)
{
	prepare();
	rig.model->script.stays_enabled = true;
	open_negotiated();
	cr_expect_eq(add((struct kl_queue_conf){.index = 1}), -EBUSY);
	rig_close(&rig);
}
