/* SPDX-License-Identifier: BSD-3-Clause */
/* The templates as a burst function stamps them: flat (one descriptor each), and chained. */
#include "ring/split.h"

#include <criterion/criterion.h>

#include "ring_rig.h"

static struct ring_rig rig;

#define ADD(chained) \
	kl__split_add(rig.queue, &rig.posted, rig.data_iova, 32, VIRTQ_DESC_F_WRITE, 32, chained); \
	rig.posted++

static void open_split(uint16_t size, bool chained)
{
	ring_open(&rig, (struct kl__queue_shape){.size = size, .chained = chained});
}

static void expect_free(uint16_t count)
{
	cr_expect_eq(rig.queue->chained ? kl__split_free(rig.queue, true) :
					  kl__split_free(rig.queue, false),
		count);
}

/* Adds, publishes, serves and takes one at a time, over the wrap of all indices. */
static void run_one_by_one(uint16_t size, bool chained)
{
	uint32_t length, writable;

	open_split(size, chained);
	for (unsigned int i = 0; i < 66000; i++) {
		expect_free(size);
		if (chained) {
			ADD(true);
		} else {
			ADD(false);
		}
		expect_free(size - 1);
		ring_kick(&rig);
		cr_expect_eq(kl__split_used(rig.queue, 1), 0);
		model_process(rig.model, 0, 1);
		cr_assert_eq(kl__split_used(rig.queue, 1), 1);
		cr_assert_eq(chained ? kl__split_take(rig.queue, &length, &writable, true) :
				       kl__split_take(rig.queue, &length, &writable, false),
			&rig.posted);
		cr_expect_eq(writable, 32);
		rig.queue->stats.done++;
		kl__split_park(rig.queue);
	}
	cr_expect_eq(rig.model->queue[0].interrupts, 0);
	ring_close(&rig);
}

Test(split, one_by_one)
{
	run_one_by_one(1, false);
	run_one_by_one(1, true);
	run_one_by_one(256, false);
	run_one_by_one(256, true);
}

/* Nothing is visible before the publish, all of it after. */
Test(split, publish_is_what_the_device_sees)
{
	open_split(8, false);
	ADD(false);
	ADD(false);
	cr_expect_eq(model_process(rig.model, 0, 8), 0);
	cr_expect_eq(rig.queue->avail->idx, 0);
	cr_expect_eq(rig.queue->stats.posted, 0);
	ring_kick(&rig);
	cr_expect_eq(rig.queue->avail->idx, 2);
	cr_expect_eq(rig.queue->stats.posted, 2);
	cr_expect_eq(model_process(rig.model, 0, 8), 2);
	cr_expect_eq(ring_take(&rig), 2);
	ring_close(&rig);
}

/* The device's index is read only when what was seen earlier does not suffice. */
Test(split, the_used_index_is_read_when_needed)
{
	open_split(8, false);
	for (unsigned int i = 0; i < 6; i++) {
		ADD(false);
	}
	ring_kick(&rig);
	model_process(rig.model, 0, 2);
	cr_expect_eq(kl__split_used(rig.queue, 1), 2);
	model_process(rig.model, 0, 2);
	cr_expect_eq(kl__split_used(rig.queue, 2), 2, "enough for the caller");
	cr_expect_eq(kl__split_used(rig.queue, 3), 4);
	cr_expect_eq(ring_take(&rig), 4);
	ring_close(&rig);
}

/* A device that completes in order leaves the available ring as it was laid out at the start. */
Test(split, flat_in_order_never_writes_the_available_ring)
{
	open_split(8, false);
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < 5; i++) {
			ADD(false);
		}
		ring_kick(&rig);
		model_process(rig.model, 0, 8);
		cr_expect_eq(ring_take(&rig), 5);
		for (uint16_t i = 0; i < 8; i++)
			cr_expect(rig.queue->avail->ring[i] == i && rig.queue->order[i] == i);
	}
	ring_close(&rig);
}

/* One that does not makes the ring follow, each descriptor in it exactly once. */
Test(split, flat_out_of_order_keeps_a_permutation)
{
	open_split(16, false);
	rig.model->script.order = MODEL_SHUFFLE;
	for (unsigned int round = 0; round < 5000; round++) {
		unsigned int seen = 0;

		while (kl__split_free(rig.queue, false) > 0) {
			ADD(false);
		}
		ring_kick(&rig);
		model_process(rig.model, 0, 1 + round % 16);
		ring_take(&rig);
		for (unsigned int i = rig.queue->avail_idx; i != rig.queue->used_idx + 16u; i++)
			seen |= 1u << rig.queue->avail->ring[i % 16];
		cr_assert_eq(__builtin_popcount(seen), kl__split_free(rig.queue, false));
	}
	ring_close(&rig);
}

/* The first lie ends the burst; what was taken before it is good. */
Test(split, a_lie_in_the_middle_of_a_burst)
{
	uint32_t length, writable;

	open_split(8, false);
	for (unsigned int i = 0; i < 4; i++) {
		ADD(false);
	}
	ring_kick(&rig);
	model_lie_used(rig.model, 0, 0, 11);
	model_lie_used(rig.model, 0, 0, 12);
	model_lie_used(rig.model, 0, 1, 13);
	cr_expect_eq(kl__split_used(rig.queue, 8), 3);
	cr_expect_neq(kl__split_take(rig.queue, &length, &writable, false), NULL);
	rig.queue->stats.done++;
	cr_expect_eq(length, 11);
	cr_expect_eq(kl__split_take(rig.queue, &length, &writable, false), NULL);
	cr_expect_eq(rig.queue->fault, KL_QUEUE_USED_TWICE);
	cr_expect_eq(rig.queue->stats.bad_used, 1);
	cr_expect_eq(kl__split_used(rig.queue, 1), 0);
	cr_expect_eq(kl__queue_in_flight(rig.queue), 3);
	ring_close(&rig);
}

/* Several at once, with what each was allowed; a lie ends it. */
static void take_many(bool chained)
{
	uint32_t lengths[8], writables[8];
	void *buffers[8];

	open_split(8, chained);
	rig.model->script.order = MODEL_REVERSE;
	for (unsigned int round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 6; i++)
			cr_assert_eq(ring_add(&rig, 0, 1), 0);
		ring_kick(&rig);
		model_process(rig.model, 0, 6);
		cr_assert_eq(kl__split_used(rig.queue, 6), 6);
		cr_assert_eq(chained ? kl__split_take_many(rig.queue, buffers, lengths, writables,
					       6, true) :
				       kl__split_take_many(rig.queue, buffers, lengths, writables,
					       6, false),
			6);
		rig.queue->stats.done += 6;
		for (uint32_t i = 0; i < 6; i++) {
			cr_expect_eq((uintptr_t)buffers[i], rig.posted - i);
			cr_expect_eq(writables[i], 1 + (rig.posted - i - 1) % RIG_PIECE_BYTES);
			cr_expect_eq(lengths[i], 0);
		}
	}
	for (uint32_t i = 0; i < 6; i++)
		cr_assert_eq(ring_add(&rig, 0, 1), 0);
	ring_kick(&rig);
	model_process(rig.model, 0, 2);
	model_lie_used(rig.model, 0, 8, 0);
	model_lie_used(rig.model, 0, 8, 0);
	cr_assert_eq(kl__split_used(rig.queue, 1), 4);
	cr_expect_eq(kl__split_take_many(rig.queue, buffers, lengths, NULL, 4, chained), 2);
	rig.queue->stats.done += 2;
	cr_expect_eq(rig.queue->fault, KL_QUEUE_USED_ID);
	ring_close(&rig);
}

Test(split, take_many)
{
	take_many(false);
	take_many(true);
}

/* The first fault is the one that is kept. */
Test(split, the_first_fault_counts)
{
	open_split(8, false);
	kl__queue_break(rig.queue, KL_QUEUE_USED_ID);
	kl__queue_break(rig.queue, KL_QUEUE_USED_INDEX);
	cr_expect_eq(rig.queue->fault, KL_QUEUE_USED_ID);
	cr_expect_eq(rig.queue->stats.bad_used, 2);
	ring_close(&rig);
}

/* 2.7.7.1: with EVENT_IDX the flags stay 0, and used_event keeps out of the way. */
Test(split, parking_moves_used_event_along)
{
	ring_open(&rig, (struct kl__queue_shape){.size = 256, .event_idx = true});
	for (unsigned int i = 0; i < 1000; i++) {
		ring_post(&rig, 256);
		model_process(rig.model, 0, 256);
		cr_assert_eq(ring_take(&rig), 256);
		/* 65536 entries lie between the parking place and its next turn. */
		cr_expect_leq((uint16_t)(rig.queue->used_idx - *rig.queue->used_event - 1),
			KL__PARK_DISTANCE);
		cr_expect_eq(rig.queue->avail->flags, 0);
	}
	cr_expect_eq(rig.model->queue[0].interrupts, 0);
	ring_close(&rig);
}

/* 2.7.14: before sleeping the driver asks for a notification, then looks once more. */
static void check_arming(bool event_idx)
{
	ring_open(&rig, (struct kl__queue_shape){.size = 256, .event_idx = event_idx});
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t before = rig.model->queue[0].interrupts;

		ring_post(&rig, 100);
		cr_expect_not(kl__split_arm(rig.queue), "nothing is there: sleep");
		model_process(rig.model, 0, 1);
		cr_expect_eq(rig.model->queue[0].interrupts, before + 1);
		kl__split_disarm(rig.queue);
		model_process(rig.model, 0, 50);
		cr_expect_eq(rig.model->queue[0].interrupts, before + 1, "polled again");
		cr_expect(kl__split_arm(rig.queue), "some came meanwhile: don't sleep");
		kl__split_disarm(rig.queue);
		model_process(rig.model, 0, 256);
		cr_expect_eq(rig.model->queue[0].interrupts, before + 1);
		cr_assert_eq(ring_take(&rig), 100);
	}
	ring_close(&rig);
}

Test(split, arming)
{
	check_arming(false);
	check_arming(true);
}
