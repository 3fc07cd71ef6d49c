/* SPDX-License-Identifier: BSD-3-Clause */
/* Bad drivers that set up queues: the fake device must catch each. */
#include <criterion/criterion.h>

#include "hand_driver.h"

FRAMED_TEST(queue_registers, queues_before_features)
{
	put(2, common + 0x16, 0);
	put(2, common + 0x18, 8);
	expect("INIT-01");
	enable();
	expect("INIT-01");
	begin();
	put(2, common + 0x16, 2);
	cr_expect_eq(get(2, common + 0x18), 0);
	get(2, common + 0x1c);
	expect("PCI-26");
	put(2, common + 0x18, 8);
	expect("PCI-26");
}

FRAMED_TEST(queue_registers, queue_size)
{
	begin();
	put(2, common + 0x16, 0);
	put(2, common + 0x18, 3);
	expect("PCI-20");
	put(2, common + 0x18, 0);
	expect("PCI-20");
	put(2, common + 0x18, 512);
	expect("PCI-20");
	put(2, common + 0x1c, 0);
	expect("PCI-22");
	put(2, common + 0x1c, 2);
	expect("PCI-22");
}

FRAMED_TEST(queue_registers, enabled_without_addresses)
{
	begin();
	put(2, common + 0x16, 0);
	enable();
	expect("PCI-21");
	expect("FEAT-14");
}

static void expect_bad_layout(uint64_t desc, uint64_t avail, uint64_t used, const char *id)
{
	begin();
	lay_out(desc, avail, used);
	enable();
	expect(id);
	free_queue_memory();
	fake->violations = 0;
}

FRAMED_TEST(queue_registers, bad_layouts)
{
	expect_bad_layout(8, 0, 0, "SPL-01");
	expect_bad_layout(0, 1, 0, "SPL-01");
	expect_bad_layout(0, 0, 2, "SPL-01");
	expect_bad_layout(0x10000000, 0, 0, "FEAT-14");
	expect_bad_layout(0x1000, 0, 0, "VQ-02");
	expect_bad_layout(0, 0, (uint64_t)-0x1000, "VQ-02");
	expect_bad_layout(0x2000, 0, 4, "VQ-02");
	/* The used ring's last byte must be inside too. */
	expect_bad_layout(0, 0, 0x1000 - 64, "FEAT-14");
}

static void expect_bad_content(unsigned int at, const char *id)
{
	begin();
	lay_out(0, 0, 0);
	memory[at] = 2;
	enable();
	expect(id);
	free_queue_memory();
}

FRAMED_TEST(queue_registers, dirty_memory)
{
	expect_bad_content(5, "VQ-02");
	expect_bad_content(127, "VQ-02");
	expect_bad_content(0x1000, "EVS-03");
	expect_bad_content(0x1002, "VQ-02");
	expect_bad_content(0x1000 + 4 + 16, "VQ-02");
	expect_bad_content(0x2000, "SPL-14");
	expect_bad_content(0x2000 + 6 + 64 - 1, "SPL-14");
}

FRAMED_TEST(queue_registers, an_enabled_queue_is_left_alone)
{
	begin();
	lay_out(0, 0, 0);
	enable();
	put(2, common + 0x18, 8);
	expect("VQ-05");
	enable();
	expect("VQ-05");
	status(0xf);
	put(2, common + 0x16, 1);
	put(2, common + 0x18, 8);
	expect("INIT-01");
	fake->host.free(&fake->host, memory);
	for (unsigned int i = 0; i < 3; i++)
		expect("INIT-16");
	status(0);
}

FRAMED_TEST(queue_registers, vectors)
{
	int fds[2] = {-1, -1};

	begin();
	put(2, common + 0x10, 0);
	expect("PCI-39");
	get(2, common + 0x10);
	fake->access.ops->interrupts(&fake->access, 2, fds);
	put(2, common + 0x10, 2);
	expect("PCI-36");
	cr_expect_eq(get(2, common + 0x10), 0xffff);
	lay_out(0, 0, 0);
	put(2, common + 0x1a, 1);
	enable();
	expect("PCI-37");
	get(1, isr);
	expect("PCI-31");
	put(2, common + 0x10, 0);
	fake_check(fake);
	expect("PCI-37");
	expect("not freed");
	get(2, common + 0x10);
	free_queue_memory();
}

FRAMED_TEST(queue_registers, doorbells)
{
	begin();
	lay_out(0, 0, 0);
	enable();
	put(2, notify, 0);
	expect("INIT-10");
	status(0xf);
	fake->queue[0].kicks = FAKE_KICKS_ANY;
	put(2, notify, 0);
	put(4, notify, 0);
	expect("NTF-01");
	put(2, notify, 1);
	expect("NTF-03");
	put(2, notify + 4, 0);
	expect("NTF-03");
	put(2, notify + 4, 1);
	expect("INIT-10");
	cr_expect_eq(fake->queue[0].doorbells, 1);
	free_queue_memory();
}
