/* SPDX-License-Identifier: BSD-3-Clause */
/* The lost-kick watchdog: it wakes a device that lost a kick, and no other. */
#include <criterion/criterion.h>

#include "ring_fixture.h"

/* Half a second of these is one tick of the cycle counter, or more than a test takes. */
#define SHORT_TICKS 2
#define LONG_TICKS 30000000000u

static struct ring_fixture fixture;

static void open_watched(unsigned int kind, uint64_t ticks_per_second, bool has_watchdog)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 256,
			.kind = kind,
			.event_idx = true,
			.has_watchdog = has_watchdog,
			.ticks_per_second = ticks_per_second});
	fixture.fake->queue[0].is_busy = true;
}

/* Several checks of the queue's progress. */
static void poll_long(void)
{
	for (unsigned int i = 0; i < 10 * KL__WATCHDOG_POLLS; i++)
		kl__kick_poll(fixture.queue);
}

/* Leaves buffers with a device that did not want to hear of them, and now sleeps all the same. */
static void lose_wake_up(void)
{
	ring_post(&fixture, 1);
	fake_process(fixture.fake, 0, 1);
	ring_take(&fixture);
	ring_post(&fixture, 2);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	cr_expect_eq(fixture.queue->stats.kicks_suppressed, 1);
}

/* The doorbell wakes the device: one is enough, and it counts as a watchdog kick. */
RING_TEST(kick_watchdog, wakes_a_device)
{
	open_watched(kind, SHORT_TICKS, true);
	fixture.fake->queue[0].kicks = FAKE_KICKS_ANY;
	lose_wake_up();
	fixture.fake->script.serves_doorbells = true;
	poll_long();
	cr_expect_eq(fixture.queue->stats.watchdog_kicks, 1);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 2);
	cr_expect_eq(ring_take(&fixture), 2);
	poll_long();
	cr_expect_eq(fixture.queue->stats.watchdog_kicks, 1, "idle");
	cr_expect_eq(fixture.fake->queue[0].doorbells, 2);
	ring_close(&fixture);
}

/* A device that does not move at a doorbell is busy: nothing is counted, and kicks grow rarer. */
RING_TEST(kick_watchdog, a_busy_device_is_not_counted)
{
	open_watched(kind, SHORT_TICKS, true);
	fixture.fake->queue[0].kicks = FAKE_KICKS_ANY;
	lose_wake_up();
	poll_long();
	poll_long();
	cr_expect_eq(fixture.queue->stats.watchdog_kicks, 0);
	cr_expect_gt(fixture.fake->queue[0].doorbells, 1);
	cr_expect_eq(fixture.queue->kick.watchdog_shift, 4, "16 times the wait at most");
	ring_close(&fixture);
}

RING_TEST(kick_watchdog, not_before_its_time)
{
	open_watched(kind, LONG_TICKS, true);
	lose_wake_up();
	poll_long();
	cr_expect_eq(fixture.queue->stats.watchdog_kicks, 0);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	ring_close(&fixture);
}

RING_TEST(kick_watchdog, not_where_buffers_may_stay_for_ever)
{
	open_watched(kind, SHORT_TICKS, false);
	lose_wake_up();
	poll_long();
	cr_expect_eq(fixture.queue->stats.watchdog_kicks, 0);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	ring_close(&fixture);
}

/* A device that lost the doorbell of a decision that rang is woken too, only later. */
RING_TEST(kick_watchdog, a_lost_doorbell)
{
	open_watched(kind, SHORT_TICKS, true);
	fixture.fake->queue[0].kicks = FAKE_KICKS_ANY;
	ring_post(&fixture, 1);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	for (unsigned int looks = 0; looks < 3; looks++)
		for (unsigned int p = 0; p < KL__WATCHDOG_POLLS; p++)
			kl__kick_poll(fixture.queue);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 2, "at the third look, not the second");
	cr_expect_eq(fixture.queue->kick.watchdog_shift, 1);
	ring_close(&fixture);
}

/* Of a gap between two looks, in which we may have been stopped, only half counts. */
RING_TEST(kick_watchdog, not_right_after_a_pause)
{
	open_watched(kind, LONG_TICKS, true);
	fixture.fake->queue[0].kicks = FAKE_KICKS_ANY;
	lose_wake_up();
	for (unsigned int p = 0; p < 2 * KL__WATCHDOG_POLLS; p++)
		kl__kick_poll(fixture.queue);
	fixture.queue->kick.checked_at -= 2ull * LONG_TICKS;
	for (unsigned int p = 0; p < KL__WATCHDOG_POLLS; p++)
		kl__kick_poll(fixture.queue);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	fixture.queue->kick.checked_at -= 2ull * LONG_TICKS;
	for (unsigned int p = 0; p < KL__WATCHDOG_POLLS; p++)
		kl__kick_poll(fixture.queue);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 2);
	ring_close(&fixture);
}

/* A queue whose device was given a time is broken when that is over; moving starts it again. */
RING_TEST(kick_watchdog, a_stall_breaks_the_queue)
{
	open_watched(kind, LONG_TICKS, false);
	fixture.queue->kick.stall_ticks = LONG_TICKS;
	lose_wake_up();
	for (unsigned int look = 0; look < 7; look++) {
		cr_expect_eq(fixture.queue->fault, KL_QUEUE_OK);
		if (look == 2) {
			fake_process(fixture.fake, 0, 1);
			ring_take(&fixture);
		}
		fixture.queue->kick.checked_at -= 2ull * LONG_TICKS;
		for (unsigned int p = 0; p < KL__WATCHDOG_POLLS; p++)
			kl__kick_poll(fixture.queue);
	}
	cr_expect_eq(fixture.queue->fault, KL_QUEUE_STALLED);
	cr_expect_eq(fixture.queue->stats.bad_used, 1);
	ring_close(&fixture);
}

RING_TEST(kick_watchdog, not_while_it_moves)
{
	open_watched(kind, SHORT_TICKS, true);
	lose_wake_up();
	for (unsigned int i = 0; i < 100; i++) {
		for (unsigned int p = 0; p < KL__WATCHDOG_POLLS; p++)
			kl__kick_poll(fixture.queue);
		fake_process(fixture.fake, 0, 1);
		fake_request_ahead(fixture.fake, 0, -1);
		ring_take(&fixture);
		ring_post(&fixture, 1);
	}
	cr_expect_eq(fixture.queue->stats.watchdog_kicks, 0);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	ring_close(&fixture);
}

/* The first buffer comes after a long idle time, and the device has shown that it is awake. */
RING_TEST(kick_watchdog, not_for_the_first_buffer)
{
	open_watched(kind, SHORT_TICKS, true);
	fake_request_ahead(fixture.fake, 0, 100);
	for (unsigned int i = 1; i < 3 * KL__WATCHDOG_POLLS; i++)
		kl__kick_poll(fixture.queue);
	ring_post(&fixture, 1);
	kl__kick_poll(fixture.queue);
	cr_expect_eq(fixture.queue->kick.polls, 0, "it has looked");
	cr_expect_eq(fixture.queue->stats.kicks_sent, 0);
	ring_close(&fixture);
}

/* Idle for long, then a buffer just before the look: the device has had no time yet. */
RING_TEST(kick_watchdog, not_for_a_fresh_buffer_after_idling)
{
	open_watched(kind, SHORT_TICKS, true);
	lose_wake_up();
	fake_process(fixture.fake, 0, 2);
	ring_take(&fixture);
	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int p = 1; p < KL__WATCHDOG_POLLS; p++)
			kl__kick_poll(fixture.queue);
		fake_request_ahead(fixture.fake, 0, -1);
		ring_post(&fixture, 1);
		kl__kick_poll(fixture.queue);
		fake_process(fixture.fake, 0, 1);
		ring_take(&fixture);
		poll_long();
		while (fixture.queue->kick.polls != 0)
			kl__kick_poll(fixture.queue);
	}
	cr_expect_eq(fixture.queue->stats.watchdog_kicks, 0);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	ring_close(&fixture);
}
