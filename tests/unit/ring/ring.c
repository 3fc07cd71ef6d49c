/* SPDX-License-Identifier: BSD-3-Clause */
/* The data path of every form of ring: flat (one descriptor each), and chained. */
#include "ring/used.h"

#include <criterion/criterion.h>

#include "ring_fixture.h"

static struct ring_fixture fixture;

static void open_kind(uint16_t size, unsigned int kind)
{
	ring_open(&fixture, (struct kl__queue_shape){.size = size, .kind = kind});
}

static void add_one(void)
{
	kl__ring_add(fixture.queue, &fixture.posted, fixture.data_iova, 32, VIRTQ_DESC_F_WRITE, 32,
		fixture.queue->kind);
	fixture.posted++;
}

static void expect_free(uint16_t count)
{
	cr_expect_eq(kl__ring_free(fixture.queue, fixture.queue->kind), count);
}

/* Adds, publishes, serves and takes one at a time, over the wrap of all indices. */
static void run_one_by_one(uint16_t size, unsigned int kind)
{
	uint32_t length, writable;
	void *buffer;

	open_kind(size, kind);
	for (unsigned int i = 0; i < 132000; i++) {
		expect_free(size);
		add_one();
		expect_free(size - 1);
		ring_kick(&fixture);
		cr_expect_eq(kl__queue_harvest(fixture.queue, &buffer, &length, &writable, 1), 0);
		fake_process(fixture.fake, 0, 1);
		cr_assert_eq(kl__queue_harvest(fixture.queue, &buffer, &length, &writable, 1), 1);
		cr_assert_eq(buffer, &fixture.posted);
		cr_expect_eq(writable, 32);
		fixture.queue->stats.done++;
	}
	cr_expect_eq(fixture.fake->queue[0].interrupts, 0);
	ring_close(&fixture);
}

RING_TEST(ring, one_by_one)
{
	run_one_by_one(1, kind);
	run_one_by_one(1, kind | KL__RING_CHAINED);
	run_one_by_one(2, kind);
	run_one_by_one(256, kind | KL__RING_CHAINED);
	if ((kind & KL__RING_PACKED) == 0)
		return;
	run_one_by_one(3, kind);
	run_one_by_one(3, kind | KL__RING_CHAINED);
	run_one_by_one(100, kind);
	run_one_by_one(32767, kind);
}

/* Nothing is visible before the publish, all of it after. */
RING_TEST(ring, publish_is_what_the_device_sees)
{
	for (unsigned int chained = 0; chained < 2; chained++) {
		open_kind(8, kind | chained * KL__RING_CHAINED);
		for (unsigned int round = 0; round < 10; round++) {
			add_one();
			add_one();
			add_one();
			cr_expect_eq(fake_process(fixture.fake, 0, 8), 0);
			cr_expect_eq(fixture.queue->stats.posted, 3 * round);
			ring_kick(&fixture);
			cr_expect_eq(fixture.queue->stats.posted, 3 * round + 3);
			cr_expect_eq(fake_process(fixture.fake, 0, 8), 3);
			cr_expect_eq(ring_take(&fixture), 3);
		}
		ring_close(&fixture);
	}
}

/* The first malformed element ends the burst; the buffers before it are good. */
RING_TEST(ring, malformed_used_in_the_middle_of_a_burst)
{
	uint32_t lengths[8], writables[8];
	void *buffers[8];

	open_kind(8, kind);
	for (unsigned int i = 0; i < 4; i++)
		add_one();
	ring_kick(&fixture);
	fake_write_raw_used(fixture.fake, 0, 0, 11);
	fake_write_raw_used(fixture.fake, 0, 0, 12);
	fake_write_raw_used(fixture.fake, 0, 1, 13);
	cr_expect_eq(kl__queue_harvest(fixture.queue, buffers, lengths, writables, 8), 1);
	fixture.queue->stats.done++;
	cr_expect_eq(lengths[0], 11);
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_USED_TWICE);
	cr_expect_eq(fixture.queue->stats.bad_used, 1);
	cr_expect_eq(kl__queue_harvest(fixture.queue, buffers, lengths, writables, 8), 0);
	cr_expect_eq(kl__queue_in_flight(fixture.queue), 3);
	ring_close(&fixture);
}

/* Several at once, with the writable length of each; a malformed element ends it. */
static void harvest_six(unsigned int kind)
{
	uint32_t lengths[8], writables[8];
	void *buffers[8];

	for (uint32_t i = 0; i < 6; i++)
		cr_assert_eq(ring_add(&fixture, 0, 1), 0);
	ring_kick(&fixture);
	fake_process(fixture.fake, 0, 6);
	cr_assert_eq(kl__queue_harvest(fixture.queue, buffers, lengths, writables, 8), 6);
	fixture.queue->stats.done += 6;
	for (uint32_t i = 0; i < 6; i++) {
		uint64_t name = (kind & KL__RING_IN_ORDER) != 0 ? fixture.posted - 5 + i :
								  fixture.posted - i;

		cr_expect_eq((uintptr_t)buffers[i], name);
		cr_expect_eq(writables[i], 1 + (name - 1) % FIXTURE_SEGMENT_BYTES);
		cr_expect_eq(lengths[i], 0);
	}
}

RING_TEST(ring, harvest)
{
	uint32_t lengths[8];
	void *buffers[8];

	for (unsigned int chained = 0; chained < 2; chained++) {
		open_kind(8, kind | chained * KL__RING_CHAINED);
		fixture.fake->script.order = FAKE_REVERSE;
		for (unsigned int round = 0; round < 10; round++)
			harvest_six(kind);
		for (uint32_t i = 0; i < 6; i++)
			cr_assert_eq(ring_add(&fixture, 0, 1), 0);
		ring_kick(&fixture);
		fake_process(fixture.fake, 0, 2);
		fake_write_raw_used(fixture.fake, 0, 8, 0);
		fake_write_raw_used(fixture.fake, 0, 8, 0);
		cr_expect_eq(kl__queue_harvest(fixture.queue, buffers, lengths, NULL, 8), 2);
		fixture.queue->stats.done += 2;
		cr_expect_eq(fixture.queue->fault, KL_QUEUE_USED_ID);
		ring_close(&fixture);
	}
}

/* A caller that takes few at a time gets the same as one that takes all. */
RING_TEST(ring, harvest_in_portions)
{
	uint32_t lengths[3], writables[3];
	void *buffers[3];
	uint64_t names = 0;

	open_kind(16, kind | KL__RING_CHAINED);
	fixture.fake->script.order = FAKE_SHUFFLE;
	for (uint32_t i = 0; i < 8; i++)
		cr_assert_eq(ring_add(&fixture, 1 + i % 2, 0), 0);
	ring_kick(&fixture);
	cr_expect_eq(fake_process(fixture.fake, 0, 16), 8);
	for (unsigned int i = 0, n; i < 8; i += n) {
		n = kl__queue_harvest(fixture.queue, buffers, lengths, writables, 3);
		cr_assert_eq(n, i < 6 ? 3 : 2);
		for (unsigned int k = 0; k < n; k++)
			names |= UINT64_C(1) << (uintptr_t)buffers[k];
		fixture.queue->stats.done += n;
	}
	cr_expect_eq(names, 0x1fe);
	cr_expect_eq(kl__queue_harvest(fixture.queue, buffers, lengths, writables, 3), 0);
	ring_close(&fixture);
}

/* The first fault is the one that is kept. */
RING_TEST(ring, the_first_fault_counts)
{
	open_kind(8, kind);
	kl__queue_break(fixture.queue, KL_QUEUE_USED_ID);
	kl__queue_break(fixture.queue, KL_QUEUE_USED_INDEX);
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_USED_ID);
	cr_expect_eq(fixture.queue->stats.bad_used, 2);
	ring_close(&fixture);
}

/* 2.7.14, 2.8.22: before sleeping the driver requests a notification, then checks once more. */
static void check_arming(struct kl__queue_shape shape)
{
	ring_open(&fixture, shape);
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t before = fixture.fake->queue[0].interrupts;

		ring_post(&fixture, 100);
		cr_expect_not(kl__queue_arm(fixture.queue), "nothing is there: sleep");
		fake_process(fixture.fake, 0, 1);
		cr_expect_eq(fixture.fake->queue[0].interrupts, before + 1);
		kl__queue_disarm(fixture.queue);
		fake_process(fixture.fake, 0, 50);
		cr_expect_eq(fixture.fake->queue[0].interrupts, before + 1, "polled again");
		cr_expect(kl__queue_arm(fixture.queue), "some came meanwhile: don't sleep");
		kl__queue_disarm(fixture.queue);
		fake_process(fixture.fake, 0, 256);
		cr_expect_eq(fixture.fake->queue[0].interrupts, before + 1);
		cr_assert_eq(ring_take(&fixture), 100);
	}
	ring_close(&fixture);
}

RING_TEST(ring, arming)
{
	for (unsigned int event_idx = 0; event_idx < 2; event_idx++) {
		check_arming((struct kl__queue_shape){.size = 256,
			.kind = kind,
			.event_idx = event_idx != 0});
		if ((kind & KL__RING_PACKED) != 0)
			check_arming((struct kl__queue_shape){.size = 101,
				.kind = kind,
				.event_idx = event_idx != 0});
	}
}

/* Each buffer of chains that is waited for interrupts once, wherever in the ring it lies. */
RING_TEST(ring, arming_for_chains)
{
	for (unsigned int event_idx = 0; event_idx < 2; event_idx++) {
		ring_open(&fixture,
			(struct kl__queue_shape){.size = 16,
				.kind = kind | KL__RING_CHAINED,
				.event_idx = event_idx != 0});
		for (unsigned int i = 0; i < 300; i++) {
			cr_assert_eq(ring_add(&fixture, 1 + i % 5, 1 + i % 3), 0);
			ring_kick(&fixture);
			cr_expect_not(kl__queue_arm(fixture.queue));
			fake_process(fixture.fake, 0, 1);
			cr_assert_eq(fixture.fake->queue[0].interrupts, i + 1);
			cr_expect_eq(ring_take(&fixture), 1);
			kl__queue_disarm(fixture.queue);
		}
		ring_close(&fixture);
	}
}

#define NOTIFICATION_DATA 38

/* 2.9: each doorbell carries the driver's position; the fake device compares. */
static void check_data(struct kl__queue_shape shape)
{
	ring_open(&fixture, shape);
	kl_features_set(&fixture.fake->accepted, NOTIFICATION_DATA);
	fixture.queue->notifier = fake_notifier(fixture.fake, 0);
	for (unsigned int i = 0; i < 30000; i++) {
		unsigned int count = 1 + i % 5;

		cr_assert_eq((shape.kind & KL__RING_CHAINED) != 0 ? ring_add(&fixture, count, 0) :
								    0,
			0);
		ring_post(&fixture, 2);
		fake_process(fixture.fake, 0, 7);
		ring_take(&fixture);
	}
	cr_expect_eq(fixture.fake->queue[0].doorbells, 30000);
	ring_close(&fixture);
}

RING_TEST(ring, notification_data)
{
	for (unsigned int event_idx = 0; event_idx < 2; event_idx++)
		for (unsigned int chained = 0; chained < 2; chained++)
			check_data(
				(struct kl__queue_shape){.size = (kind & KL__RING_PACKED) != 0 ? 9 :
												 16,
					.kind = kind | chained * KL__RING_CHAINED,
					.event_idx = event_idx != 0});
}
