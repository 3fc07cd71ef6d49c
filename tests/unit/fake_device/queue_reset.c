/* SPDX-License-Identifier: BSD-3-Clause */
/* The reset of a single queue: 2.6.1, 4.1.4.3. */
#include <criterion/criterion.h>

#include "hand_driver.h"

#define RING_RESET 40
#define QUEUE_ENABLE 0x1c
#define QUEUE_RESET 0x3a

/* A running device whose queue 0 can be reset. */
static void begin_running(void)
{
	fake_offer(fake, RING_RESET);
	status(0);
	get(1, common + 0x14);
	status(1);
	status(3);
	features(VERSION_1 | UINT64_C(1) << RING_RESET, 0);
	status(0xb);
	get(1, common + 0x14);
	lay_out(0, 0, 0);
	enable();
	status(0xf);
}

static void lay_out_again(void)
{
	fake->host.free(&fake->host, memory);
	lay_out(0, 0, 0);
}

FRAMED_TEST(queue_reset, good)
{
	begin_running();
	fake->script.queue_reset_reads = 2;
	put(2, common + QUEUE_RESET, 1);
	cr_expect_eq(get(2, common + QUEUE_RESET), 1);
	cr_expect_eq(get(2, common + QUEUE_ENABLE), 1);
	cr_expect_eq(get(2, common + QUEUE_RESET), 1);
	cr_expect_eq(get(2, common + QUEUE_RESET), 0);
	cr_expect_eq(get(2, common + QUEUE_ENABLE), 0);
	cr_expect_eq(get(2, common + 0x18), 256, "as at first");
	cr_expect_eq(get(2, common + 0x1a), 0xffff);
	lay_out_again();
	enable();
	cr_expect_eq(get(2, common + QUEUE_ENABLE), 1);
	cr_expect_eq(get(2, common + QUEUE_RESET), 0);
	cr_expect_eq(fake->queue[0].resets, 1);
	free_queue_memory();
}

FRAMED_TEST(queue_reset, without_the_feature)
{
	begin();
	lay_out(0, 0, 0);
	put(2, common + QUEUE_RESET, 1);
	expect("VQ-07");
	free_queue_memory();
}

FRAMED_TEST(queue_reset, wrong_value)
{
	begin_running();
	put(2, common + QUEUE_RESET, 0);
	expect("PCI-24");
	put(2, common + QUEUE_RESET, 2);
	expect("PCI-24");
	free_queue_memory();
}

/* Nothing of the queue may be touched before it reads 0. */
FRAMED_TEST(queue_reset, not_waited_for)
{
	begin_running();
	fake->script.queue_reset_reads = FAKE_NEVER;
	put(2, common + QUEUE_RESET, 1);
	put(2, common + 0x18, 8);
	expect("PCI-24");
	put(2, common + QUEUE_RESET, 1);
	expect("PCI-24");
	put(2, notify, 0);
	expect("INIT-10");
	for (unsigned int i = 0; i < 100; i++)
		cr_expect_eq(get(2, common + QUEUE_RESET), 1);
	fake->host.free(&fake->host, memory);
	for (unsigned int part = 0; part < 3; part++)
		expect("INIT-16");
	status(0);
}

FRAMED_TEST(queue_reset, addresses_are_gone)
{
	begin_running();
	put(2, common + QUEUE_RESET, 1);
	enable();
	expect("PCI-21");
	expect("FEAT-14");
	free_queue_memory();
}

FRAMED_TEST(queue_reset, a_doorbell_before_the_queue_is_back)
{
	begin_running();
	put(2, common + QUEUE_RESET, 1);
	put(2, notify, 0);
	expect("INIT-10");
	free_queue_memory();
}

/* 4.1.4.3: the register exists only with its feature. */
FRAMED_TEST(queue_reset, notif_config_data_register)
{
	begin();
	put(2, common + 0x16, 0);
	get(2, common + 0x38);
	expect("NTF-09");
	kl_features_set(&fake->accepted, 39);
	fake->script.notif_config_data[0] = 77;
	cr_expect_eq(get(2, common + 0x38), 77);
	put(2, common + 0x38, 1);
	expect("PCI-18");
}

/* Until a reset has ended the device may write into what it has. */
FRAMED_TEST(queue_reset, scribbles)
{
	begin_running();
	fake->queue[0].kicks = FAKE_KICKS_ANY;
	for (unsigned int i = 0; i < 8; i++)
		memory[i] = (uint8_t)((iova + 0x800) >> (8 * i));
	memory[8] = 16;
	memory[12] = 2;
	memory[0x1002] = 1;
	fake_observe(fake, 0);
	fake->script.scribbles = true;
	fake->script.queue_reset_reads = 1;
	put(2, common + QUEUE_RESET, 1);
	cr_expect_eq(memory[0x80f], 0);
	get(2, common + QUEUE_RESET);
	cr_expect(memory[0x80f] == 0xa5 && memory[0x810] == 0);
	cr_expect_eq(get(2, common + QUEUE_RESET), 0);
	memory[0x80f] = 0;
	cr_expect_eq(get(2, common + QUEUE_RESET), 0);
	cr_expect_eq(memory[0x80f], 0);
	free_queue_memory();
}
