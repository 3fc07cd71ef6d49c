/* SPDX-License-Identifier: BSD-3-Clause */
/* What is particular to split rings. */
#include "ring/split.h"

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
