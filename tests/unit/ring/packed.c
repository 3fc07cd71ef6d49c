/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of packed rings only. */
#include "ring/used.h"

#include <criterion/criterion.h>

#include "ring_fixture.h"

static struct ring_fixture fixture;

static void open_packed(uint16_t size, unsigned int kind)
{
	ring_open(&fixture, (struct kl__queue_shape){.size = size, .kind = kind | KL__RING_PACKED});
}

/* 2.8.11: parts of the right size and alignment, the two writers' event words in lines apart. */
Test(packed, layout_of_every_size)
{
	for (uint32_t n = 1; n <= VIRTQ_MAX_SIZE; n++) {
		struct kl__queue_shape shape = {.size = (uint16_t)n,
			.kind = KL__RING_PACKED,
			.indirect_entries = n % 3 == 0 ? 3 : 0};
		struct kl__queue_layout layout;

		kl__queue_layout(&shape, &layout);
		cr_assert_eq(layout.desc, 0);
		cr_assert(layout.driver % 4 == 0 && layout.driver >= 16 * n);
		cr_assert(layout.device % 4 == 0 && layout.device >= layout.driver + 4);
		cr_assert(layout.indirect % 16 == 0 && layout.indirect >= layout.device + 4);
		cr_assert_neq(layout.driver / KL__CACHE_LINE, layout.device / KL__CACHE_LINE);
		cr_assert_neq(layout.device / KL__CACHE_LINE, layout.indirect / KL__CACHE_LINE);
		cr_assert_neq((16 * n - 1) / KL__CACHE_LINE, layout.driver / KL__CACHE_LINE);
		cr_assert_eq(layout.bytes,
			layout.indirect + (size_t)n * shape.indirect_entries * 16);
	}
}

/* 2.8.10: a polled queue disables used notifications from the start, with and without EVENT_IDX. */
Test(packed, a_new_queue_wants_no_interrupts)
{
	for (unsigned int event_idx = 0; event_idx < 2; event_idx++) {
		ring_open(&fixture,
			(struct kl__queue_shape){.size = 8,
				.kind = KL__RING_PACKED,
				.event_idx = event_idx != 0});
		cr_expect_eq(fixture.queue->driver_event->flags, RING_EVENT_FLAGS_DISABLE);
		ring_close(&fixture);
	}
}

/* 2.8.21: until its publish, the first descriptor that was added looks as it did before. */
Test(packed, the_head_comes_last)
{
	open_packed(5, KL__RING_CHAINED);
	for (unsigned int round = 0; round < 20; round++) {
		uint16_t head = fixture.queue->avail_place;
		uint16_t before = fixture.queue->packed[head].flags & KL__PACKED_WRAP;

		cr_assert_eq(ring_add(&fixture, 2, 1), 0);
		cr_assert_eq(ring_add(&fixture, 1, 0), 0);
		cr_expect_eq(fixture.queue->packed[head].flags & KL__PACKED_WRAP, before);
		fake_observe(fixture.fake, 0);
		cr_expect_eq(fixture.fake->queue[0].seen, 4 * round);
		ring_kick(&fixture);
		cr_expect_eq(fixture.fake->queue[0].seen, 4 * round + 4);
		cr_expect_eq(fake_process(fixture.fake, 0, 2), 2);
		cr_expect_eq(ring_take(&fixture), 2);
	}
	ring_close(&fixture);
}

/* 2.8.1: lists of every length, across the end of rings of every small size, for many laps. */
static void run_lists(uint16_t size, unsigned int length, enum fake_order order)
{
	open_packed(size, KL__RING_CHAINED);
	fixture.fake->script.order = order;
	for (unsigned int round = 0; round < 40u * size; round++) {
		unsigned int added = 0;

		while (ring_add(&fixture, 1, length - 1) == 0)
			added++;
		ring_kick(&fixture);
		fake_process(fixture.fake, 0, 1 + added / 2);
		cr_assert_gt(ring_take(&fixture), 0);
	}
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_OK);
	ring_close(&fixture);
}

Test(packed, lists_across_the_end)
{
	for (uint16_t size = 1; size <= 9; size++)
		for (unsigned int length = 1; length <= size; length++) {
			run_lists(size, length, FAKE_IN_ORDER);
			run_lists(size, length, FAKE_SHUFFLE);
		}
	run_lists(100, 7, FAKE_SHUFFLE);
	run_lists(256, 255, FAKE_SHUFFLE);
}

/* 2.8.2: buffers that stay for many laps keep their ids, and others go round them. */
Test(packed, a_buffer_that_stays)
{
	static struct fake_chain chain;
	uint32_t length;
	uint16_t first;

	open_packed(5, KL__RING_CHAINED);
	cr_assert_eq(ring_add(&fixture, 0, 2), 0);
	ring_kick(&fixture);
	cr_assert(fake_pop(fixture.fake, 0, &chain));
	first = chain.head;
	for (unsigned int round = 0; round < 1000; round++) {
		cr_assert_eq(ring_add(&fixture, 1, round % 3), 0);
		ring_kick(&fixture);
		cr_assert(fake_pop(fixture.fake, 0, &chain));
		cr_assert_neq(chain.head, first);
		fake_complete(fixture.fake, 0, chain.head, 0);
		cr_assert_eq((uintptr_t)kl__queue_take(fixture.queue, &length), round + 2);
	}
	fake_complete(fixture.fake, 0, first, 7);
	cr_expect_eq(kl__queue_take(fixture.queue, &length), (void *)1);
	ring_close(&fixture);
}

/* QEMU's devices never set WRITE in used descriptors: the length counts in any case. */
Test(packed, used_without_write)
{
	uint32_t length;

	open_packed(8, 0);
	fixture.fake->script.omits_write_flag = true;
	ring_post(&fixture, 1);
	fake_write_raw_used(fixture.fake, 0, 0, 1);
	cr_expect_eq(kl__queue_take(fixture.queue, &length), (void *)1);
	cr_expect_eq(length, 1);
	ring_close(&fixture);
}

/* A descriptor is used only when both bits are what they are in this lap. */
Test(packed, other_bits_are_not_used)
{
	static const uint16_t wraps[] = {0, VIRTQ_DESC_F_AVAIL, VIRTQ_DESC_F_USED, KL__PACKED_WRAP};
	uint32_t length;

	for (unsigned int lap = 0; lap < 2; lap++) {
		open_packed(3, 0);
		for (unsigned int i = 0; i < 3 * lap; i++) {
			ring_post(&fixture, 1);
			fake_process(fixture.fake, 0, 1);
			cr_assert_eq(ring_take(&fixture), 1);
		}
		ring_post(&fixture, 2);
		for (unsigned int i = 0; i < 4; i++) {
			if (wraps[i] == fake_used_flags(fixture.fake, 0, 0))
				continue;
			fake_write_raw_descriptor(fixture.fake, 0, 0, 1, 0, wraps[i] | 2);
			cr_expect_eq(kl__queue_take(fixture.queue, &length), NULL);
			cr_expect_not(kl__queue_arm(fixture.queue));
			cr_expect_eq(kl__packed_progress(fixture.queue), fixture.queue->used_idx);
		}
		kl__queue_disarm(fixture.queue);
		cr_expect_eq(fixture.queue->fault, KL_QUEUE_OK);
		ring_close(&fixture);
	}
}

/* 2.8.2: only the next place is read. */
Test(packed, a_used_descriptor_too_far_ahead)
{
	uint32_t length;

	open_packed(8, 0);
	ring_post(&fixture, 3);
	fake_write_raw_descriptor(fixture.fake, 0, 1, 1, 0, fake_used_flags(fixture.fake, 0, 1));
	cr_expect_eq(kl__queue_take(fixture.queue, &length), NULL);
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_OK);
	fake_write_raw_descriptor(fixture.fake, 0, 0, 0, 0, fake_used_flags(fixture.fake, 0, 0));
	cr_expect_eq(ring_take(&fixture), 2);
	ring_close(&fixture);
}

/* A ring that is marked as used all over returns the buffers in flight, and no more. */
Test(packed, the_whole_ring_marked_used)
{
	open_packed(8, 0);
	ring_post(&fixture, 3);
	for (unsigned int i = 0; i < 8; i++)
		fake_write_raw_descriptor(fixture.fake, 0, i, (uint16_t)i, 0,
			fake_used_flags(fixture.fake, 0, i));
	cr_expect_eq(ring_take(&fixture), 3);
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_OK);
	ring_close(&fixture);
}

static void look(unsigned int times)
{
	for (unsigned int i = 0; i < times * KL__WATCHDOG_POLLS; i++)
		kl__kick_poll(fixture.queue);
}

/* Flags that are right in no lap, or were reverted: the queue would wait for ever. */
Test(packed, bits_of_another_lap)
{
	for (unsigned int value = 0; value < 4; value++) {
		uint16_t wrap = (value & 1 ? VIRTQ_DESC_F_AVAIL : 0) |
			(value & 2 ? VIRTQ_DESC_F_USED : 0);
		bool is_odd = wrap != KL__PACKED_FIRST_AVAIL && wrap != KL__PACKED_FIRST_USED;

		open_packed(8, 0);
		ring_post(&fixture, 3);
		fake_write_raw_descriptor(fixture.fake, 0, 0, 0, 0, wrap);
		look(1);
		cr_expect_eq(fixture.queue->fault, is_odd ? KL_QUEUE_USED_PLACE : KL_QUEUE_OK, "%u",
			value);
		fake_write_raw_descriptor(fixture.fake, 0, 0, 0, 0, KL__PACKED_FIRST_AVAIL);
		look(1);
		cr_expect_eq(fixture.queue->fault,
			wrap == KL__PACKED_FIRST_AVAIL ? KL_QUEUE_OK : KL_QUEUE_USED_PLACE, "%u",
			value);
		ring_close(&fixture);
	}
}

/* One used before those that are due; a device may be about to write them, so not at once. */
Test(packed, one_out_of_its_turn)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 8,
			.kind = KL__RING_PACKED,
			.ticks_per_second = 30000000000u});
	ring_post(&fixture, 8);
	fake_write_raw_descriptor(fixture.fake, 0, 5, 5, 0, fake_used_flags(fixture.fake, 0, 5));
	look(3);
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_OK);
	fixture.queue->kick.stalled += fixture.queue->kick.watchdog_ticks;
	look(1);
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_USED_PLACE);
	ring_close(&fixture);
}

/* The device's progress is known without a harvest. */
Test(packed, progress)
{
	open_packed(7, KL__RING_CHAINED);
	fixture.fake->script.order = FAKE_SHUFFLE;
	for (unsigned int round = 0; round < 500; round++) {
		uint16_t before = fixture.queue->used_idx;

		cr_assert_eq(ring_add(&fixture, 1 + round % 3, 0), 0);
		cr_assert_eq(ring_add(&fixture, 1, round % 2), 0);
		cr_assert_eq(ring_add(&fixture, 0, 1), 0);
		ring_kick(&fixture);
		cr_expect_eq(kl__packed_progress(fixture.queue), before);
		fake_process(fixture.fake, 0, 2);
		cr_expect_eq(kl__packed_progress(fixture.queue), (uint16_t)(before + 2));
		cr_expect_eq(fixture.queue->used_idx, before);
		cr_expect_eq(ring_take(&fixture), 2);
		fake_process(fixture.fake, 0, 1);
		if (round % 2 == 0)
			cr_expect_eq(kl__packed_progress(fixture.queue), (uint16_t)(before + 3));
		cr_expect_eq(ring_take(&fixture), 1);
	}
	ring_close(&fixture);
}

/* A malformed element is no progress; the harvest reports it. */
Test(packed, no_progress_by_a_malformed_element)
{
	static const uint16_t ids[] = {7, 8, 77, 0xffff};
	uint32_t length;

	for (unsigned int i = 0; i < 8; i++) {
		uint16_t id = ids[i % 4];

		open_packed(8, i < 4 ? 0 : KL__RING_IN_ORDER);
		ring_post(&fixture, 3);
		fake_write_raw_descriptor(fixture.fake, 0, 0, id, 0,
			fake_used_flags(fixture.fake, 0, 0));
		cr_expect_eq(kl__packed_progress(fixture.queue), 0, "id %u", id);
		cr_expect_null(kl__queue_take(fixture.queue, &length));
		cr_expect_eq(fixture.queue->fault, id < 8 ? KL_QUEUE_USED_TWICE : KL_QUEUE_USED_ID);
		while (kl__queue_drain(fixture.queue) != NULL)
			fixture.taken++;
		cr_expect_eq(fixture.taken, 3);
		ring_close(&fixture);
	}
}

/* 2.8.10 by its definition: one of the last window places is the one named, in its lap. */
static bool is_among(unsigned int at, unsigned int window, unsigned int size, uint16_t word)
{
	/* From far enough on that no place is negative. */
	for (unsigned int place = at - window; place < at; place++)
		if ((place % size | (place / size % 2 == 0 ? 0x8000u : 0)) == word)
			return true;
	return false;
}

static void check_events(uint16_t size)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = size, .kind = KL__RING_PACKED, .event_idx = true});
	fixture.queue->device_event->flags = RING_EVENT_FLAGS_DESC;
	for (unsigned int at = 2u * size; at < 4u * size; at++) {
		fixture.queue->avail_place = (uint16_t)(at % size);
		fixture.queue->avail_flags = at / size % 2 == 0 ? VIRTQ_DESC_F_AVAIL :
								  VIRTQ_DESC_F_USED;
		for (unsigned int event = 0; event < 2u * size; event++) {
			uint16_t word = (uint16_t)(event % size | (event < size ? 0x8000 : 0));

			fixture.queue->device_event->desc = word;
			for (uint16_t window = 1; window <= size; window++)
				cr_assert_eq(kl__packed_kick_wanted(fixture.queue, window),
					is_among(at, window, size, word),
					"size %u, at %u, %u places, event 0x%04x", size, at, window,
					word);
		}
	}
	fixture.queue->device_event->flags = 0;
	fixture.queue->avail_place = 0;
	ring_close(&fixture);
}

Test(packed, events_by_definition)
{
	static const uint16_t sizes[] = {1, 2, 3, 4, 5, 7, 16, 33};

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_events(sizes[i]);
}

/* An event that is left behind fires once in two laps, when its place and lap come round again. */
Test(packed, a_stale_event_fires_once_in_two_laps)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 100, .kind = KL__RING_PACKED, .event_idx = true});
	for (unsigned int i = 0; i < 100 * 200 / 25; i++) {
		ring_post(&fixture, 25);
		fixture.fake->script.handler = NULL;
		while (fixture.queue->used_idx != fixture.queue->published) {
			static struct fake_chain chain;

			cr_assert(fake_pop(fixture.fake, 0, &chain));
			fake_complete(fixture.fake, 0, chain.head, 0);
			cr_assert_eq(ring_take(&fixture), 1);
		}
	}
	cr_expect_eq(fixture.fake->queue[0].doorbells, 100);
	ring_close(&fixture);
}

/* Bits and values that the specification keeps for itself silence nobody. */
Test(packed, unknown_event_flags)
{
	static const uint16_t flags[] = {3, 0xfffc, 0xffff, RING_EVENT_FLAGS_DESC};

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		open_packed(8, 0);
		fixture.fake->queue[0].kicks = FAKE_KICKS_ANY;
		fake_set_event_flags(fixture.fake, 0, flags[i]);
		ring_post(&fixture, 1);
		cr_expect_eq(fixture.fake->queue[0].doorbells, 1, "0x%x", flags[i]);
		ring_close(&fixture);
	}
}
