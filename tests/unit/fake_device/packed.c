/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packed rings written by hand. Valid ones are read and used as 2.8 demands, and each invalid
 * one is caught.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "packed_driver.h"

#define SIZE 5

static struct fake_chain chain;

static void expect_used(unsigned int place, unsigned int size, uint16_t id, uint32_t length,
	uint16_t written)
{
	const uint8_t *desc = memory + place % size * 16;

	cr_expect_eq(load(desc + 8, 4), length);
	cr_expect_eq(load(desc + 12, 2), id);
	cr_expect_eq(load(desc + 14, 2) & (AVAIL | USED | WRITE), packed_used(place) | written);
}

Test(packed, good_lists)
{
	packed_open(SIZE, INDIRECT_DESC);
	packed_write(1, 20, NEXT | WRITE, 4);
	packed_write(2, 30, WRITE, 4);
	fake_observe(fake, 0);
	cr_expect_eq(fake->queue[0].seen, 0, "the first descriptor is not there yet");
	packed_write(0, 10, NEXT, 4);
	packed_entry(0, 4, 0);
	packed_entry(1, 6, WRITE);
	packed_table(3, 32, 0, 0);
	cr_assert(fake_pop(fake, 0, &chain));
	cr_expect(chain.count == 3 && chain.readable == 1 && !chain.is_indirect);
	cr_expect(chain.head == 4 && chain.descriptors == 3);
	cr_expect(chain.readable_bytes == 10 && chain.writable_bytes == 50);
	cr_expect_eq(chain.segment[0].data, memory + DATA);
	cr_assert(fake_pop(fake, 0, &chain));
	cr_expect(chain.count == 2 && chain.readable == 1 && chain.is_indirect);
	cr_expect_not(fake_pop(fake, 0, &chain));
	fake_complete(fake, 0, 4, 9);
	expect_used(0, SIZE, 4, 9, WRITE);
	fake_complete(fake, 0, 0, 0);
	/* 2.8.6: the list's other descriptors are skipped. */
	expect_used(3, SIZE, 0, 0, 0);
	cr_expect_eq(load(memory + 16 + 14, 2), NEXT | WRITE | AVAIL, "not written");
	packed_close();
}

/* 2.8.1: lists of every length, across the end of rings of every small size, for many laps. */
static void run_lists(unsigned int size, unsigned int length)
{
	unsigned int place = 0;

	packed_open((uint16_t)size, -1);
	for (unsigned int round = 0; round < 7 * size; round++, place += length) {
		for (unsigned int i = length; i-- > 0;)
			packed_write(place + i, 1, i + 1 < length ? NEXT : 0,
				(uint16_t)(round % size));
		cr_assert(fake_pop(fake, 0, &chain));
		cr_assert_eq(chain.descriptors, length);
		fake_complete(fake, 0, chain.head, 0);
		/* 2.8.4: without WRITE the length means nothing. */
		expect_used(place, size, (uint16_t)(round % size), UINT32_MAX, 0);
	}
	cr_expect_eq(fake->queue[0].done, place);
	packed_close();
}

Test(packed, lists_across_the_end)
{
	for (unsigned int size = 1; size <= 9; size++)
		for (unsigned int length = 1; length <= size; length++)
			run_lists(size, length);
	run_lists(100, 7);
	run_lists(256, 255);
}

/* 2.8.2: used descriptors follow each other, whatever order the buffers are used in. */
Test(packed, out_of_order)
{
	packed_open(4, -1);
	packed_write(0, 8, WRITE | NEXT, 2);
	packed_write(1, 8, WRITE, 2);
	packed_write(2, 8, WRITE, 0);
	packed_write(3, 8, WRITE, 1);
	for (unsigned int i = 0; i < 3; i++)
		cr_assert(fake_pop(fake, 0, &chain));
	fake_complete(fake, 0, 1, 5);
	expect_used(0, 4, 1, 5, WRITE);
	packed_write(4, 4, WRITE, 1);
	cr_assert(fake_pop(fake, 0, &chain));
	fake_complete(fake, 0, 2, 6);
	expect_used(1, 4, 2, 6, WRITE);
	fake_complete(fake, 0, 0, 7);
	expect_used(3, 4, 0, 7, WRITE);
	fake_complete(fake, 0, 1, 3);
	expect_used(4, 4, 1, 3, WRITE);
	packed_close();
}

/*
 * Buffers that the device has are overwritten by it alone, also where others' descriptors
 * lie on top.
 */
Test(packed, buffers_whose_descriptors_are_gone_are_still_known)
{
	packed_open(2, -1);
	packed_write(0, 8, WRITE, 0);
	packed_write(1, 8, WRITE, 1);
	cr_assert(fake_pop(fake, 0, &chain));
	cr_assert(fake_pop(fake, 0, &chain));
	fake_complete(fake, 0, 1, 8);
	packed_write(2, 2, 0, 1);
	cr_assert(fake_pop(fake, 0, &chain));
	fake->script.scribbles = true;
	fake->script.reset_reads = 1;
	fake->access.ops->write(&fake->access, 4, 0x14, 1, 0);
	cr_expect_neq(fake->access.ops->read(&fake->access, 4, 0x14, 1), 0);
	cr_expect_eq(memory[DATA + 7], 0xa5);
	cr_expect_eq(memory[DATA + 8], 0);
	packed_close();
}

Test(packed, flags_of_a_whole_list)
{
	static const uint16_t wrong[] = {0, AVAIL, USED, AVAIL | USED};

	for (unsigned int i = 0; i < 4; i++)
		for (unsigned int lap = 0; lap < 2; lap++) {
			if (wrong[i] == (lap == 0 ? AVAIL : USED))
				continue;
			packed_open(3, -1);
			for (unsigned int p = 0; p < 3 * lap; p++) {
				packed_write(p, 1, 0, 0);
				fake_process(fake, 0, 1);
			}
			packed_write(3 * lap + 1, 1, WRITE, 0);
			store(memory + 16 + 14, 2, WRITE | wrong[i]);
			packed_write(3 * lap, 1, NEXT, 0);
			packed_expect_caught("PKD-05");
		}
	packed_open(SIZE, -1);
	packed_write(0, 1, 8, 0);
	packed_expect_caught("PKD-22");
	packed_open(SIZE, -1);
	packed_write(1, 1, 0x100, 0);
	packed_write(0, 1, NEXT, 0);
	packed_expect_caught("PKD-22");
}

Test(packed, too_long)
{
	packed_open(3, -1);
	for (unsigned int i = 0; i < 3; i++)
		packed_write(i, 1, NEXT, 0);
	packed_expect_caught("PKD-14");
	packed_open(3, -1);
	packed_write(0, 1, 0, 0);
	fake_observe(fake, 0);
	packed_write(3, 1, 0, 1);
	packed_write(1, 1, NEXT, 1);
	packed_write(2, 1, NEXT, 1);
	packed_expect_caught("PKD-12");
	/* A full ring, and one more. */
	packed_open(1, -1);
	packed_write(0, 1, 0, 0);
	fake_observe(fake, 0);
	packed_write(1, 1, 0, 0);
	packed_expect_caught("PKD-12");
}

Test(packed, buffer_ids)
{
	packed_open(SIZE, -1);
	packed_write(1, 1, 0, 3);
	packed_write(0, 1, NEXT, 2);
	packed_expect_caught("PKD-16");
	packed_open(SIZE, -1);
	packed_write(0, 1, 0, SIZE);
	packed_expect_caught("PKD-16");
	packed_open(SIZE, -1);
	packed_write(0, 1, 0, 3);
	packed_write(1, 1, 0, 3);
	packed_expect_caught("INIT-15");
}

Test(packed, segments)
{
	packed_open(SIZE, -1);
	packed_write(1, 1, 0, 0);
	packed_write(0, 1, NEXT | WRITE, 0);
	packed_expect_caught("PKD-15");
	packed_open(SIZE, -1);
	packed_write(0, 0, 0, 0);
	packed_expect_caught("ROB-49");
	packed_open(SIZE, -1);
	packed_write(0, PACKED_BYTES - DATA + 1, 0, 0);
	packed_expect_caught("FEAT-14");
}

/* A table of so many bytes, with entries for more. */
static void open_table(uint32_t length, uint16_t flags)
{
	packed_open(SIZE, INDIRECT_DESC);
	for (unsigned int i = 0; i < SIZE + 1; i++)
		packed_entry(i, 1, 0);
	packed_table(0, length, flags, 0);
}

Test(packed, tables)
{
	open_table(48, 0);
	kl_features_clear(&fake->accepted, INDIRECT_DESC);
	packed_expect_caught("IND-01");
	open_table(48, WRITE);
	packed_expect_caught("IND-10");
	open_table(40, 0);
	packed_expect_caught("IND-09");
	open_table(0, 0);
	packed_expect_caught("IND-09");
	open_table(16 * (SIZE + 1), 0);
	packed_expect_caught("IND-07");
	open_table(48, 0);
	packed_entry(1, 1, NEXT);
	packed_expect_caught("IND-06");
	open_table(48, 0);
	packed_entry(1, 1, INDIRECT);
	packed_expect_caught("IND-06");
	open_table(48, 0);
	packed_entry(2, 1, AVAIL);
	packed_expect_caught("IND-06");
	open_table(48, 0);
	packed_entry(0, 1, WRITE);
	packed_expect_caught("PKD-15");
	open_table(48, NEXT);
	packed_write(1, 1, 0, 0);
	packed_expect_caught("IND-08");
	open_table(48, 0);
	packed_table(1, 48, 0, 0);
	packed_write(0, 1, NEXT, 0);
	packed_expect_caught("IND-08");
}

/* INIT-15, PKD-07, PKD-08: what the device has may not change under its hands. */
Test(packed, changed_after_exposure)
{
	packed_open(SIZE, INDIRECT_DESC);
	packed_write(1, 8, 0, 0);
	packed_write(0, 8, NEXT, 0);
	fake_observe(fake, 0);
	store(memory + 16 + 8, 4, 7);
	cr_expect(fake_pop(fake, 0, &chain));
	expect("PKD-08");
	fake_complete(fake, 0, 0, 0);
	expect("PKD-07");
	packed_write(2, 8, 0, 1);
	fake_observe(fake, 0);
	memory[DATA + 7]++;
	cr_expect(fake_pop(fake, 0, &chain));
	expect("INIT-15");
	fake_complete(fake, 0, 1, 0);
	expect("INIT-15");
	packed_entry(0, 4, WRITE);
	packed_table(3, 16, 0, 2);
	cr_expect(fake_pop(fake, 0, &chain));
	memory[TABLE + 8] = 3;
	fake_complete(fake, 0, 2, 0);
	expect("INIT-15");
	packed_close();
}

/* The device's own used descriptors are not the driver's before it has gone past them. */
Test(packed, descriptors_that_are_skipped_do_not_change_either)
{
	packed_open(SIZE, -1);
	packed_write(0, 8, 0, 0);
	packed_write(2, 8, 0, 1);
	packed_write(1, 8, NEXT, 1);
	cr_expect(fake_pop(fake, 0, &chain));
	cr_expect(fake_pop(fake, 0, &chain));
	fake_complete(fake, 0, 1, 0);
	store(memory + 32, 8, iova + DATA + 1);
	fake_complete(fake, 0, 0, 0);
	expect("PKD-07");
	packed_close();
}

/* 2.8.13: all zero at the beginning. */
Test(packed, content_at_enabling)
{
	packed_open(SIZE, -1);
	memory[16 * SIZE - 1] = 1;
	fake_bind(fake, 0, SIZE, iova, iova + DRIVER_EVENT, iova + DEVICE_EVENT);
	expect("PKD-03");
	memory[16 * SIZE - 1] = 0;
	memory[DEVICE_EVENT + 2] = 1;
	fake_bind(fake, 0, SIZE, iova, iova + DRIVER_EVENT, iova + DEVICE_EVENT);
	expect("VQ-02");
	memory[DEVICE_EVENT + 2] = 0;
	fake_bind(fake, 0, SIZE, iova, iova + DRIVER_EVENT + 2, iova + DEVICE_EVENT);
	expect("PKD-01");
	fake_bind(fake, 0, SIZE, iova + 8, iova + DRIVER_EVENT, iova + DEVICE_EVENT);
	expect("PKD-01");
	fake_bind(fake, 0, SIZE, iova, iova + DRIVER_EVENT, iova + 16);
	expect("VQ-02");
	fake_bind(fake, 0, 32769, iova, iova + 16 * 32769, iova + DEVICE_EVENT);
	expect("PCI-20");
	expect("FEAT-14");
	packed_event(0, 1);
	fake_bind(fake, 0, SIZE, iova, iova + DRIVER_EVENT, iova + DEVICE_EVENT);
	packed_close();
}

Test(packed, malformed_used)
{
	packed_open(SIZE, -1);
	packed_write(1, 8, WRITE, 2);
	packed_write(0, 8, WRITE | NEXT, 2);
	fake_observe(fake, 0);
	fake_write_raw_descriptor(fake, 0, 3, 77, 5, 0x1234);
	cr_expect_eq(load(memory + 48 + 8, 8), 0x1234004d00000005u);
	fake_write_raw_used(fake, 0, 4, 9);
	expect_used(0, SIZE, 4, 9, WRITE);
	cr_expect_eq(fake->queue[0].done, 1);
	fake_write_raw_used(fake, 0, 2, 9);
	expect_used(1, SIZE, 2, 9, WRITE);
	cr_expect_eq(fake->queue[0].done, 3, "it has two descriptors");
	cr_expect_eq(fake_used_flags(fake, 0, 1), AVAIL | USED);
	cr_expect_eq(fake_used_flags(fake, 0, 2), 0);
	packed_close();
}
