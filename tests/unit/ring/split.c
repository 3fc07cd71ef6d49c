/* SPDX-License-Identifier: BSD-3-Clause */
/* The templates as a burst function stamps them: flat (one descriptor each), and chained. */
#include "ring/ring.h"

#include <criterion/criterion.h>

#include "ring_rig.h"

static struct ring_rig rig;

static void add_one(void)
{
	kl__ring_add(rig.queue, &rig.posted, rig.data_iova, 32, VIRTQ_DESC_F_WRITE, 32,
		rig.queue->kind);
	rig.posted++;
}

static uint16_t waiting(uint16_t wanted)
{
	return kl__ring_waiting(rig.queue, wanted, rig.queue->kind);
}

static void open_split(uint16_t size, unsigned int kind)
{
	ring_open(&rig, (struct kl__queue_shape){.size = size, .kind = kind});
}

static void expect_free(uint16_t count)
{
	cr_expect_eq(kl__ring_free(rig.queue, rig.queue->kind), count);
}

/* Adds, publishes, serves and takes one at a time, over the wrap of all indices. */
static void run_one_by_one(uint16_t size, unsigned int kind)
{
	uint32_t length, writable;

	open_split(size, kind);
	for (unsigned int i = 0; i < 66000; i++) {
		expect_free(size);
		add_one();
		expect_free(size - 1);
		ring_kick(&rig);
		cr_expect_eq(waiting(1), 0);
		model_process(rig.model, 0, 1);
		cr_assert_eq(waiting(1), 1);
		cr_assert_eq(kl__ring_take(rig.queue, &length, &writable, rig.queue->kind),
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
	run_one_by_one(1, 0);
	run_one_by_one(1, KL__RING_CHAINED);
	run_one_by_one(256, 0);
	run_one_by_one(256, KL__RING_CHAINED);
}

/* Nothing is visible before the publish, all of it after. */
Test(split, publish_is_what_the_device_sees)
{
	open_split(8, 0);
	add_one();
	add_one();
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
	open_split(8, 0);
	for (unsigned int i = 0; i < 6; i++) {
		add_one();
	}
	ring_kick(&rig);
	model_process(rig.model, 0, 2);
	cr_expect_eq(waiting(1), 2);
	model_process(rig.model, 0, 2);
	cr_expect_eq(waiting(2), 2, "enough for the caller");
	cr_expect_eq(waiting(3), 4);
	cr_expect_eq(ring_take(&rig), 4);
	ring_close(&rig);
}

/* A device that completes in order leaves the available ring as it was laid out at the start. */
Test(split, flat_in_order_never_writes_the_available_ring)
{
	open_split(8, 0);
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < 5; i++) {
			add_one();
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
	open_split(16, 0);
	rig.model->script.order = MODEL_SHUFFLE;
	for (unsigned int round = 0; round < 5000; round++) {
		unsigned int seen = 0;

		while (kl__ring_free(rig.queue, rig.queue->kind) > 0) {
			add_one();
		}
		ring_kick(&rig);
		model_process(rig.model, 0, 1 + round % 16);
		ring_take(&rig);
		for (unsigned int i = rig.queue->avail_idx; i != rig.queue->used_idx + 16u; i++)
			seen |= 1u << rig.queue->avail->ring[i % 16];
		cr_assert_eq(__builtin_popcount(seen), kl__ring_free(rig.queue, rig.queue->kind));
	}
	ring_close(&rig);
}

/* The first lie ends the burst; what was taken before it is good. */
Test(split, a_lie_in_the_middle_of_a_burst)
{
	uint32_t length, writable;

	open_split(8, 0);
	for (unsigned int i = 0; i < 4; i++) {
		add_one();
	}
	ring_kick(&rig);
	model_lie_used(rig.model, 0, 0, 11);
	model_lie_used(rig.model, 0, 0, 12);
	model_lie_used(rig.model, 0, 1, 13);
	cr_expect_eq(waiting(8), 3);
	cr_expect_neq(kl__ring_take(rig.queue, &length, &writable, 0), NULL);
	rig.queue->stats.done++;
	cr_expect_eq(length, 11);
	cr_expect_eq(kl__ring_take(rig.queue, &length, &writable, 0), NULL);
	cr_expect_eq(rig.queue->fault, KL_QUEUE_USED_TWICE);
	cr_expect_eq(rig.queue->stats.bad_used, 1);
	cr_expect_eq(waiting(1), 0);
	cr_expect_eq(kl__queue_in_flight(rig.queue), 3);
	ring_close(&rig);
}

/* Several at once, with what each was allowed; a lie ends it. */
static void take_many(unsigned int kind)
{
	uint32_t lengths[8], writables[8];
	void *buffers[8];

	open_split(8, kind);
	rig.model->script.order = MODEL_REVERSE;
	for (unsigned int round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 6; i++)
			cr_assert_eq(ring_add(&rig, 0, 1), 0);
		ring_kick(&rig);
		model_process(rig.model, 0, 6);
		cr_assert_eq(waiting(6), 6);
		cr_assert_eq(kl__ring_harvest(rig.queue, buffers, lengths, writables, 6,
				     rig.queue->kind),
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
	cr_assert_eq(waiting(1), 4);
	cr_expect_eq(kl__ring_harvest(rig.queue, buffers, lengths, NULL, 4, rig.queue->kind), 2);
	rig.queue->stats.done += 2;
	cr_expect_eq(rig.queue->fault, KL_QUEUE_USED_ID);
	ring_close(&rig);
}

Test(split, take_many)
{
	take_many(0);
	take_many(KL__RING_CHAINED);
}

/* The first fault is the one that is kept. */
Test(split, the_first_fault_counts)
{
	open_split(8, 0);
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
		cr_expect_not(kl__queue_arm(rig.queue), "nothing is there: sleep");
		model_process(rig.model, 0, 1);
		cr_expect_eq(rig.model->queue[0].interrupts, before + 1);
		kl__queue_disarm(rig.queue);
		model_process(rig.model, 0, 50);
		cr_expect_eq(rig.model->queue[0].interrupts, before + 1, "polled again");
		cr_expect(kl__queue_arm(rig.queue), "some came meanwhile: don't sleep");
		kl__queue_disarm(rig.queue);
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
