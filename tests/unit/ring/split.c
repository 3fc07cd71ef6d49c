/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of split rings only. */
#include "ring/used.h"

#include <criterion/criterion.h>

#include "ring_fixture.h"

static struct ring_fixture fixture;

static void add_one(void)
{
	kl__ring_add(fixture.queue, &fixture.posted, fixture.data_iova, 32, VIRTQ_DESC_F_WRITE, 32,
		fixture.queue->kind);
	fixture.posted++;
}

static uint16_t waiting(uint16_t wanted)
{
	return kl__ring_waiting(fixture.queue, wanted, fixture.queue->kind);
}

static void open_split(uint16_t size, unsigned int kind)
{
	ring_open(&fixture, (struct kl__queue_shape){.size = size, .kind = kind});
}

/* The device's index is read only when what was seen earlier does not suffice. */
Test(split, the_used_index_is_read_when_needed)
{
	open_split(8, 0);
	for (unsigned int i = 0; i < 6; i++) {
		add_one();
	}
	ring_kick(&fixture);
	fake_process(fixture.fake, 0, 2);
	cr_expect_eq(waiting(1), 2);
	fake_process(fixture.fake, 0, 2);
	cr_expect_eq(waiting(2), 2, "enough for the caller");
	cr_expect_eq(waiting(3), 4);
	cr_expect_eq(ring_take(&fixture), 4);
	ring_close(&fixture);
}

/* A device that completes in order leaves the available ring as it was laid out at the start. */
Test(split, flat_in_order_never_writes_the_available_ring)
{
	open_split(8, 0);
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < 5; i++) {
			add_one();
		}
		ring_kick(&fixture);
		fake_process(fixture.fake, 0, 8);
		cr_expect_eq(ring_take(&fixture), 5);
		for (uint16_t i = 0; i < 8; i++)
			cr_expect(
				fixture.queue->avail->ring[i] == i && fixture.queue->order[i] == i);
	}
	ring_close(&fixture);
}

/* One that does not makes the ring follow, each descriptor in it exactly once. */
Test(split, flat_out_of_order_keeps_a_permutation)
{
	open_split(16, 0);
	fixture.fake->script.order = FAKE_SHUFFLE;
	for (unsigned int round = 0; round < 5000; round++) {
		unsigned int seen = 0;

		while (kl__ring_free(fixture.queue, fixture.queue->kind) > 0) {
			add_one();
		}
		ring_kick(&fixture);
		fake_process(fixture.fake, 0, 1 + round % 16);
		ring_take(&fixture);
		for (unsigned int i = fixture.queue->avail_idx; i != fixture.queue->used_idx + 16u;
			i++)
			seen |= 1u << fixture.queue->avail->ring[i % 16];
		cr_assert_eq(__builtin_popcount(seen),
			kl__ring_free(fixture.queue, fixture.queue->kind));
	}
	ring_close(&fixture);
}

/* 2.7.7.1: with EVENT_IDX the flags stay 0, and used_event keeps out of the way. */
Test(split, parking_moves_used_event_along)
{
	ring_open(&fixture, (struct kl__queue_shape){.size = 256, .event_idx = true});
	for (unsigned int i = 0; i < 1000; i++) {
		ring_post(&fixture, 256);
		fake_process(fixture.fake, 0, 256);
		cr_assert_eq(ring_take(&fixture), 256);
		/* 65536 entries lie between the parking place and its next turn. */
		cr_expect_leq((uint16_t)(fixture.queue->used_idx - *fixture.queue->used_event - 1),
			KL__PARK_DISTANCE);
		cr_expect_eq(fixture.queue->avail->flags, 0);
	}
	cr_expect_eq(fixture.fake->queue[0].interrupts, 0);
	ring_close(&fixture);
}
