/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/kick.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "ring_fixture.h"

Test(kick, policy_parse)
{
	static const char *const bad[] = {"", "Eager", "eager ", "lazy", "lazy:", "lazy:0",
		"lazy:-1", "lazy:+1", "lazy: 1", "lazy:1x", "lazy:1000000001", "lazy:4294967297",
		"lazy:99999999999999999999", "auto:5", "autox", "lazy:0x10"};
	struct kl_kick_policy policy = {KL_KICK_LAZY, 77};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(kl_kick_policy_parse(bad[i], &policy), -EINVAL, "%s", bad[i]);
		cr_expect(policy.mode == KL_KICK_LAZY && policy.wait_ns == 77, "unchanged");
	}
	cr_expect_eq(kl_kick_policy_parse("eager", &policy), 0);
	cr_expect(policy.mode == KL_KICK_EAGER && policy.wait_ns == 0);
	cr_expect_eq(kl_kick_policy_parse("lazy:1", &policy), 0);
	cr_expect(policy.mode == KL_KICK_LAZY && policy.wait_ns == 1);
	cr_expect_eq(kl_kick_policy_parse("lazy:1000000000", &policy), 0);
	cr_expect_eq(policy.wait_ns, 1000000000);
	cr_expect_eq(kl_kick_policy_parse("auto", &policy), 0);
	cr_expect(policy.mode == KL_KICK_AUTO && policy.wait_ns == 0);
}

/* 2.7.7.2 by its definition: entry number event is one of those from old on, below new. */
static void check_window(uint16_t old_idx, unsigned int length)
{
	static bool passed[65536];

	memset(passed, 0, sizeof(passed));
	for (unsigned int i = 0; i < length; i++)
		passed[(uint16_t)(old_idx + i)] = true;
	for (unsigned int event = 0; event < 65536; event++)
		cr_assert_eq(kl__kick_need_event((uint16_t)event, (uint16_t)(old_idx + length),
				     old_idx),
			passed[event], "event %u, from %u, %u entries", event, old_idx, length);
}

Test(kick, need_event_by_definition)
{
	static const uint16_t starts[] = {0, 1, 255, 32760, 32767, 32768, 65471, 65520, 65534,
		65535};
	static const unsigned int lengths[] = {0, 1, 2, 3, 31, 32, 33, 64, 255, 256, 32768, 65535};

	for (unsigned int s = 0; s < sizeof(starts) / sizeof(starts[0]); s++)
		for (unsigned int n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++)
			check_window(starts[s], lengths[n]);
	for (unsigned int length = 0; length <= 64; length++)
		check_window(65500, length);
}

static struct ring_fixture fixture;

static void open_eager(unsigned int kind, bool event_idx)
{
	ring_open(&fixture,
		(struct kl__queue_shape){.size = 256, .kind = kind, .event_idx = event_idx});
}

/* 2.7.10.1: avail_event starts at 0, so the first buffer is announced, and only it. */
RING_TEST(kick, the_first_buffer_is_announced)
{
	open_eager(kind, true);
	ring_post(&fixture, 3);
	ring_post(&fixture, 3);
	ring_post(&fixture, 1);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 1);
	cr_expect_eq(fixture.queue->stats.kicks_sent, 1);
	cr_expect_eq(fixture.queue->stats.kicks_suppressed, 2);
	ring_close(&fixture);
}

/* 2.7.10.1: without EVENT_IDX the flag decides, and avail_event is ignored. */
RING_TEST(kick, flags_decide_without_event_idx)
{
	open_eager(kind, false);
	fake_set_event(fixture.fake, 0, 0);
	ring_post(&fixture, 1);
	ring_post(&fixture, 2);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 2);
	fake_disarm(fixture.fake, 0);
	fake_set_event(fixture.fake, 0, 3);
	ring_post(&fixture, 1);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 2, "EVS-08, EVS-07");
	fake_set_event_flags(fixture.fake, 0, 0xfffe);
	ring_post(&fixture, 1);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 3, "only bit 0 counts");
	ring_close(&fixture);
}

/* 2.7.10.1: with EVENT_IDX bit 0 of the used flags is ignored. */
Test(kick, flags_are_ignored_with_event_idx)
{
	open_eager(0, true);
	fake_set_event_flags(fixture.fake, 0, 1);
	ring_post(&fixture, 1);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 1, "EVS-10");
	fake_process(fixture.fake, 0, 1);
	fake_set_event_flags(fixture.fake, 0, 1);
	ring_take(&fixture);
	ring_post(&fixture, 1);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 2);
	ring_close(&fixture);
}

/* The device requests each place of a burst in turn; the burst that passes it is kicked for. */
RING_TEST(kick, bursts_around_the_event)
{
	open_eager(kind, true);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int ahead = round % 7;
		uint64_t before;

		fake_request_ahead(fixture.fake, 0, (int)ahead);
		before = fixture.fake->queue[0].doorbells;
		ring_post(&fixture, 4);
		cr_expect_eq(fixture.fake->queue[0].doorbells - before, ahead < 4);
		fixture.fake->queue[0].is_busy = true;
		fake_process(fixture.fake, 0, 256);
		cr_assert_eq(ring_take(&fixture), 4);
	}
	ring_close(&fixture);
}

/* Lets count buffers pass; the device is awake and never wants to hear of any. */
static void pass_unannounced(uint64_t count)
{
	fixture.fake->queue[0].is_busy = true;
	while (count > 0) {
		unsigned int burst = count < 100 ? (unsigned int)count : 100;

		ring_post(&fixture, burst);
		fake_process(fixture.fake, 0, burst);
		fake_request_ahead(fixture.fake, 0, -1);
		cr_assert_eq(ring_take(&fixture), burst);
		count -= burst;
	}
}

/* A driver that remembers the last kick, not the last check, misses the request made here. */
RING_TEST(kick, the_index_wraps_without_a_kick)
{
	static const uint64_t counts[] = {1, 255, 32768, 65534, 65535, 65536, 65537, 131072};

	for (unsigned int i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		open_eager(kind, true);
		ring_post(&fixture, 1);
		cr_expect_eq(fixture.fake->queue[0].doorbells, 1);
		fake_process(fixture.fake, 0, 1);
		ring_take(&fixture);
		fake_request_ahead(fixture.fake, 0, -1);
		pass_unannounced(counts[i]);
		cr_expect_eq(fixture.fake->queue[0].doorbells, 1, "%lu", counts[i]);
		fake_arm(fixture.fake, 0);
		ring_post(&fixture, 1);
		cr_expect_eq(fixture.fake->queue[0].doorbells, 2, "no kick after %lu", counts[i]);
		ring_close(&fixture);
	}
}

/* 2.7.10.1: an avail_event that is left behind fires when the index comes round again, once. */
Test(kick, a_stale_event_fires_once_a_round)
{
	open_eager(0, true);
	fixture.fake->queue[0].is_busy = true;
	for (unsigned int i = 0; i < 4 * 65536 / 64; i++) {
		ring_post(&fixture, 64);
		fake_process(fixture.fake, 0, 64);
		cr_assert_eq(ring_take(&fixture), 64);
	}
	cr_expect_eq(fixture.fake->queue[0].doorbells, 4);
	ring_close(&fixture);
}

/* 2.7.7.2: a polled queue is not interrupted, however many buffers pass. */
RING_TEST(kick, no_interrupts_while_polling)
{
	for (unsigned int event_idx = 0; event_idx < 2; event_idx++) {
		open_eager(kind, event_idx != 0);
		for (unsigned int i = 0; i < 200000 / 200; i++) {
			ring_post(&fixture, 200);
			fake_process(fixture.fake, 0, 200);
			cr_assert_eq(ring_take(&fixture), 200);
		}
		cr_expect_eq(fixture.fake->queue[0].interrupts, 0);
		ring_close(&fixture);
	}
}

/* Every decision is sent, suppressed or spared, for every policy, whatever the device does. */
static void check_accounting(unsigned int kind, struct kl_kick_policy policy, bool event_idx)
{
	uint64_t publishes = 0;
	const struct kl_queue_stats *stats;

	ring_open(&fixture,
		(struct kl__queue_shape){.size = 64,
			.kind = kind,
			.event_idx = event_idx,
			.kick = policy});
	stats = &fixture.queue->stats;
	for (unsigned int round = 0; round < 30000; round++) {
		uint64_t dice = fake_random(fixture.fake);

		if (fixture.posted - fixture.taken < 60 && dice % 3 != 0) {
			ring_post(&fixture, 1 + dice / 8 % 4);
			publishes++;
		}
		fixture.fake->queue[0].is_busy = dice / 64 % 2;
		if (dice / 128 % 3 == 0)
			fake_process(fixture.fake, 0, (unsigned int)(dice / 1024 % 64));
		ring_take(&fixture);
		kl__kick_poll(fixture.queue);
		if (dice / 65536 % 16 == 0)
			fixture.queue->kick.deadline = 0;
		if (dice / (1 << 24) % 64 == 0)
			kl__kick_flush(fixture.queue);
	}
	kl__kick_flush(fixture.queue);
	cr_expect_eq(stats->kicks_sent + stats->kicks_suppressed + stats->kicks_spared, publishes,
		"%lu + %lu + %lu != %lu", stats->kicks_sent, stats->kicks_suppressed,
		stats->kicks_spared, publishes);
	cr_expect_eq(stats->watchdog_kicks, 0);
	ring_close(&fixture);
}

RING_TEST(kick, accounting)
{
	for (unsigned int event_idx = 0; event_idx < 2; event_idx++) {
		check_accounting(kind, (struct kl_kick_policy){KL_KICK_EAGER, 0}, event_idx != 0);
		check_accounting(kind, (struct kl_kick_policy){KL_KICK_LAZY, 1000000},
			event_idx != 0);
		check_accounting(kind, (struct kl_kick_policy){KL_KICK_LAZY, 1}, event_idx != 0);
		check_accounting(kind, (struct kl_kick_policy){KL_KICK_AUTO, 0}, event_idx != 0);
	}
}
