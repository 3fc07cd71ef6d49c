/* SPDX-License-Identifier: BSD-3-Clause */
/* Faulty drivers of MMIO registers: the fake device must catch each wrong access. */
#include <criterion/criterion.h>

#include "hand_driver.h"

static void begin_mmio(uint32_t version)
{
	capture_log();
	fake = fake_new(63);
	cr_assert_neq(fake, NULL);
	fake->script.mmio_version = version;
}

static void put_mmio(uint32_t offset, uint32_t value)
{
	fake->mmio.ops->write(&fake->mmio, offset, 4, value);
}

static uint32_t get_mmio(uint32_t offset)
{
	return fake->mmio.ops->read(&fake->mmio, offset, 4);
}

/* MMIO-01, MMIO-02, MMIO-09: what may be read, and what may be written, in version 2. */
Test(mmio_registers, table)
{
	static const uint32_t readable[] = {0x00, 0x04, 0x08, 0x0c, 0x10, 0x34, 0x44, 0x70, 0xc0,
		0xfc};
	static const uint32_t writable[] = {0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x70, 0x80,
		0x84, 0x90, 0x94, 0xa0, 0xa4, 0xc0};

	begin_mmio(2);
	for (uint32_t offset = 0; offset < 0x100; offset++) {
		bool reads = false, writes = false;

		for (unsigned int i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
			reads |= readable[i] == offset;
		for (unsigned int i = 0; i < sizeof(writable) / sizeof(writable[0]); i++)
			writes |= writable[i] == offset;
		(void)get_mmio(offset);
		cr_expect_eq(fake_take_violation(fake, "MMIO-01"), !reads, "read of 0x%x", offset);
		put_mmio(offset, 0);
		cr_expect_eq(fake_take_violation(fake, "MMIO-01"), !writes, "write of 0x%x",
			offset);
		for (unsigned int width = 1; width <= 2; width++) {
			(void)fake->mmio.ops->read(&fake->mmio, offset, width);
			expect("MMIO-02");
			fake->mmio.ops->write(&fake->mmio, offset, width, 0);
			expect("MMIO-02");
		}
	}
	fake_free(fake);
}

/* MMIO-07: behind an identity of 0 there is nothing. */
Test(mmio_registers, no_device)
{
	begin_mmio(2);
	fake->script.mmio_device_id = 0;
	for (uint32_t offset = 0x0c; offset < 0x100; offset += 4) {
		(void)get_mmio(offset);
		expect("MMIO-01");
	}
	fake_free(fake);
}

/* MMIO-12, MMIO-13, MMIO-16 */
Test(mmio_registers, queues)
{
	begin_mmio(2);
	fake_offer(fake, 40);
	put_mmio(0x70, 0);
	put_mmio(0x70, 1);
	put_mmio(0x70, 3);
	for (uint32_t bank = 0; bank < 2; bank++) {
		put_mmio(0x24, bank);
		put_mmio(0x20, bank == 0 ? 0 : 1 | 1 << 8);
	}
	put_mmio(0x70, 0xb);
	(void)get_mmio(0x70);
	put_mmio(0x30, 0);
	put_mmio(0x38, 512);
	expect("MMIO-12");
	fake->queue[0].is_enabled = true;
	put_mmio(0x38, 8);
	expect("MMIO-13");
	put_mmio(0x80, 0x1000);
	expect("MMIO-13");
	fake->queue[0].is_enabled = false;
	fake->script.queue_reset_reads = 3;
	put_mmio(0xc0, 1);
	put_mmio(0x80, 0x1000);
	expect("MMIO-16");
	cr_expect_eq(fake->violations, 0, "%s", fake->violation[0]);
	fake_free(fake);
}

/* MMIOL-01 to MMIOL-03, MMIOL-05 */
Test(mmio_registers, legacy)
{
	begin_mmio(1);
	(void)get_mmio(0xfc);
	expect("MMIO-01");
	put_mmio(0x44, 1);
	expect("MMIO-01");
	put_mmio(0x70, 1);
	put_mmio(0x70, 3);
	put_mmio(0x24, 1);
	put_mmio(0x20, 0);
	expect("MMIOL-05");
	put_mmio(0x30, 0);
	put_mmio(0x40, 0x100);
	expect("MMIOL-01");
	put_mmio(0x28, 4096);
	put_mmio(0x3c, 4096);
	put_mmio(0x40, 0);
	expect("MMIOL-03");
	fake_free(fake);
}
