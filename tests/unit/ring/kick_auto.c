/* SPDX-License-Identifier: BSD-3-Clause */
/* The auto policy: puts decisions off as long as that pays, and learns whether it does. */
#include <criterion/criterion.h>

#include "ring/clock.h"
#include "ring_fixture.h"

static struct ring_fixture fixture;

static void open_waiting(unsigned int kind, uint32_t wait_ns)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 256,
			.kind = kind,
			.event_idx = true,
			.ticks_per_second = SLOW_TICKS,
			.kick = {KL_KICK_AUTO, wait_ns}});
}

/* No wait ends by itself while a test runs: the default one may, when the test loses its core. */
static void open_auto(unsigned int kind)
{
	open_waiting(kind, 1000000000);
}

static void serve_all(void)
{
	fake_process(fixture.fake, 0, 256);
	ring_take(&fixture);
	kl__kick_poll(fixture.queue);
}

/* One buffer on an empty ring, before a device that sleeps. True when the kick was put off. */
static bool post_to_sleeper(void)
{
	uint64_t before = ring_doorbells(&fixture);
	bool was_put_off;

	ring_post(&fixture, 1);
	was_put_off = ring_doorbells(&fixture) == before;
	fixture.queue->kick.deadline = 0;
	kl__kick_poll(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), before + 1);
	serve_all();
	return was_put_off;
}

static bool post_to_polling_device(void)
{
	bool was_put_off;

	ring_post(&fixture, 1);
	was_put_off = fixture.queue->kick.is_pending;
	serve_all();
	return was_put_off;
}

/* Posts to a sleeper until the kick comes at once. */
static unsigned int misses_until_eager(void)
{
	unsigned int misses = 0;

	while (misses < 100 && post_to_sleeper())
		misses++;
	return misses;
}

Test(kick_auto, waits_a_default_time)
{
	ring_open(&fixture, (struct kl__queue_shape){.size = 8, .kick = {KL_KICK_AUTO, 0}});
	cr_expect_eq(fixture.queue->kick.wait_ticks, 20000);
	ring_close(&fixture);
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 8,
			.kick = {KL_KICK_AUTO, 5},
			.ticks_per_second = 3000000000});
	cr_expect_eq(fixture.queue->kick.wait_ticks, 15);
	ring_close(&fixture);
}

RING_TEST(kick_auto, stays_lazy_while_it_pays)
{
	open_auto(kind);
	for (unsigned int i = 0; i < 5000; i++)
		cr_assert(post_to_polling_device());
	cr_expect_eq(ring_doorbells(&fixture), 0);
	ring_close(&fixture);
}

RING_TEST(kick_auto, turns_eager_after_misses)
{
	open_auto(kind);
	cr_expect_eq(misses_until_eager(), 4);
	for (unsigned int i = 0; i < 10; i++)
		cr_expect_not(post_to_sleeper());
	ring_close(&fixture);
}

/* Misses count only in a row. */
RING_TEST(kick_auto, forgets_single_misses)
{
	open_auto(kind);
	for (unsigned int i = 0; i < 100; i++) {
		cr_assert(post_to_sleeper());
		cr_assert(post_to_sleeper());
		cr_assert(post_to_sleeper());
		cr_assert(post_to_polling_device());
	}
	ring_close(&fixture);
}

/* A kick that covers several publishes is worth the wait, though the device sleeps each time. */
RING_TEST(kick_auto, waits_while_more_is_sent)
{
	open_auto(kind);
	for (unsigned int i = 0; i < 100; i++) {
		ring_post(&fixture, 1);
		cr_assert(fixture.queue->kick.is_pending, "%u", i);
		cr_assert(post_to_sleeper());
	}
	cr_expect_eq(ring_doorbells(&fixture), 100);
	cr_expect_eq(misses_until_eager(), 4, "one at a time");
	ring_close(&fixture);
}

/* Eager, it tries again, soon and then ever more rarely; a try that pays makes it lazy again. */
RING_TEST(kick_auto, probes)
{
	unsigned int decisions = 0;

	open_auto(kind);
	misses_until_eager();
	/* The first eager decision was made by then. */
	for (unsigned int gap = 16, so_far = 1, probes = 0; probes < 12; probes++, so_far = 0) {
		while (!post_to_sleeper())
			so_far++;
		cr_assert_eq(so_far + 1, gap, "probe %u after %u decisions", probes, so_far + 1);
		gap = gap < 4096 ? 2 * gap : 4096;
	}
	/* From here on the device polls. */
	while (decisions < 5000 && !post_to_polling_device())
		decisions++;
	cr_expect_leq(decisions, 4096, "the next probe");
	for (unsigned int i = 0; i < 100; i++)
		cr_expect(post_to_polling_device(), "lazy again");
	ring_close(&fixture);
}

/* A device that is at work needs longer for a segment of it than one that only has to look. */
RING_TEST(kick_auto, waits_longer_for_a_busy_device)
{
	const uint64_t wait = 1000000000;

	open_waiting(kind, 100000000);
	cr_assert_eq(fixture.queue->kick.wait_ticks, wait);
	ring_post(&fixture, 2);
	cr_expect_leq(fixture.queue->kick.deadline, kl__clock() + wait);
	kl__kick_flush(fixture.queue);
	fixture.fake->queue[0].is_busy = true;
	fake_process(fixture.fake, 0, 1);
	ring_take(&fixture);
	ring_post(&fixture, 1);
	cr_expect_geq(fixture.queue->kick.deadline, kl__clock() + 2 * wait);
	fixture.queue->kick.deadline = 0;
	fake_process(fixture.fake, 0, 1);
	kl__kick_poll(fixture.queue);
	cr_expect_geq(fixture.queue->kick.deadline, kl__clock() + 2 * wait, "and it moves");
	ring_close(&fixture);
}

/* The adaptive state of an empty ring does not count for a busy one. */
RING_TEST(kick_auto, learns_apart_for_a_busy_ring)
{
	open_auto(kind);
	misses_until_eager();
	ring_post(&fixture, 2);
	cr_expect_not(fixture.queue->kick.is_pending);
	fixture.fake->queue[0].is_busy = true;
	/* One of two is used: the device is at work when the third comes. */
	fake_process(fixture.fake, 0, 1);
	ring_take(&fixture);
	ring_post(&fixture, 1);
	cr_expect(fixture.queue->kick.is_pending);
	ring_close(&fixture);
}

/* A longer wait gains nothing: no buffer can be added until the device moves. */
RING_TEST(kick_auto, decides_at_once_when_the_ring_is_full)
{
	open_auto(kind);
	ring_post(&fixture, 255);
	kl__kick_poll(fixture.queue);
	cr_expect(fixture.queue->kick.is_pending);
	cr_expect_eq(ring_doorbells(&fixture), 0, "one more has room");
	ring_post(&fixture, 1);
	kl__kick_poll(fixture.queue);
	cr_expect_eq(ring_doorbells(&fixture), 1);
	cr_expect_not(fixture.queue->kick.is_pending);
	ring_close(&fixture);
}

/* One that moved since the last look is awake, and will come to what fills the ring. */
RING_TEST(kick_auto, a_full_ring_of_a_device_at_work_waits)
{
	open_auto(kind);
	fixture.fake->queue[0].is_busy = true;
	ring_post(&fixture, 255);
	fake_process(fixture.fake, 0, 5);
	cr_assert_eq(ring_take(&fixture), 5);
	ring_post(&fixture, 6);
	kl__kick_poll(fixture.queue);
	cr_expect(fixture.queue->kick.is_pending);
	cr_expect_eq(ring_doorbells(&fixture), 0);
	ring_close(&fixture);
}
