/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Late requests, malformed used entries, stops: each request completes exactly once, and none
 * before the device has stopped.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "ring/clock.h"
#include "ring/verbs.h"
#include "spec/features.h"
#include "state.h"

static struct blk_fixture fixture;

/* The time so many milliseconds from now. The fake device reports a CPU clock of 1 GHz. */
static uint64_t in_ms(uint64_t ms)
{
	return kl__clock() + ms * 1000000;
}

static void pass_ms(uint64_t ms)
{
	uint64_t end = in_ms(ms);

	while (kl__clock() < end)
		;
}

static void poll_often(void)
{
	struct kl_blk_completion done[1];

	for (unsigned int i = 0; i < 200; i++)
		cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 0);
}

/* After a time without polls half of the deadline is granted again. */
static void poll_until_halted(void)
{
	uint64_t end = in_ms(20000);

	while (kl_blk_state(fixture.blk) != KL_DEVICE_HALTED && kl__clock() < end)
		poll_often();
}

static void open_with_timeout(uint32_t ms)
{
	fixture_prepare(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){.timeout_ms = ms});
}

/*
 * Makes the requests in flight so much older, as if that time had passed with polls in it: a
 * machine under load would also let other time pass.
 */
static void age_requests(uint64_t ms)
{
	struct blk_queue *queue = fixture.blk->queues[0];

	for (uint16_t i = 0; i < queue->ring->size; i++)
		if (kl__queue_holds(queue->ring, i))
			queue->slot[i].since -= ms * 1000000;
	queue->oldest -= ms * 1000000;
	queue->checked_at = kl__clock();
	queue->grace_until = queue->checked_at;
}

Test(recover, a_late_request)
{
	struct kl_blk_completion done[4];
	struct kl_blk_queue_stats stats;

	open_with_timeout(600000);
	fixture.fake->queue[0].kicks = FAKE_KICKS_ANY;
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	age_requests(600001);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 4096, 0, 4096));
	poll_until_halted();
	cr_expect_eq(kl_blk_submit(fixture.blk, 0, &(struct kl_blk_request){.op = KL_BLK_FLUSH}, 1),
		0);
	cr_expect_eq(fixture.fake->resets, 1, "nothing is reset from a queue's thread");
	fixture.fake->script.scribbles = true;
	fixture.fake->script.reset_reads = 5;
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_RUNNING);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 2);
	for (unsigned int i = 0; i < 2; i++)
		cr_expect_eq(done[i].result, done[i].user_data == 0 ? -ETIMEDOUT : -ECANCELED);
	kl_blk_queue_stats_get(fixture.blk, 0, &stats);
	cr_expect_eq(stats.timeouts, 1);
	cr_expect_eq(stats.resets, 1);
	cr_expect_eq(stats.errors, 2);
	fixture_expect_sum(&fixture, 0);
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}

/* Nobody polled for long: perhaps the host was paused, and the device with it. */
Test(recover, not_right_after_a_pause)
{
	struct kl_blk_completion done[1];

	open_with_timeout(600000);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	age_requests(600001);
	fixture.blk->queues[0]->checked_at -= UINT64_C(600001) * 1000000;
	poll_often();
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_RUNNING);
	fake_process(fixture.fake, 0, 1);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, 0);
	fixture_close(&fixture);
}

/* Three times in a minute, and not a fourth; but a start begins anew. */
Test(recover, a_budget)
{
	struct kl_blk_completion done[4];

	open_with_timeout(0);
	for (unsigned int i = 0; i < 4; i++) {
		fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
		fake_write_raw_used(fixture.fake, 0, 60000, 0);
		cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 0);
		cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_HALTED);
		cr_expect_eq(kl_blk_recover(fixture.blk), i < 3 ? 0 : -EIO, "%s", log_text());
		cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 1);
		cr_expect_eq(done->result, -ECANCELED);
	}
	cr_expect(logged("it has failed"), "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_FAILED);
	fixture_start(&fixture, &(struct kl_blk_conf){.timeout_ms = 0});
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}

Test(recover, in_time_is_in_time)
{
	open_with_timeout(600000);
	for (unsigned int i = 0; i < 100; i++) {
		fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
		poll_often();
		cr_expect_eq(fixture_drain(&fixture, (struct kl_blk_completion[1]){{0}}, 1), 1);
	}
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_RUNNING);
	fixture_close(&fixture);
}

/* Old requests that completed must not make a young one look late. */
Test(recover, the_oldest_is_looked_for)
{
	struct kl_blk_completion done[1];

	open_with_timeout(600000);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	age_requests(400000);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 4096, 0, 4096));
	fake_process(fixture.fake, 0, 1);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(done->user_data, 0);
	fixture_expect_sum(&fixture, 1);
	/* The first would be late now, the second is not, and gets late later. */
	age_requests(400000);
	poll_often();
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_RUNNING);
	age_requests(400000);
	poll_until_halted();
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_HALTED);
	fixture_close(&fixture);
}

/* A cut request: parts in flight, parts waiting, one completion. */
Test(recover, a_cut_request_is_late)
{
	struct kl_blk_completion done[4];
	struct kl_blk_request flush = {.op = KL_BLK_FLUSH, .user_data = 9};

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_SIZE_MAX);
	fixture.config.seg_max = 1;
	fixture.config.size_max = 4096;
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){.timeout_ms = 10});
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_WRITE, 4096, 0, 1 << 20));
	cr_expect_eq(kl_blk_submit(fixture.blk, 0, &flush, 1), 0);
	fake_process(fixture.fake, 0, 4);
	poll_often();
	pass_ms(15);
	poll_until_halted();
	cr_expect_eq(kl_blk_recover(fixture.blk), 0);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 1);
	cr_expect_eq(done->user_data, 4096);
	cr_expect_eq(done->result, -ETIMEDOUT);
	fixture_expect_sum(&fixture, 0);
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}

/* Nothing feeds the rest of a cut request after a stop, so the stop itself must end it. */
Test(recover, a_cut_request_is_stopped)
{
	struct kl_blk_completion done[4];

	fixture_prepare(&fixture);
	fixture.config.seg_max = 1;
	fixture.config.size_max = 4096;
	fake_offer(fixture.fake, VIRTIO_BLK_F_SIZE_MAX);
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 1 << 20));
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 1);
	cr_expect_eq(done->result, -ECANCELED);
	fixture_expect_sum(&fixture, 0);
	fixture_close(&fixture);
}

/* It has no buffer, and is nobody's but the application's. */
Test(recover, a_flush_is_cut_off)
{
	struct kl_blk_request flush = {.op = KL_BLK_FLUSH, .user_data = 9};
	struct kl_blk_completion done[2];

	fixture_open(&fixture);
	cr_assert_eq(kl_blk_submit(fixture.blk, 0, &flush, 1), 1);
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 2), 1);
	cr_expect_eq(done[0].user_data, 9);
	cr_expect_eq(done[0].result, -ECANCELED);
	fixture_close(&fixture);
}

Test(recover, done_in_time_but_not_yet_polled)
{
	struct kl_blk_completion done[4];

	fixture_open(&fixture);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 4096, 0, 4096));
	fake_process(fixture.fake, 0, 1);
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 2);
	cr_expect_eq(done[0].result, 0);
	cr_expect_eq(done[1].result, -ECANCELED);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 0);
	fixture_expect_sum(&fixture, 0);
	cr_assert_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), 0);
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}

Test(recover, the_reset_never_ends)
{
	struct kl_blk_completion done[4];
	unsigned int held;

	open_with_timeout(1);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	pass_ms(5);
	poll_until_halted();
	held = fixture.fake->allocated;
	kl__default_timeout_ms = 20;
	fixture.fake->script.reset_reads = FAKE_NEVER;
	cr_expect_eq(kl_blk_recover(fixture.blk), -ETIMEDOUT);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_LOST);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 0, "the device may still write");
	cr_expect_eq(kl_blk_recover(fixture.blk), -ETIMEDOUT);
	cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), -ETIMEDOUT);
	kl_device_close(fixture.device);
	fixture.device = NULL;
	cr_expect_eq(fixture.fake->allocated, held, "what it may write stays allocated");
	while (fake_take_violation(fixture.fake, ""))
		;
	fake_free(fixture.fake);
}

Test(recover, gone_from_the_bus)
{
	struct kl_blk_completion done[4];

	open_with_timeout(1);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	pass_ms(5);
	poll_until_halted();
	fixture.fake->script.is_gone = true;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EIO);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_FAILED);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 1);
	cr_expect_eq(done->result, -ETIMEDOUT);
	kl_device_close(fixture.device);
	fixture.device = NULL;
	cr_expect_eq(fixture.fake->allocated, 0);
	while (fake_take_violation(fixture.fake, ""))
		;
	fake_free(fixture.fake);
}

/* Each malformed entry halts the queue. A recovery makes it work again. */
static void try_malformed(uint32_t id, bool is_index)
{
	struct kl_blk_completion done[4];
	struct kl_blk_queue_stats stats;

	fixture_open(&fixture);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	fake_observe(fixture.fake, 0);
	if (is_index)
		fake_write_raw_index(fixture.fake, 0, 2);
	else
		fake_write_raw_used(fixture.fake, 0, id, 1);
	poll_until_halted();
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 1);
	cr_expect_eq(done->result, -ECANCELED);
	kl_blk_queue_stats_get(fixture.blk, 0, &stats);
	cr_expect_eq(stats.queue.bad_used, 1);
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}

Test(recover, used_index_too_far)
{
	ONLY_IF(!ring_is("packed"));
	try_malformed(0, true);
}

Test(recover, used_id_beyond_the_ring)
{
	try_malformed(FIXTURE_RING, false);
}

Test(recover, used_id_not_in_flight)
{
	try_malformed(5, false);
}

Test(recover, the_device_requests_a_reset)
{
	struct kl_blk_completion done[1];

	fixture_open(&fixture);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	fake_need_reset(fixture.fake);
	kl_device_event_handle(fixture.device);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_HALTED);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, -ECANCELED);
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}

/* After the recovery the device offers less, or nothing that can be used. */
Test(recover, the_device_comes_back_different)
{
	struct kl_blk_completion done[1];

	open_with_timeout(1);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	pass_ms(5);
	poll_until_halted();
	fake_offer_not(fixture.fake, VIRTIO_F_INDIRECT_DESC);
	fixture.config.blk_size = 4096;
	fixture_apply_config(&fixture);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(kl_blk_info(fixture.blk)->block_size, 4096);
	fixture_expect_works(&fixture);
	cr_expect(!fixture.log[0].is_indirect);

	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	pass_ms(5);
	poll_until_halted();
	fixture.fake->script.refuses_features = true;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EPROTO);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_FAILED);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, -ETIMEDOUT);
	fixture_close(&fixture);
}

Test(recover, memory_runs_out_at_start)
{
	for (unsigned int at = 1; at <= 4; at++) {
		fixture_prepare(&fixture);
		cr_assert_eq(fixture_attach(&fixture, NULL), 0);
		fixture.fake->script.alloc_fails_at = at;
		cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), -ENOMEM, "%u",
			at);
		fixture.fake->script.alloc_fails_at = 0;
		fixture_start(&fixture, &(struct kl_blk_conf){0});
		fixture_expect_works(&fixture);
		fixture_close(&fixture);
	}
}

#define COMPLETIONS_MAX 4096

/* A thread that submits through recoveries and never polls: each request completes once. */
Test(recover, recoveries_without_a_poll)
{
	static struct kl_blk_completion done[COMPLETIONS_MAX];
	static unsigned int seen[COMPLETIONS_MAX];
	unsigned int taken = 0, n, room;

	fixture_open(&fixture);
	/* Four completions per entry of the ring, which is larger where chains take several. */
	room = 4u * fixture.blk->queues[0]->ring->size;
	cr_assert_leq(room, COMPLETIONS_MAX);
	for (unsigned int i = 0; i < 6; i++) {
		struct kl_blk_request request = fixture_data(&fixture, KL_BLK_READ, 0, 0, 512);

		for (request.user_data = taken; kl_blk_submit(fixture.blk, 0, &request, 1) == 1;
			request.user_data = taken)
			taken++;
		cr_assert_leq(taken, room, "no more than there is room for");
		kl__device_renew_recoveries(fixture.device);
		kl_device_halt(fixture.device, NULL, "the test wants it");
		cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	}
	cr_expect_geq(taken, FIXTURE_RING);
	n = fixture_drain(&fixture, done, COMPLETIONS_MAX);
	cr_expect_eq(n, taken);
	for (unsigned int i = 0; i < n; i++)
		cr_expect_eq(seen[done[i].user_data]++, 0, "request %lu twice", done[i].user_data);
	fixture_expect_works(&fixture);
	fixture_close(&fixture);
}
