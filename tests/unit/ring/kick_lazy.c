/* SPDX-License-Identifier: BSD-3-Clause */
/* Decisions that are put off until the device has not moved for a while: the lazy policy. */
#include <criterion/criterion.h>

#include "ring/clock.h"
#include "ring_fixture.h"

/* A wait that is over at once; SLOW_TICKS is for one that is longer than any test. */
#define NO_TICKS 1

static struct ring_fixture fixture;

static void open_lazy(unsigned int kind, uint64_t ticks_per_second)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 256,
			.kind = kind,
			.event_idx = true,
			.ticks_per_second = ticks_per_second,
			.kick = {KL_KICK_LAZY, ticks_per_second == NO_TICKS ? 1 : 1000000000}});
}

RING_TEST(kick_lazy, spared_when_the_device_comes_by_itself)
{
	open_lazy(kind, SLOW_TICKS);
	for (unsigned int i = 0; i < 1000; i++) {
		ring_post(&fixture, 2);
		cr_expect(fixture.queue->kick.is_pending);
		fake_process(fixture.fake, 0, 2);
		cr_assert_eq(ring_take(&fixture), 2);
		kl__kick_poll(fixture.queue);
		cr_expect_not(fixture.queue->kick.is_pending);
	}
	cr_expect_eq(ring_doorbells(&fixture), 0);
	cr_expect_eq(fixture.queue->stats.kicks_spared, 1000);
	ring_close(&fixture);
}

RING_TEST(kick_lazy, nothing_before_the_deadline)
{
	open_lazy(kind, SLOW_TICKS);
	ring_post(&fixture, 1);
	for (unsigned int i = 0; i < 100000; i++)
		kl__kick_poll(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), 0);
	cr_expect(fixture.queue->kick.is_pending);
	ring_close(&fixture);
}

RING_TEST(kick_lazy, one_kick_at_the_deadline)
{
	open_lazy(kind, NO_TICKS);
	ring_post(&fixture, 1);
	ring_post(&fixture, 2);
	ring_post(&fixture, 3);
	cr_expect_eq(ring_doorbells(&fixture), 0, "a publish alone never rings");
	for (unsigned int i = 0; i < 100000; i++)
		kl__kick_poll(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), 1);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	cr_expect_eq(fixture.queue->stats.kicks_spared, 2);
	ring_close(&fixture);
}

/* The decision at the deadline is a decision: the device may not want a kick. */
RING_TEST(kick_lazy, the_deadline_respects_the_device)
{
	open_lazy(kind, NO_TICKS);
	fake_request_ahead(fixture.fake, 0, 100);
	ring_post(&fixture, 4);
	kl__kick_poll(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), 0);
	cr_expect_eq(fixture.queue->stats.kicks_suppressed, 1);
	cr_expect_not(fixture.queue->kick.is_pending);
	ring_close(&fixture);
}

/* Used entries have been seen, so a request for one of them is void when the decision is made. */
RING_TEST(kick_lazy, a_stale_request_is_void)
{
	open_lazy(kind, SLOW_TICKS);
	fixture.fake->queue[0].is_busy = true;
	ring_post(&fixture, 4);
	fake_process(fixture.fake, 0, 4);
	cr_assert_eq(ring_take(&fixture), 4);
	ring_post(&fixture, 1);
	kl__kick_flush(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), 0);
	cr_expect_eq(fixture.queue->stats.kicks_suppressed, 1);
	ring_close(&fixture);
}

RING_TEST(kick_lazy, movement_extends_the_wait)
{
	open_lazy(kind, SLOW_TICKS);
	ring_post(&fixture, 3);
	fixture.queue->kick.deadline = 0;
	fake_process(fixture.fake, 0, 1);
	kl__kick_poll(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), 0);
	cr_expect(fixture.queue->kick.is_pending);
	cr_expect_gt(fixture.queue->kick.deadline, 0);
	/* No more movement: the wait ends now. The device has armed behind the first entry. */
	fixture.queue->kick.deadline = 0;
	kl__kick_poll(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), 1);
	ring_close(&fixture);
}

RING_TEST(kick_lazy, force_decides_now)
{
	open_lazy(kind, SLOW_TICKS);
	ring_post(&fixture, 1);
	ring_post(&fixture, 1);
	kl__kick_flush(fixture.queue);
	kl__kick_flush(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), 1);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	cr_expect_eq(fixture.queue->stats.kicks_spared, 1);
	fake_process(fixture.fake, 0, 2);
	ring_take(&fixture);
	ring_post(&fixture, 1);
	fake_process(fixture.fake, 0, 1);
	kl__kick_poll(fixture.queue);
	cr_expect_eq(fixture.queue->stats.kicks_spared, 2, "what was forced is not counted again");
	ring_close(&fixture);
}

/* Keeps at least one buffer with a device that moves, so that the decision stays pending. */
static void stay_pending(uint64_t publishes)
{
	fixture.fake->queue[0].is_busy = true;
	ring_post(&fixture, 1);
	while (--publishes > 0) {
		ring_post(&fixture, 1);
		fake_process(fixture.fake, 0, 1);
		cr_assert_eq(ring_take(&fixture), 1);
		kl__kick_poll(fixture.queue);
		cr_assert(fixture.queue->kick.is_pending);
	}
}

/* Pending for more than 2^16 buffers: the window of the decision must not be modulo 2^16. */
RING_TEST(kick_lazy, pending_while_the_index_wraps)
{
	static const uint64_t counts[] = {65535, 65536, 65537, 65538, 70000, 131073};

	for (unsigned int i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		open_lazy(kind, SLOW_TICKS);
		stay_pending(counts[i]);
		/* The device sleeps, and requests the entry that is there already. */
		fake_arm(fixture.fake, 0);
		fixture.queue->kick.deadline = 0;
		kl__kick_poll(fixture.queue);
		cr_expect_eq(ring_doorbells(&fixture), 1, "lost wake-up after %lu buffers",
			counts[i]);
		cr_expect_eq(fixture.queue->stats.kicks_sent +
				fixture.queue->stats.kicks_suppressed +
				fixture.queue->stats.kicks_spared,
			counts[i]);
		ring_close(&fixture);
	}
}

static void open_largest(unsigned int kind)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = VIRTQ_MAX_SIZE,
			.kind = kind,
			.event_idx = true,
			.ticks_per_second = SLOW_TICKS,
			.kick = {KL_KICK_LAZY, 1000000000}});
	fixture.fake->queue[0].is_busy = true;
}

/* One call of a burst function that harvests the used buffers and fills the ring again. */
static void refill_largest(void)
{
	unsigned int used = fake_process(fixture.fake, 0, VIRTQ_MAX_SIZE);

	cr_assert_eq(ring_take(&fixture), used);
	ring_post(&fixture, used);
	kl__kick_poll(fixture.queue);
}

static void expect_kick_for_all(void)
{
	fake_arm(fixture.fake, 0);
	fixture.queue->kick.deadline = 0;
	kl__kick_poll(fixture.queue);
	cr_expect_not(fixture.queue->kick.is_pending);
	cr_expect_eq(ring_doorbells(&fixture), 1);
	ring_close(&fixture);
}

/* Twice 32768 entries while a decision is pending are a window of 2^16, not of 0. */
RING_TEST(kick_lazy, two_rounds_of_the_largest_ring)
{
	open_largest(kind);
	ring_post(&fixture, VIRTQ_MAX_SIZE);
	kl__kick_poll(fixture.queue);
	refill_largest();
	expect_kick_for_all();
}

/* The same with a device so fast that it moves before the watch on it begins. */
RING_TEST(kick_lazy, the_largest_ring_and_a_fast_device)
{
	open_largest(kind);
	for (unsigned int i = 0; i < VIRTQ_MAX_SIZE; i++)
		cr_assert_eq(ring_add(&fixture, 0, 1), 0);
	kl__queue_publish(fixture.queue);
	fake_process(fixture.fake, 0, 5);
	kl__kick(fixture.queue);
	cr_assert_eq(ring_take(&fixture), 5);
	ring_post(&fixture, 5);
	kl__kick_poll(fixture.queue);
	refill_largest();
	expect_kick_for_all();
}
