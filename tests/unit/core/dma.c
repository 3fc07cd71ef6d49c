/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <kickless/driver/dma.h>

#include "core/device_queue.h"
#include "device_fixture.h"
#include "spec/features.h"

static struct device_fixture fixture;

Test(dma, addresses)
{
	struct kl_dma dma;
	uint64_t iova = 0;

	fixture_open(&fixture, NULL);
	cr_assert_eq(kl_device_dma_alloc(fixture.device, 100, 4096, &dma), 0);
	cr_expect_eq(dma.size, 100);
	cr_expect_eq(dma.iova % 4096, 0);
	cr_expect_eq(dma.iova - FAKE_IOVA_SHIFT, (uintptr_t)dma.memory);
	cr_expect_eq(kl_device_translate(fixture.device, (char *)dma.memory + 10, 1000, &iova), 90);
	cr_expect_eq(iova, dma.iova + 10);
	cr_expect_eq(kl_device_translate(fixture.device, (char *)dma.memory + 10, 20, &iova), 20);
	cr_expect_eq(kl_device_translate(fixture.device, &dma, 8, &iova), 0,
		"not the device's to reach");
	kl_device_dma_free(fixture.device, &dma);
	cr_expect(dma.memory == NULL && dma.size == 0);
	kl_device_dma_free(fixture.device, &dma);
	cr_expect_not(kl_device_iova_is_virtual(fixture.device));
	fixture.fake->host.translate = NULL;
	cr_expect(kl_device_iova_is_virtual(fixture.device));
	cr_expect_eq(kl_device_translate(fixture.device, &dma, 8, &iova), 8,
		"virtual addresses are bus addresses");
	cr_expect_eq(iova, (uintptr_t)&dma);
	fixture_close(&fixture);
}

static void expect_private(const void *record, const char *name)
{
	uint64_t iova;

	cr_expect_neq(record, NULL, "%s", name);
	cr_expect_eq(kl_device_translate(fixture.device, record, 1, &iova), 0,
		"the device reaches %s", name);
}

/*
 * All that is decided on lies outside of what the device reaches: the fake host's list of windows
 * is what a mapping is elsewhere.
 */
Test(dma, records_of_a_queue)
{
	for (unsigned int packed = 0; packed < 2; packed++) {
		const struct kl__device_queue *entry;
		const struct kl_queue *queue;
		uint64_t iova;

		fixture_prepare(&fixture);
		fake_offer(fixture.fake, VIRTIO_F_INDIRECT_DESC);
		if (packed != 0)
			fake_offer(fixture.fake, VIRTIO_F_RING_PACKED);
		cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
		fixture_start(&fixture, 2);
		expect_private(fixture.device, "the device's record");
		for (entry = fixture.device->queues; entry != NULL; entry = entry->next) {
			queue = &entry->queue;
			expect_private(queue, "the record");
			expect_private(queue->slot, "the slots");
			expect_private(&queue->slot[queue->size - 1], "the last slot");
			expect_private(queue->buffer, "the buffers");
			expect_private(&queue->buffer[queue->size - 1], "the last buffer");
			expect_private(queue->order, "the free list");
			expect_private(&queue->order[queue->size - 1], "its end");
			cr_expect_eq(kl_device_translate(fixture.device, queue->desc, 16, &iova),
				16, "the descriptors are not the device's");
			cr_expect_eq(kl_device_translate(fixture.device, queue->avail, 4, &iova), 4,
				"the driver area is not the device's");
			cr_expect_eq(kl_device_translate(fixture.device, queue->used, 4, &iova), 4,
				"the device area is not the device's");
		}
		fixture_close(&fixture);
	}
}

Test(dma, private_memory)
{
	uint8_t *memory;

	fixture_open(&fixture, NULL);
	memory = kl_device_private_alloc(fixture.device, 100);
	cr_assert_neq(memory, NULL);
	cr_expect_eq((uintptr_t)memory % KL__CACHE_LINE, 0);
	for (unsigned int i = 0; i < 100; i++)
		cr_expect_eq(memory[i], 0);
	expect_private(memory, "private memory");
	kl_device_private_free(fixture.device, memory, 100);
	kl_device_private_free(fixture.device, NULL, 100);
	fixture_close(&fixture);
}
