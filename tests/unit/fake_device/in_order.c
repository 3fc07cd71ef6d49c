/* SPDX-License-Identifier: BSD-3-Clause */
/* IN_ORDER: its rules for drivers, and batches that share one used element. 2.7.9, 2.8.8. */
#include <string.h>

#include <criterion/criterion.h>

#include "packed_driver.h"

#define SIZE 8
/* Of the split ring; the packed one has its own. */
#define RINGS_AVAIL 0x1000
#define RINGS_USED 0x2000

static struct fake_chain chain;
static uint16_t avail_idx;

static void open_split(bool in_order)
{
	struct kl_features accepted = {0};

	fake = fake_new(63);
	memory = fake->host.alloc(&fake->host, PACKED_BYTES, 4096, &iova);
	if (in_order)
		kl_features_set(&accepted, IN_ORDER);
	fake_run_bare(fake, &accepted);
	fake_bind(fake, 0, SIZE, iova, iova + RINGS_AVAIL, iova + RINGS_USED);
	fake->queue[0].kicks = FAKE_KICKS_ANY;
	avail_idx = 0;
}

static void desc(unsigned int id, uint16_t flags, uint16_t next)
{
	store(memory + 16 * (size_t)id, 8, iova + DATA);
	store(memory + 16 * (size_t)id + 8, 4, 4);
	store(memory + 16 * (size_t)id + 12, 2, flags);
	store(memory + 16 * (size_t)id + 14, 2, next);
}

static void publish(uint16_t head)
{
	store(memory + RINGS_AVAIL + 4 + 2 * (avail_idx % SIZE), 2, head);
	store(memory + RINGS_AVAIL + 2, 2, ++avail_idx);
}

Test(in_order, split_heads)
{
	for (unsigned int in_order = 0; in_order < 2; in_order++) {
		open_split(in_order != 0);
		desc(1, 0, 0);
		publish(1);
		fake_observe(fake, 0);
		if (in_order != 0)
			expect("ORD-01");
		packed_close();
	}
}

Test(in_order, split_links)
{
	for (unsigned int in_order = 0; in_order < 2; in_order++) {
		open_split(in_order != 0);
		desc(0, NEXT, 2);
		desc(2, 0, 0);
		publish(0);
		fake_observe(fake, 0);
		if (in_order != 0)
			expect("ORD-01");
		packed_close();
	}
}

/* 2.7.5.2: behind the last descriptor comes the first one; each buffer starts behind the last. */
Test(in_order, split_chains_round_the_table)
{
	unsigned int at = 0;

	open_split(true);
	for (unsigned int i = 0; i < 50; i++) {
		unsigned int count = 1 + i % 5;

		for (unsigned int n = 0; n < count; n++)
			desc((at + n) % SIZE, n + 1 < count ? NEXT : 0,
				(uint16_t)((at + n + 1) % SIZE));
		publish((uint16_t)(at % SIZE));
		at += count;
		cr_expect_eq(fake_process(fake, 0, 1), 1);
	}
	packed_close();
}

static uint32_t fill(struct fake_device *of, uint16_t queue, const struct fake_chain *of_chain,
	void *context)
{
	const uint32_t *short_one = context;

	(void)of;
	(void)queue;
	return (uint32_t)of_chain->writable_bytes - (of_chain->head == *short_one);
}

static void expect_element(unsigned int at, uint32_t id, uint32_t length)
{
	cr_expect_eq(load(memory + RINGS_USED + 4 + 8 * at, 4), id);
	cr_expect_eq(load(memory + RINGS_USED + 8 + 8 * at, 4), length);
}

/* Three full ones, then one that is not, so that the batch must end with it. */
Test(in_order, split_batches)
{
	uint32_t short_one = 3;

	open_split(true);
	fake->script.handler = fill;
	fake->script.context = &short_one;
	fake->script.batch = 8;
	for (uint16_t i = 0; i < 6; i++) {
		desc(i, WRITE, 0);
		publish(i);
	}
	cr_expect_eq(fake_process(fake, 0, 8), 6);
	cr_expect_eq(load(memory + RINGS_USED + 2, 2), 6);
	expect_element(0, 3, 3);
	expect_element(4, 5, 4);
	cr_expect_eq(load(memory + RINGS_USED + 4 + 8, 4), 0xfffffffeu, "skipped");
	packed_close();
}

Test(in_order, split_batches_are_limited)
{
	uint32_t none = SIZE;

	open_split(true);
	fake->script.handler = fill;
	fake->script.context = &none;
	fake->script.batch = 2;
	for (uint16_t i = 0; i < 5; i++) {
		desc(i, WRITE, 0);
		publish(i);
	}
	fake_process(fake, 0, 8);
	expect_element(0, 1, 4);
	expect_element(2, 3, 4);
	expect_element(4, 4, 4);
	packed_close();
}

/* The feature overrides the script's order. */
Test(in_order, order_is_kept)
{
	open_split(true);
	fake->script.order = FAKE_REVERSE;
	for (uint16_t i = 0; i < 3; i++) {
		desc(i, 0, 0);
		publish(i);
	}
	fake_process(fake, 0, 8);
	for (uint16_t i = 0; i < 3; i++)
		expect_element(i, i, 0);
	packed_close();
}

Test(in_order, mistakes_of_the_test)
{
	open_split(true);
	desc(0, 0, 0);
	desc(1, 0, 0);
	publish(0);
	publish(1);
	fake_pop(fake, 0, &chain);
	fake_pop(fake, 0, &chain);
	fake_complete_batch(fake, 0, 3, 0);
	expect("completes a batch of 3");
	fake_complete(fake, 0, 1, 0);
	expect("out of order");
	packed_close();
	open_split(false);
	desc(0, 0, 0);
	publish(0);
	fake_pop(fake, 0, &chain);
	fake_complete_batch(fake, 0, 1, 0);
	expect("completes a batch of 1");
	packed_close();
}

/* 2.8.8: one used descriptor, at the first place of the batch, which is skipped as a whole. */
Test(in_order, packed_batches)
{
	packed_open(5, IN_ORDER);
	for (unsigned int round = 0, place = 0; round < 20; round++, place += 4) {
		const uint8_t *used = memory + place % 5 * 16;

		packed_write(place, 4, WRITE, 0);
		packed_write(place + 2, 4, WRITE, 1);
		packed_write(place + 1, 4, NEXT, 1);
		packed_write(place + 3, 4, WRITE, 2);
		for (unsigned int i = 0; i < 3; i++)
			cr_assert(fake_pop(fake, 0, &chain));
		fake_complete_batch(fake, 0, 3, 3);
		cr_expect_eq(load(used + 12, 2), 2);
		cr_expect_eq(load(used + 8, 4), 3);
		cr_expect_eq(load(used + 14, 2) & (AVAIL | USED | WRITE),
			packed_used(place) | WRITE);
		cr_expect_eq(fake->queue[0].done, place + 4);
	}
	packed_close();
}

/* An event at any place of a batch is one that the batch passes. */
Test(in_order, interrupts_of_batches)
{
	for (unsigned int at = 0; at < 4; at++) {
		packed_open(5, IN_ORDER);
		kl_features_set(&fake->accepted, EVENT_IDX);
		packed_event((uint16_t)(0x8000 | at), 2);
		for (unsigned int i = 0; i < 3; i++) {
			packed_write(i, 4, 0, (uint16_t)i);
			cr_assert(fake_pop(fake, 0, &chain));
		}
		fake_complete_batch(fake, 0, 3, 0);
		cr_expect_eq(fake->queue[0].interrupts, at < 3);
		packed_close();
	}
}
