/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/verbs.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "ring_fixture.h"

/* 2.7, 2.7.1: parts that do not overlap, of the right size and alignment, for every legal size. */
Test(verbs, layout_of_every_size)
{
	for (uint32_t n = 1; n <= VIRTQ_MAX_SIZE; n *= 2) {
		struct kl__queue_shape shape = {.size = (uint16_t)n,
			.indirect_entries = n < 4 ? 0 : 4};
		struct kl__queue_layout layout;

		kl__queue_layout(&shape, &layout);
		cr_expect_eq(layout.desc % 16, 0);
		cr_expect_eq(layout.driver % 2, 0);
		cr_expect_eq(layout.device % 4, 0);
		cr_expect_eq(layout.indirect % 16, 0);
		cr_expect_geq(layout.driver, layout.desc + 16 * n);
		cr_expect_geq(layout.device, layout.driver + 6 + 2 * n);
		cr_expect_geq(layout.indirect, layout.device + 6 + 8 * n);
		cr_expect_eq(layout.bytes,
			layout.indirect + (size_t)n * shape.indirect_entries * 16);
		/* The device's ring shares no cache line with ours, and entries straddle none. */
		cr_expect_eq((layout.driver + 4) % KL__CACHE_LINE, 0);
		cr_expect_eq((layout.device + 4) % KL__CACHE_LINE, 0);
		cr_expect_gt(layout.device / KL__CACHE_LINE,
			(layout.driver + 6 + 2 * n - 1) / KL__CACHE_LINE);
	}
}

Test(verbs, layout_known_offsets)
{
	struct kl__queue_shape shape = {.size = 256, .indirect_entries = 4};
	struct kl__queue_layout layout;

	kl__queue_layout(&shape, &layout);
	cr_expect_eq(layout.desc, 0);
	cr_expect_eq(layout.driver, 4220);
	cr_expect_eq(layout.device, 4860);
	cr_expect_eq(layout.indirect, 6976);
	cr_expect_eq(layout.bytes, 6976 + 256 * 4 * 16);
	shape = (struct kl__queue_shape){.size = 1};
	kl__queue_layout(&shape, &layout);
	cr_expect_eq(layout.driver, 124);
	cr_expect_eq(layout.device, 252);
	cr_expect_eq(layout.bytes, layout.indirect);
}

/* 2.7.2: what a device computes by itself from the address and the size of a queue. */
Test(verbs, layout_of_legacy_devices)
{
	struct kl__queue_layout layout;

	for (uint32_t n = 1; n <= VIRTQ_MAX_SIZE; n *= 2) {
		struct kl__queue_shape shape = {.size = (uint16_t)n,
			.is_legacy = true,
			.indirect_entries = n < 4 ? 0 : 4};

		kl__queue_layout(&shape, &layout);
		cr_expect_eq(layout.desc, 0);
		cr_expect_eq(layout.driver, 16 * n);
		cr_expect_eq(layout.device, (16 * n + 2 * (3 + n) + 4095) / 4096 * 4096);
		cr_expect_eq(layout.indirect % 16, 0);
		cr_expect_geq(layout.indirect, layout.device + 6 + 8 * n);
		cr_expect_eq(layout.bytes,
			layout.indirect + (size_t)n * shape.indirect_entries * 16);
	}
	kl__queue_layout(&(struct kl__queue_shape){.size = 256, .is_legacy = true}, &layout);
	cr_expect_eq(layout.driver, 4096);
	cr_expect_eq(layout.device, 8192);
}

/* 2.7.7.1: a polled queue suppresses used notifications from the start. */
Test(verbs, a_new_queue_wants_no_interrupts)
{
	struct ring_fixture fixture;

	ring_open(&fixture, (struct kl__queue_shape){.size = 8, .event_idx = false});
	cr_expect_eq(fixture.queue->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
	cr_expect_eq(*fixture.queue->used_event, 0);
	ring_close(&fixture);
	ring_open(&fixture, (struct kl__queue_shape){.size = 8, .event_idx = true});
	cr_expect_eq(fixture.queue->avail->flags, 0);
	cr_expect_eq(*fixture.queue->used_event, 0xffff);
	ring_close(&fixture);
}

static unsigned int segments_seen, readable_seen;
static bool indirect_seen;
static uint64_t writable_seen;

static uint32_t look(struct fake_device *fake, uint16_t queue, const struct fake_chain *chain,
	void *context)
{
	(void)fake;
	(void)queue;
	(void)context;
	segments_seen = chain->count;
	readable_seen = chain->readable;
	indirect_seen = chain->is_indirect;
	writable_seen = chain->writable_bytes;
	return (uint32_t)chain->writable_bytes;
}

/* Posts one buffer of the shape, lets the device read it, and harvests it. */
static void expect_seen(struct kl__queue_shape shape, unsigned int readable, unsigned int writable,
	bool is_indirect)
{
	struct ring_fixture fixture;
	uint32_t length = 0;

	ring_open(&fixture, shape);
	fixture.fake->script.handler = look;
	cr_assert_eq(ring_add(&fixture, readable, writable), 0);
	ring_kick(&fixture);
	cr_expect_eq(fake_process(fixture.fake, 0, 9), 1);
	cr_expect_eq(segments_seen, readable + writable);
	cr_expect_eq(readable_seen, readable);
	cr_expect_eq(indirect_seen, is_indirect);
	cr_expect_eq(kl__queue_take(fixture.queue, &length), (void *)1);
	cr_expect_eq(length, writable_seen);
	cr_expect_eq(kl__queue_take(fixture.queue, &length), NULL);
	ring_close(&fixture);
}

RING_TEST(verbs, one_segment_takes_one_descriptor)
{
	expect_seen((struct kl__queue_shape){.size = 8, .kind = kind}, 1, 0, false);
	expect_seen((struct kl__queue_shape){.size = 8, .kind = kind}, 0, 1, false);
	expect_seen((struct kl__queue_shape){.size = 8, .kind = kind, .indirect_entries = 8}, 0, 1,
		false);
	expect_seen((struct kl__queue_shape){.size = 1, .kind = kind, .event_idx = true}, 1, 0,
		false);
}

RING_TEST(verbs, several_segments_make_a_chain)
{
	for (unsigned int segments = 2; segments <= 8; segments++)
		for (unsigned int readable = 0; readable <= segments; readable++)
			expect_seen((struct kl__queue_shape){.size = 8,
					    .kind = KL__RING_CHAINED | kind},
				readable, segments - readable, false);
}

RING_TEST(verbs, several_segments_take_an_indirect_table)
{
	for (unsigned int segments = 2; segments <= 6; segments++)
		for (unsigned int readable = 0; readable <= segments; readable++)
			expect_seen((struct kl__queue_shape){.size = 8,
					    .kind = kind,
					    .indirect_entries = 6},
				readable, segments - readable, true);
}

/* A chain is used where a table is too small. */
RING_TEST(verbs, tables_and_chains_mix)
{
	struct kl__queue_shape shape = {.size = 16,
		.indirect_entries = 4,
		.kind = KL__RING_CHAINED | kind};

	expect_seen(shape, 2, 2, true);
	expect_seen(shape, 2, 3, false);
	expect_seen(shape, 8, 8, false);
	expect_seen(shape, 0, 1, false);
}

RING_TEST(verbs, max_segments)
{
	struct ring_fixture fixture;

	ring_open(&fixture, (struct kl__queue_shape){.size = 16, .kind = kind});
	cr_expect_eq(kl__queue_max_segments(fixture.queue), 1);
	cr_expect_eq(ring_add(&fixture, 1, 1), -EINVAL);
	ring_close(&fixture);
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 16, .kind = kind, .indirect_entries = 7});
	cr_expect_eq(kl__queue_max_segments(fixture.queue), 7);
	cr_expect_eq(ring_add(&fixture, 4, 4), -EINVAL);
	ring_close(&fixture);
	ring_open(&fixture, (struct kl__queue_shape){.size = 16, .kind = KL__RING_CHAINED | kind});
	cr_expect_eq(kl__queue_max_segments(fixture.queue), 16);
	cr_expect_eq(ring_add(&fixture, 9, 8), -EINVAL);
	cr_expect_eq(ring_add(&fixture, 8, 8), 0);
	ring_close(&fixture);
}

/* 2.7.5.3.1: a table is never longer than the queue, so it can't be requested. */
RING_TEST(verbs, the_largest_table_is_as_long_as_the_queue)
{
	expect_seen((struct kl__queue_shape){.size = 16, .kind = kind, .indirect_entries = 16}, 8,
		8, true);
	expect_seen((struct kl__queue_shape){.size = 4, .kind = kind, .indirect_entries = 4}, 1, 3,
		true);
}

/* 2.7.4.2, 2.7.5.2: what a device would choke on is refused before it is visible. */
RING_TEST(verbs, impossible_buffers_are_refused)
{
	struct ring_fixture fixture;
	struct kl__segment segment[3];

	ring_open(&fixture, (struct kl__queue_shape){.size = 8, .kind = KL__RING_CHAINED | kind});
	for (unsigned int i = 0; i < 3; i++)
		segment[i] = (struct kl__segment){fixture.data_iova, 64};
	cr_expect_eq(kl__queue_add(fixture.queue, segment, 0, 0, &fixture), -EINVAL);
	segment[1].length = 0;
	cr_expect_eq(kl__queue_add(fixture.queue, segment, 1, 2, &fixture), -EINVAL);
	segment[0].length = UINT32_MAX;
	segment[1].length = 1;
	cr_expect_eq(kl__queue_add(fixture.queue, segment, 1, 1, &fixture), -EINVAL, "4 GiB");
	cr_expect_eq(fixture.queue->avail_idx, 0);
	cr_expect_eq(kl__ring_free(fixture.queue, fixture.queue->kind), 8);
	segment[0].length = UINT32_MAX - 1;
	cr_expect_eq(kl__queue_add(fixture.queue, segment, 1, 1, &fixture), 0, "one byte less");
	cr_expect_eq(kl__queue_drain(fixture.queue), &fixture);
	ring_close(&fixture);
}

RING_TEST(verbs, a_full_ring_says_so)
{
	struct ring_fixture fixture;

	ring_open(&fixture,
		(struct kl__queue_shape){.size = 4,
			.kind = KL__RING_CHAINED | kind,
			.indirect_entries = 2});
	cr_expect_eq(ring_add(&fixture, 2, 1), 0, "a chain of three");
	cr_expect_eq(ring_add(&fixture, 2, 1), -ENOSPC);
	cr_expect_eq(ring_add(&fixture, 1, 1), 0, "a table needs one descriptor only");
	cr_expect_eq(ring_add(&fixture, 1, 1), -ENOSPC);
	cr_expect_eq(ring_add(&fixture, 1, 0), -ENOSPC);
	ring_kick(&fixture);
	cr_expect_eq(fake_process(fixture.fake, 0, 1), 1);
	cr_expect_eq(ring_take(&fixture), 1);
	cr_expect_eq(ring_add(&fixture, 2, 1), 0);
	cr_expect_eq(ring_add(&fixture, 0, 1), -ENOSPC);
	ring_close(&fixture);
}

/* Fills and empties rings of a size until indices have wrapped; the names come back once each. */
static void run_sizes(struct kl__queue_shape shape, enum fake_order order)
{
	static uint8_t out[200000];
	struct ring_fixture fixture;
	uint32_t length;
	uint64_t name;

	memset(out, 0, sizeof(out));
	ring_open(&fixture, shape);
	fixture.fake->script.order = order;
	while (fixture.taken < 140000) {
		unsigned int burst = 1 + (unsigned int)(fake_random(fixture.fake) % shape.size);

		while (burst-- > 0 && ring_add(&fixture, 1, 0) == 0)
			out[fixture.posted % sizeof(out)]++;
		ring_kick(&fixture);
		fake_process(fixture.fake, 0,
			1 + (unsigned int)(fake_random(fixture.fake) % shape.size));
		while ((name = (uintptr_t)kl__queue_take(fixture.queue, &length)) != 0) {
			cr_assert_eq(out[name % sizeof(out)], 1, "%lu came back twice, or unasked",
				name);
			out[name % sizeof(out)] = 0;
			fixture.taken++;
		}
		ring_expect_law(&fixture);
		ring_assert_sound(&fixture);
	}
	cr_expect_eq(fixture.queue->stats.done, fixture.taken);
	cr_expect_eq(fixture.fake->queue[0].interrupts, 0, "a polled queue was interrupted");
	ring_close(&fixture);
}

/* In each order that the kind allows; only packed rings have sizes that are no powers of two. */
RING_TEST(verbs, indices_wrap)
{
	static const uint16_t sizes[] = {1, 2, 4, 256, 32768, 3, 100};
	const unsigned int packed = kind & KL__RING_PACKED;
	const int last = (kind & KL__RING_IN_ORDER) != 0 ? FAKE_IN_ORDER : FAKE_SHUFFLE;

	for (int order = FAKE_IN_ORDER; order <= last; order++)
		for (unsigned int i = 0; i < (packed != 0 ? 7 : 5); i++)
			run_sizes((struct kl__queue_shape){.size = sizes[i],
					  .kind = kind |
						  (i + (unsigned int)order) % 2 * KL__RING_CHAINED,
					  .event_idx = i % 3 != 0},
				(enum fake_order)order);
}

static void run_random(struct kl__queue_shape shape, enum fake_order order)
{
	struct ring_fixture fixture;
	unsigned int most;

	ring_open(&fixture, shape);
	fixture.fake->script.order = order;
	most = kl__queue_max_segments(fixture.queue) < 12 ? kl__queue_max_segments(fixture.queue) :
							    12;
	while (fixture.taken < 70000) {
		unsigned int tries = (unsigned int)(fake_random(fixture.fake) % 16);

		while (tries-- > 0) {
			unsigned int segments = 1 +
				(unsigned int)(fake_random(fixture.fake) % most);
			unsigned int readable =
				(unsigned int)(fake_random(fixture.fake) % (segments + 1));
			int rc = ring_add(&fixture, readable, segments - readable);

			cr_assert(rc == 0 || rc == -ENOSPC, "%d", rc);
		}
		ring_kick(&fixture);
		fixture.fake->queue[0].is_busy = fake_random(fixture.fake) % 4 == 0;
		fixture.fake->script.batch = (unsigned int)(fake_random(fixture.fake) % 9);
		fake_process(fixture.fake, 0, (unsigned int)(fake_random(fixture.fake) % 16));
		ring_take(&fixture);
		ring_assert_sound(&fixture);
	}
	ring_expect_law(&fixture);
	ring_close(&fixture);
}

/* Any mixture of buffers, completed in any order, breaks no rule of the specification. */
RING_TEST(verbs, random_traffic_follows_the_rules)
{
	const int last = (kind & KL__RING_IN_ORDER) != 0 ? FAKE_IN_ORDER : FAKE_SHUFFLE;
	const uint16_t odd = (kind & KL__RING_PACKED) != 0 ? 13 : 0;

	for (int order = FAKE_IN_ORDER; order <= last; order++) {
		run_random((struct kl__queue_shape){.size = 64, .kind = KL__RING_CHAINED | kind},
			(enum fake_order)order);
		run_random((struct kl__queue_shape){.size = 64 - odd,
				   .kind = kind,
				   .indirect_entries = 8,
				   .event_idx = true},
			(enum fake_order)order);
		run_random((struct kl__queue_shape){.size = 16 + odd,
				   .kind = KL__RING_CHAINED | kind,
				   .indirect_entries = 4,
				   .event_idx = true},
			(enum fake_order)order);
	}
}

/* The writable bytes are known to us; a device that claims more is not believed. */
RING_TEST(verbs, a_length_beyond_the_buffer_reads_as_none)
{
	struct ring_fixture fixture;
	uint32_t length;

	ring_open(&fixture, (struct kl__queue_shape){.size = 8, .kind = KL__RING_CHAINED | kind});
	for (unsigned int i = 0; i < 2; i++)
		cr_assert_eq(ring_add(&fixture, 1, 2), 0);
	ring_kick(&fixture);
	fake_write_raw_used(fixture.fake, 0, 0, 2 + 3);
	cr_expect_eq(kl__queue_take(fixture.queue, &length), (void *)1);
	cr_expect_eq(length, 5);
	fake_write_raw_used(fixture.fake, 0, 3, 1 + 3 + 4);
	cr_expect_eq(kl__queue_take(fixture.queue, &length), (void *)2);
	cr_expect_eq(length, 0);
	ring_close(&fixture);
}
