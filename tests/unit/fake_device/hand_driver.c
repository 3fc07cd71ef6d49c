/* SPDX-License-Identifier: BSD-3-Clause */
#include "hand_driver.h"

#include <criterion/criterion.h>

struct fake_device *fake;
uint32_t common, config, isr, notify;
uint8_t *memory;
uint64_t iova;

static uint32_t offset_of(uint8_t cfg_type)
{
	const uint8_t *bytes = fake->pci_config + fake_capability(fake, cfg_type, 0) + 8;

	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		(uint32_t)bytes[3] << 24;
}

void set_up(void)
{
	fake = fake_new(63);
	common = offset_of(1);
	notify = offset_of(2);
	isr = offset_of(3);
	config = offset_of(4);
}

void tear_down(void)
{
	finish(fake);
}

uint32_t get(unsigned int width, uint32_t offset)
{
	return fake->access.ops->read(&fake->access, 4, offset, width);
}

void put(unsigned int width, uint32_t offset, uint32_t value)
{
	fake->access.ops->write(&fake->access, 4, offset, width, value);
}

void status(uint8_t value)
{
	put(1, common + 0x14, value);
}

void features(uint64_t low, uint64_t high)
{
	const uint32_t banks[] = {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high,
		(uint32_t)(high >> 32)};

	for (uint32_t bank = 0; bank < 4; bank++) {
		put(4, common + 0x08, bank);
		put(4, common + 0x0c, banks[bank]);
	}
}

void begin(void)
{
	status(0);
	cr_expect_eq(get(1, common + 0x14), 0);
	status(1);
	status(3);
	features(VERSION_1, 0);
	status(0xb);
	cr_expect_eq(get(1, common + 0x14), 0xb);
}

void lay_out(uint64_t desc, uint64_t avail, uint64_t used)
{
	const uint64_t address[] = {desc, 0x1000 + avail, 0x2000 + used};

	memory = fake->host.alloc(&fake->host, 0x3000, 4096, &iova);
	put(2, common + 0x16, 0);
	put(2, common + 0x18, 8);
	for (uint32_t i = 0; i < 3; i++) {
		put(4, common + 0x20 + 8 * i, (uint32_t)(iova + address[i]));
		put(4, common + 0x24 + 8 * i, (uint32_t)((iova + address[i]) >> 32));
	}
}

void enable(void)
{
	put(2, common + 0x1c, 1);
}

void free_queue_memory(void)
{
	status(0);
	fake->host.free(&fake->host, memory);
}
