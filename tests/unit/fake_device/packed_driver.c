/* SPDX-License-Identifier: BSD-3-Clause */
#include "packed_driver.h"

#include <string.h>

#include <criterion/criterion.h>

static uint16_t ring_size;

void packed_open(uint16_t size, int feature)
{
	struct kl_features accepted = {0};

	model = model_new(63);
	memory = model->host.alloc(&model->host, PACKED_BYTES, 4096, &iova);
	kl_features_set(&accepted, RING_PACKED);
	if (feature >= 0)
		kl_features_set(&accepted, (unsigned int)feature);
	model_run_bare(model, &accepted);
	model_bind(model, 0, size, iova, iova + DRIVER_EVENT, iova + DEVICE_EVENT);
	model->queue[0].kicks = MODEL_KICKS_ANY;
	ring_size = size;
}

void packed_close(void)
{
	model->queue[0].is_enabled = false;
	model->host.free(&model->host, memory);
	finish(model);
}

void store(uint8_t *bytes, unsigned int width, uint64_t value)
{
	memcpy(bytes, &value, width);
}

uint64_t load(const uint8_t *bytes, unsigned int width)
{
	uint64_t value = 0;

	memcpy(&value, bytes, width);
	return value;
}

uint16_t packed_available(unsigned int place)
{
	return place / ring_size % 2 == 0 ? AVAIL : USED;
}

uint16_t packed_used(unsigned int place)
{
	return place / ring_size % 2 == 0 ? AVAIL | USED : 0;
}

static void write_at(uint8_t *bytes, uint64_t address, uint32_t length, uint16_t id, uint16_t flags)
{
	store(bytes, 8, address);
	store(bytes + 8, 4, length);
	store(bytes + 12, 2, id);
	store(bytes + 14, 2, flags);
}

void packed_write(unsigned int place, uint32_t length, uint16_t flags, uint16_t id)
{
	write_at(memory + place % ring_size * 16, iova + DATA, length, id,
		flags | packed_available(place));
}

void packed_entry(unsigned int number, uint32_t length, uint16_t flags)
{
	/* 2.8.7: the id means nothing here. */
	write_at(memory + TABLE + 16 * (size_t)number, iova + DATA, length, 0xabcd, flags);
}

void packed_table(unsigned int place, uint32_t length, uint16_t flags, uint16_t id)
{
	write_at(memory + place % ring_size * 16, iova + TABLE, length, id,
		INDIRECT | flags | packed_available(place));
}

void packed_event(uint16_t off_wrap, uint16_t flags)
{
	store(memory + DRIVER_EVENT, 2, off_wrap);
	store(memory + DRIVER_EVENT + 2, 2, flags);
}

void packed_ring(void)
{
	struct kl_notifier notifier = model_notifier(model, 0);

	kl_notify(&notifier, 0);
}

void packed_expect_caught(const char *id)
{
	model_observe(model, 0);
	cr_expect(model_forgive(model, id), "%s is not caught", id);
	packed_close();
}
