/* SPDX-License-Identifier: BSD-3-Clause */
/* Bad rings, written by hand: the fake device must catch each. */
#include <string.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "fake_device.h"

#define SIZE 8
#define NEXT 1
#define WRITE 2
#define INDIRECT 4
#define INDIRECT_DESC 28
#define EVENT_IDX 29

static struct fake_device *fake;
static uint8_t *memory;
static uint64_t iova;
static uint16_t avail_idx;

/* Bus addresses of the parts, and of room for tables and data. */
#define AVAIL 0x1000
#define USED 0x2000
#define TABLE 0x3000
#define DATA 0x4000
#define BYTES 0x5000

static void open_with(int feature)
{
	struct kl_features accepted = {0};

	fake = fake_new(63);
	memory = fake->host.alloc(&fake->host, BYTES, 4096, &iova);
	if (feature >= 0)
		kl_features_set(&accepted, (unsigned int)feature);
	fake_run_bare(fake, &accepted);
	fake_bind(fake, 0, SIZE, iova, iova + AVAIL, iova + USED);
	fake->queue[0].kicks = FAKE_KICKS_ANY;
	avail_idx = 0;
}

static void close_it(void)
{
	fake->queue[0].is_enabled = false;
	fake->host.free(&fake->host, memory);
	finish(fake);
}

static void put(uint8_t *bytes, unsigned int width, uint64_t value)
{
	memcpy(bytes, &value, width);
}

static void desc_at(uint8_t *bytes, uint64_t address, uint32_t length, uint16_t flags,
	uint16_t next)
{
	put(bytes, 8, address);
	put(bytes + 8, 4, length);
	put(bytes + 12, 2, flags);
	put(bytes + 14, 2, next);
}

static void desc(unsigned int id, uint32_t length, uint16_t flags, uint16_t next)
{
	desc_at(memory + 16 * id, iova + DATA, length, flags, next);
}

static void entry(unsigned int id, uint32_t length, uint16_t flags, uint16_t next)
{
	desc_at(memory + TABLE + 16 * id, iova + DATA, length, flags, next);
}

static void publish(uint16_t head)
{
	put(memory + AVAIL + 4 + 2 * (avail_idx % SIZE), 2, head);
	put(memory + AVAIL + 2, 2, ++avail_idx);
}

static void expect_now(const char *id)
{
	cr_expect(fake_take_violation(fake, id), "%s is not caught", id);
}

/* The buffer at descriptor 0 breaks the rule id. Nothing else is wrong. */
static void expect_caught(const char *id)
{
	publish(0);
	fake_observe(fake, 0);
	expect_now(id);
	close_it();
}

Test(rings, good_ones)
{
	static struct fake_chain chain;

	open_with(INDIRECT_DESC);
	desc(0, 10, NEXT, 5);
	desc(5, 20, NEXT | WRITE, 2);
	desc(2, 30, WRITE, 77);
	desc_at(memory + 16, iova + TABLE, 32, INDIRECT, 0);
	entry(0, 4, NEXT, 1);
	entry(1, 6, WRITE, 0);
	publish(0);
	publish(1);
	cr_assert(fake_pop(fake, 0, &chain));
	cr_expect(chain.count == 3 && chain.readable == 1 && !chain.is_indirect);
	cr_expect(chain.readable_bytes == 10 && chain.writable_bytes == 50);
	cr_expect_eq(chain.segment[0].data, memory + DATA);
	fake_complete(fake, 0, 0, 9);
	cr_assert(fake_pop(fake, 0, &chain));
	cr_expect(chain.count == 2 && chain.readable == 1 && chain.is_indirect);
	cr_expect_not(fake_pop(fake, 0, &chain));
	fake_complete(fake, 0, 1, 3);
	cr_expect_eq(memcmp(memory + USED, "\0\0\2\0\0\0\0\0\11\0\0\0\1\0\0\0\3\0\0\0", 20), 0);
	close_it();
}

Test(rings, order_of_segments)
{
	open_with(-1);
	desc(0, 1, NEXT | WRITE, 1);
	desc(1, 1, 0, 0);
	expect_caught("SPL-04");
}

Test(rings, empty_segment)
{
	open_with(-1);
	desc(0, 0, 0, 0);
	expect_caught("ROB-49");
}

Test(rings, loop)
{
	open_with(-1);
	desc(0, 1, NEXT, 1);
	desc(1, 1, NEXT, 0);
	expect_caught("SPL-07");
}

Test(rings, beyond_the_table)
{
	open_with(-1);
	desc(0, 1, NEXT, SIZE);
	expect_caught("SPL-06");
	open_with(-1);
	publish(SIZE);
	fake_observe(fake, 0);
	expect_now("SPL-06");
	close_it();
}

Test(rings, unknown_flags)
{
	open_with(-1);
	desc(0, 1, 8, 0);
	expect_caught("SPL-21");
}

Test(rings, address_outside)
{
	open_with(-1);
	desc_at(memory, (uintptr_t)memory + DATA, 16, 0, 0);
	expect_caught("FEAT-14");
	open_with(-1);
	desc(0, BYTES - DATA + 1, 0, 0);
	expect_caught("FEAT-14");
}

static void open_table(uint32_t length, uint16_t flags)
{
	open_with(INDIRECT_DESC);
	desc_at(memory, iova + TABLE, length, INDIRECT | flags, 1);
	desc(1, 1, 0, 0);
	for (unsigned int i = 0; i < 20; i++)
		entry(i, 1, 16 * (i + 1) == length ? 0 : NEXT, (uint16_t)(i + 1));
}

Test(rings, indirect)
{
	open_table(48, 0);
	fake_offer(fake, 0);
	fake->accepted = (struct kl_features){0};
	expect_caught("IND-01");
	open_table(48, NEXT);
	expect_caught("IND-04");
	open_table(48, WRITE);
	expect_caught("IND-10");
	open_table(40, 0);
	expect_caught("IND-09");
	open_table(0, 0);
	expect_caught("IND-09");
	open_table(16 * (SIZE + 1), 0);
	expect_caught("IND-03");
	open_table(48, 0);
	entry(1, 16, INDIRECT, 0);
	expect_caught("IND-02");
	open_table(48, 0);
	entry(1, 1, 0, 0);
	expect_caught("IND-05");
	open_table(48, 0);
	entry(2, 1, NEXT, 3);
	expect_caught("IND-05");
	open_table(48, 0);
	entry(0, 1, NEXT, 2);
	expect_caught("IND-05");
	open_table(48, 0);
	entry(0, 1, NEXT | WRITE, 1);
	expect_caught("SPL-04");
}

Test(rings, index_moves)
{
	open_with(-1);
	put(memory + AVAIL + 2, 2, SIZE + 1);
	fake_observe(fake, 0);
	expect_now("SPL-08");
	put(memory + AVAIL + 2, 2, 0xffff);
	fake_observe(fake, 0);
	expect_now("SPL-08");
	close_it();
}

Test(rings, available_flags)
{
	open_with(-1);
	put(memory + AVAIL, 2, 1);
	fake_observe(fake, 0);
	put(memory + AVAIL, 2, 2);
	fake_observe(fake, 0);
	expect_now("EVS-01");
	close_it();
	open_with(EVENT_IDX);
	put(memory + AVAIL, 2, 1);
	fake_observe(fake, 0);
	expect_now("EVS-03");
	close_it();
}

/* INIT-15: what the device has may not change under its hands. */
Test(rings, changed_after_exposure)
{
	static struct fake_chain chain;

	open_with(INDIRECT_DESC);
	desc(0, 8, 0, 0);
	publish(0);
	fake_observe(fake, 0);
	memory[DATA + 7]++;
	cr_expect(fake_pop(fake, 0, &chain));
	expect_now("INIT-15");
	fake_complete(fake, 0, 0, 0);
	expect_now("INIT-15");
	desc_at(memory + 32, iova + TABLE, 16, INDIRECT, 0);
	entry(0, 4, WRITE, 0);
	publish(2);
	cr_expect(fake_pop(fake, 0, &chain));
	memory[TABLE + 8] = 3;
	fake_complete(fake, 0, 2, 0);
	expect_now("INIT-15");
	publish(0);
	fake_observe(fake, 0);
	put(memory + AVAIL + 4 + 2 * 2, 2, 3);
	desc(3, 1, 0, 0);
	cr_expect(fake_pop(fake, 0, &chain));
	expect_now("INIT-15");
	close_it();
}

Test(rings, exposed_twice)
{
	open_with(-1);
	desc(0, 1, NEXT, 3);
	desc(3, 1, 0, 0);
	desc(1, 1, NEXT, 3);
	publish(0);
	publish(1);
	fake_observe(fake, 0);
	expect_now("INIT-15");
	close_it();
}

/* Bytes that the device may write are its own, so changes there are no violation. */
Test(rings, writable_bytes_may_change)
{
	open_with(-1);
	desc(0, 8, WRITE, 0);
	publish(0);
	fake_observe(fake, 0);
	memory[DATA]++;
	cr_expect_eq(fake_process(fake, 0, 1), 1);
	close_it();
}

static void ring(void)
{
	struct kl_notifier notifier = fake_notifier(fake, 0);

	kl_notify(&notifier, 0);
}

static void publish_good(void)
{
	desc(avail_idx % SIZE, 1, 0, 0);
	publish(avail_idx % SIZE);
}

Test(rings, kicks_by_flag)
{
	open_with(-1);
	fake->queue[0].kicks = FAKE_KICKS_EAGER;
	publish_good();
	ring();
	cr_expect_eq(fake_process(fake, 0, 8), 1);
	publish_good();
	fake_process(fake, 0, 8);
	expect_now("EVS-09");
	fake_disarm(fake, 0);
	publish_good();
	ring();
	expect_now("EVS-08");
	fake_arm(fake, 0);
	ring();
	expect_now("EVS-08");
	close_it();
}

Test(rings, kicks_by_event)
{
	open_with(EVENT_IDX);
	fake->queue[0].kicks = FAKE_KICKS_EAGER;
	publish_good();
	ring();
	publish_good();
	ring();
	expect_now("EVS-12");
	fake_process(fake, 0, 8);
	fake_set_event(fake, 0, 3);
	publish_good();
	ring();
	expect_now("EVS-12");
	publish_good();
	fake_process(fake, 0, 8);
	expect_now("EVS-11");
	close_it();
}

/* 2.7.7.1: the driver is interrupted by what it requested. */
Test(rings, interrupts)
{
	open_with(EVENT_IDX);
	put(memory + AVAIL + 4 + 2 * SIZE, 2, 1);
	for (unsigned int i = 0; i < 4; i++)
		publish_good();
	fake_process(fake, 0, 1);
	cr_expect_eq(fake->queue[0].interrupts, 0);
	fake_process(fake, 0, 3);
	cr_expect_eq(fake->queue[0].interrupts, 1);
	close_it();
	open_with(-1);
	for (unsigned int i = 0; i < 4; i++)
		publish_good();
	fake_process(fake, 0, 2);
	put(memory + AVAIL, 2, 1);
	fake_process(fake, 0, 2);
	cr_expect_eq(fake->queue[0].interrupts, 2);
	close_it();
}
