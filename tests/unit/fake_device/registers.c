/* SPDX-License-Identifier: BSD-3-Clause */
/* Faulty drivers of registers: the fake device must catch each wrong access. */
#include <criterion/criterion.h>

#include "hand_driver.h"

FRAMED_TEST(registers, an_exemplary_driver)
{
	begin();
	lay_out(0, 0, 0);
	enable();
	status(0xf);
	cr_expect_eq(get(2, common + 0x1c), 1);
	free_queue_memory();
}

/* PCI-06, PCI-07 */
FRAMED_TEST(registers, widths)
{
	static const struct {
		uint32_t offset;
		unsigned int width;
	} wrong[] = {{0x00, 1}, {0x00, 2}, {0x04, 2}, {0x10, 4}, {0x10, 1}, {0x12, 1}, {0x14, 2},
		{0x14, 4}, {0x15, 2}, {0x16, 4}, {0x16, 1}, {0x18, 4}, {0x1c, 1}, {0x1e, 1},
		{0x20, 8}, {0x20, 2}, {0x22, 2}, {0x28, 8}, {0x34, 1}, {0x02, 4}, {0x11, 1},
		{0x13, 2}, {0x3c, 4}, {0x38, 2}, {0x3a, 2}};

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		get(wrong[i].width, common + wrong[i].offset);
		cr_expect_eq(fake->violations, 1, "read of %u at 0x%x", wrong[i].width,
			wrong[i].offset);
		fake->violations = 0;
		put(wrong[i].width, common + wrong[i].offset, 0);
		cr_expect_eq(fake->violations, 1, "write of %u at 0x%x", wrong[i].width,
			wrong[i].offset);
		fake->violations = 0;
	}
	put(1, common + 0x14, 0x100);
	expect("PCI-06");
}

FRAMED_TEST(registers, nowhere)
{
	get(4, common + 0x40);
	expect("nothing can be read");
	put(4, 0x8000 + notify + 0x8000, 1);
	expect("nothing can be written");
	get(4, notify);
	expect("nothing can be read");
	put(1, isr, 0);
	expect("nothing can be written");
	get(4, 0x7fffffff);
	expect("outside of the BARs");
	fake->access.ops->read(&fake->access, 0, common, 4);
	expect("outside of the BARs");
	fake->access.ops->pointer(&fake->access, 4, common, 4);
	expect("no doorbell");
	fake->access.ops->config_write(&fake->access, 8, "ab", 2);
	expect("PCI-15");
	get(4, config + 8);
	expect("nothing can be read");
}

FRAMED_TEST(registers, read_only)
{
	put(4, common + 0x04, 0);
	put(2, common + 0x12, 0);
	put(1, common + 0x15, 0);
	put(2, common + 0x1e, 0);
	for (unsigned int i = 0; i < 4; i++)
		expect("PCI-18");
}

FRAMED_TEST(registers, status_order)
{
	status(2);
	expect("INIT-02");
	status(0);
	status(3);
	expect("INIT-01");
	status(1);
	expect("INIT-03");
	status(0);
	status(1);
	status(9);
	expect("INIT-01");
	fake->violations = 0;
	status(0);
	status(1);
	status(3);
	status(7);
	expect("INIT-04");
	status(0);
	status(0x11);
	expect("SUSP-01");
	fake->violations = 0;
	status(0);
	status(0x80);
	status(0x81);
	expect("INIT-09");
	status(0);
	status(0x40);
	expect("INIT-02");
}

FRAMED_TEST(registers, features_ok_not_read_back)
{
	status(1);
	status(3);
	features(VERSION_1, 0);
	status(0xb);
	lay_out(0, 0, 0);
	expect("INIT-01");
	fake->violations = 0;
	status(0xf);
	expect("INIT-04");
	free_queue_memory();
}

FRAMED_TEST(registers, features)
{
	put(4, common + 0x0c, 0);
	expect("INIT-01");
	status(1);
	status(3);
	features(VERSION_1 | 1, 0);
	status(0xb);
	expect("FEAT-01");
	features(VERSION_1, 0);
	for (unsigned int i = 0; i < 4; i++)
		expect("INIT-05");
	status(0);
	status(1);
	status(3);
	put(4, common + 0x0c, 0);
	status(0xb);
	expect("FEAT-21: feature bank 0");
	expect("FEAT-21: feature bank 1");
	status(0);
	status(1);
	status(3);
	put(4, common + 0x08, 4);
	put(4, common + 0x0c, 1);
	expect("FEAT-04");
}

/* PCI-23 */
FRAMED_TEST(registers, reset_not_waited_for)
{
	begin();
	fake->script.reset_reads = 2;
	status(0);
	status(1);
	expect("PCI-23");
	expect("INIT-03");
	get(2, common + 0x12);
	expect("PCI-23");
	get(1, config);
	expect("PCI-23");
	get(1, common + 0x14);
	get(1, common + 0x14);
	cr_expect_eq(get(1, common + 0x14), 0);
	status(1);
}

FRAMED_TEST(registers, configuration)
{
	static const struct fake_config_field fields[] = {{0, 1, 2, -1}, {4, 4, 1, 5},
		{0, 0, 0, 0}};

	put(1, config, 1);
	expect("INIT-06");
	expect("NET-01");
	fake->script.fields = fields;
	get(1, config);
	get(2, config);
	expect("PCI-06");
	get(4, config + 4);
	expect("CFG-03");
	get(1, config + 2);
	expect("CFG-03");
	fake_offer(fake, 5);
	get(4, config + 4);
	get(1, config + 4);
	expect("PCI-06");
}

FRAMED_TEST(registers, host_memory)
{
	uint8_t *block = fake->host.alloc(&fake->host, 64, 64, &iova);

	fake->host.free(&fake->host, block + 16);
	expect("did not give");
	cr_expect_eq(fake_check(fake), 1);
	expect("not freed");
	fake->host.free(&fake->host, block);
	fake->host.alloc(&fake->host, 64, 3, &iova);
	expect("alignment 3");
	fake->host.close(&fake->host);
	fake->host.close(&fake->host);
	expect("closed twice");
	fake->access.ops->close(&fake->access);
	fake->access.ops->close(&fake->access);
	expect("closed twice");
}
