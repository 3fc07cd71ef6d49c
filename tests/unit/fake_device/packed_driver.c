/* SPDX-License-Identifier: BSD-3-Clause */
#include "packed_driver.h"

#include <string.h>

#include <criterion/criterion.h>

static uint16_t ring_size;

void packed_open(uint16_t size, int feature)
{
	struct kl_features accepted = {0};

	fake = fake_new(63);
	memory = fake->host.alloc(&fake->host, PACKED_BYTES, 4096, &iova);
	kl_features_set(&accepted, RING_PACKED);
	if (feature >= 0)
		kl_features_set(&accepted, (unsigned int)feature);
	fake_run_bare(fake, &accepted);
	fake_bind(fake, 0, size, iova, iova + DRIVER_EVENT, iova + DEVICE_EVENT);
	fake->queue[0].kicks = FAKE_KICKS_ANY;
	ring_size = size;
}

void packed_close(void)
{
	fake->queue[0].is_enabled = false;
	fake->host.free(&fake->host, memory);
	finish(fake);
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
	struct kl_notifier notifier = fake_notifier(fake, 0);

	kl_notify(&notifier, 0);
}

void packed_expect_caught(const char *id)
{
	fake_observe(fake, 0);
	cr_expect(fake_take_violation(fake, id), "%s is not caught", id);
	packed_close();
}
