/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices that use buffers in order: batches that share a used element, and a malformed order. */
#include <criterion/criterion.h>

#include "ring_fixture.h"

static struct ring_fixture fixture;

/* A case for both formats. */
#define ORDER_TEST(suite, name) \
	static void suite##_##name(unsigned int kind); \
	Test(suite, name) \
	{ \
		suite##_##name(KL__RING_IN_ORDER); \
	} \
	Test(suite, name##_packed) \
	{ \
		suite##_##name(KL__RING_IN_ORDER | KL__RING_PACKED); \
	} \
	static void suite##_##name(unsigned int kind)

static void open_with(unsigned int kind, unsigned int size, unsigned int count)
{
	ring_open(&fixture, (struct kl__queue_shape){.size = (uint16_t)size, .kind = kind});
	if (count > 0)
		ring_post(&fixture, count);
}

static void take_in(unsigned int count)
{
	static struct fake_chain chain;

	while (count-- > 0)
		cr_assert(fake_pop(fixture.fake, 0, &chain));
}

static uint32_t writable_of(uint64_t name)
{
	return 1 + (uint32_t)((name - 1) % FIXTURE_SEGMENT_BYTES);
}

/* Harvests a batch whose last buffer got that length, so many at a time. */
static void harvest_batch(unsigned int count, uint32_t last_length, uint16_t portion)
{
	uint32_t lengths[16], writables[16];
	void *buffers[16];
	unsigned int taken = 0;

	while (taken < count) {
		uint16_t left = (uint16_t)(count - taken);
		uint16_t n = kl__queue_harvest(fixture.queue, buffers, lengths, writables, portion);

		cr_assert_eq(n, left < portion ? left : portion);
		fixture.queue->stats.done += n;
		for (uint16_t i = 0; i < n; i++) {
			uint64_t name = ++fixture.taken;

			cr_expect_eq((uintptr_t)buffers[i], name);
			cr_expect_eq(writables[i], writable_of(name));
			cr_expect_eq(lengths[i],
				++taken == count ? last_length : writable_of(name));
		}
		ring_expect_law(&fixture);
	}
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_OK);
}

/* 2.7.9, 2.8.8: skipped buffers are used completely; round the ring's end too. */
ORDER_TEST(in_order, batches_in_portions)
{
	const unsigned int size = (kind & KL__RING_PACKED) != 0 ? 13 : 16;

	for (uint16_t portion = 1; portion <= 12; portion++) {
		open_with(kind, size, 0);
		for (unsigned int round = 0; round < 100; round++) {
			unsigned int count = 1 + round % 12;

			ring_post(&fixture, count);
			take_in(count);
			fake_complete_batch(fixture.fake, 0, count, 1);
			harvest_batch(count, 1, portion);
		}
		ring_close(&fixture);
	}
}

/* Several batches wait at once; one call goes on from the end of one to the next. */
ORDER_TEST(in_order, several_batches)
{
	uint32_t lengths[16], writables[16];
	void *buffers[16];

	open_with(kind, 16, 10);
	take_in(10);
	fake_complete_batch(fixture.fake, 0, 4, 2);
	fake_complete_batch(fixture.fake, 0, 1, 3);
	fake_complete_batch(fixture.fake, 0, 3, 0);
	cr_expect_eq(kl__queue_harvest(fixture.queue, buffers, lengths, writables, 16), 8);
	fixture.queue->stats.done += 8;
	for (uint32_t i = 0; i < 8; i++)
		cr_expect_eq(lengths[i], i == 3 ? 2 : i == 4 ? 3 : i == 7 ? 0 : i + 1, "%u", i);
	cr_expect_eq(kl__queue_in_flight(fixture.queue), 2);
	ring_close(&fixture);
}

/* Chains of every length, and tables, in batches of any length, harvested in any portions. */
ORDER_TEST(in_order, random_batches)
{
	uint32_t lengths[16], writables[16];
	void *buffers[16];

	ring_open(&fixture,
		(struct kl__queue_shape){.size = (kind & KL__RING_PACKED) != 0 ? 61 : 64,
			.kind = kind | KL__RING_CHAINED,
			.indirect_entries = 3,
			.event_idx = true});
	while (fixture.taken < 140000) {
		uint16_t n;

		for (uint64_t i = fake_random(fixture.fake) % 16; i > 0; i--)
			(void)ring_add(&fixture, (unsigned int)(1 + i % 5), i % 2 == 0);
		ring_kick(&fixture);
		fixture.fake->script.batch = (unsigned int)(fake_random(fixture.fake) % 20);
		fake_process(fixture.fake, 0, (unsigned int)(fake_random(fixture.fake) % 32));
		n = kl__queue_harvest(fixture.queue, buffers, lengths, writables,
			(uint16_t)(1 + fake_random(fixture.fake) % 16));
		for (uint16_t i = 0; i < n; i++)
			cr_assert_eq((uintptr_t)buffers[i], ++fixture.taken);
		fixture.queue->stats.done += n;
		ring_expect_law(&fixture);
		ring_assert_sound(&fixture);
	}
	ring_close(&fixture);
}

/* A device that never batches is in order all the same. */
ORDER_TEST(in_order, no_batches)
{
	open_with(kind, 8, 0);
	fixture.fake->script.batch = 0;
	for (unsigned int round = 0; round < 100; round++) {
		ring_post(&fixture, 5);
		fake_process(fixture.fake, 0, 5);
		cr_expect_eq(ring_take(&fixture), 5);
	}
	ring_close(&fixture);
}

/* Before sleeping: the rest of a batch is something to take. */
ORDER_TEST(in_order, arming_in_a_batch)
{
	uint32_t length;

	open_with(kind, 8, 4);
	take_in(4);
	fake_complete_batch(fixture.fake, 0, 3, 0);
	for (uint64_t i = 1; i <= 3; i++) {
		cr_expect(kl__queue_arm(fixture.queue));
		kl__queue_disarm(fixture.queue);
		cr_expect_eq(kl__queue_take(fixture.queue, &length), (void *)(uintptr_t)i);
	}
	cr_expect_not(kl__queue_arm(fixture.queue));
	kl__queue_disarm(fixture.queue);
	ring_close(&fixture);
}

/* After a reset the rest of a batch is in flight like the others. */
ORDER_TEST(in_order, drain_in_a_batch)
{
	uint64_t names = 0;
	uint32_t length;

	open_with(kind, 8, 6);
	take_in(5);
	fake_complete_batch(fixture.fake, 0, 4, 0);
	cr_expect_eq(kl__queue_take(fixture.queue, &length), (void *)1);
	for (unsigned int i = 0; i < 5; i++)
		names |= UINT64_C(1) << (uintptr_t)kl__queue_drain(fixture.queue);
	cr_expect_eq(names, 0x7c);
	cr_expect_eq(kl__queue_drain(fixture.queue), NULL);
	cr_expect_eq(fixture.queue->stats.failed, 5);
	ring_close(&fixture);
}

static void expect_fault(enum kl_queue_fault fault, unsigned int taken)
{
	cr_expect_eq(ring_take(&fixture), taken);
	cr_expect_eq(fixture.queue->fault, fault, "%s", kl_queue_fault_name(fixture.queue->fault));
	cr_expect_eq(kl__queue_in_flight(fixture.queue), fixture.posted - fixture.taken);
	ring_expect_law(&fixture);
	while (kl__queue_drain(fixture.queue) != NULL)
		fixture.taken++;
	cr_expect_eq(fixture.taken, fixture.posted);
	ring_close(&fixture);
}

ORDER_TEST(in_order, one_that_was_used_already)
{
	open_with(kind, 8, 4);
	fake_process(fixture.fake, 0, 2);
	cr_expect_eq(ring_take(&fixture), 2);
	fake_write_raw_used(fixture.fake, 0, 1, 0);
	expect_fault(KL_QUEUE_USED_TWICE, 0);
}

ORDER_TEST(in_order, one_that_is_not_in_flight)
{
	open_with(kind, 8, 4);
	fake_write_raw_used(fixture.fake, 0, 5, 0);
	expect_fault(KL_QUEUE_USED_TWICE, 0);
}

/* The index reports one used buffer, the element two. */
Test(in_order, a_batch_beyond_the_index)
{
	open_with(KL__RING_IN_ORDER, 8, 4);
	fake_write_raw_used(fixture.fake, 0, 1, 0);
	expect_fault(KL_QUEUE_USED_ORDER, 1);
}

/* The index reports three, the element one: the next element is missing. */
Test(in_order, a_batch_short_of_the_index)
{
	open_with(KL__RING_IN_ORDER, 8, 4);
	fake_write_raw_used(fixture.fake, 0, 0, 0);
	fake_write_raw_index(fixture.fake, 0, 3);
	expect_fault(KL_QUEUE_USED_TWICE, 1);
}

/* Added, but not published to the device yet. */
ORDER_TEST(in_order, one_that_is_not_published)
{
	open_with(kind, 8, 2);
	cr_assert_eq(ring_add(&fixture, 0, 1), 0);
	fake_write_raw_used(fixture.fake, 0, 2, 0);
	cr_expect_leq(ring_take(&fixture), 2);
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_USED_ORDER);
	while (kl__queue_drain(fixture.queue) != NULL)
		fixture.taken++;
	cr_expect_eq(fixture.taken, 3);
	ring_close(&fixture);
}

/* A lazy decision is void when a batch shows that the device saw everything. */
ORDER_TEST(in_order, a_batch_voids_a_kick)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 8,
			.kind = kind,
			.event_idx = true,
			.ticks_per_second = 10000000000u,
			.kick = {KL_KICK_LAZY, 1000000000}});
	for (unsigned int round = 0; round < 100; round++) {
		ring_post(&fixture, 5);
		cr_expect(fixture.queue->kick.is_pending);
		take_in(5);
		fake_complete_batch(fixture.fake, 0, 5, 0);
		kl__kick_poll(fixture.queue);
		cr_expect_not(fixture.queue->kick.is_pending);
		cr_expect_eq(ring_take(&fixture), 5);
	}
	cr_expect_eq(fixture.fake->queue[0].doorbells, 0);
	ring_close(&fixture);
}
