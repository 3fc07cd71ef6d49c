/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Late requests, lies, stops: each request completes exactly once, and none before the device
 * stopped.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "blk_rig.h"
#include "ring/clock.h"
#include "spec/features.h"

static struct blk_rig rig;

/* The model says that the CPU's clock runs at 1 GHz; so many of its milliseconds from now. */
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
		cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 1), 0);
}

/* After a time without polls half of the deadline is granted again: at most 1000 ms in these tests. */
static void poll_until_halted(void)
{
	uint64_t end = in_ms(20000);

	while (kl_blk_state(rig.blk) != KL_BLK_HALTED && kl__clock() < end)
		poll_often();
}

static void open_with_timeout(uint32_t ms)
{
	rig_prepare(&rig);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, &(struct kl_blk_conf){.timeout_ms = ms});
}

Test(blk_recover, a_late_request)
{
	struct kl_blk_completion done[4];
	struct kl_blk_queue_stats stats;

	open_with_timeout(1600);
	rig.model->queue[0].kicks = MODEL_KICKS_ANY;
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	pass_ms(1700);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 4096, 0, 4096));
	poll_until_halted();
	cr_expect_eq(kl_blk_submit(rig.blk, 0, &(struct kl_blk_request){.op = KL_BLK_FLUSH}, 1), 0);
	cr_expect_eq(rig.model->resets, 1, "nothing is reset from a queue's thread");
	rig.model->script.scribbles = true;
	rig.model->script.reset_reads = 5;
	cr_expect_eq(kl_blk_recover(rig.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_RUNNING);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 2);
	for (unsigned int i = 0; i < 2; i++)
		cr_expect_eq(done[i].result, done[i].user_data == 0 ? -ETIMEDOUT : -ECANCELED);
	kl_blk_queue_stats_get(rig.blk, 0, &stats);
	cr_expect_eq(stats.timeouts, 1);
	cr_expect_eq(stats.resets, 1);
	cr_expect_eq(stats.errors, 2);
	rig_expect_sum(&rig, 0);
	rig_expect_works(&rig);
	rig_close(&rig);
}

/* Nobody polled for long: perhaps the host was paused, and the device with it. */
Test(blk_recover, not_right_after_a_pause)
{
	struct kl_blk_completion done[1];

	open_with_timeout(1000);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	pass_ms(1100);
	poll_often();
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_RUNNING);
	model_process(rig.model, 0, 1);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, 0);
	rig_close(&rig);
}

/* Three times in a minute, and not a fourth; but a start begins anew. */
Test(blk_recover, a_budget)
{
	struct kl_blk_completion done[4];

	open_with_timeout(0);
	for (unsigned int i = 0; i < 4; i++) {
		rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
		model_lie_used(rig.model, 0, 60000, 0);
		cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 0);
		cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_HALTED);
		cr_expect_eq(kl_blk_recover(rig.blk), i < 3 ? 0 : -EIO, "%s", log_text());
		cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 1);
		cr_expect_eq(done->result, -ECANCELED);
	}
	cr_expect(logged("given up"), "%s", log_text());
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_STOPPED);
	rig_start(&rig, &(struct kl_blk_conf){.timeout_ms = 0});
	rig_expect_works(&rig);
	rig_close(&rig);
}

Test(blk_recover, in_time_is_in_time)
{
	open_with_timeout(5000);
	for (unsigned int i = 0; i < 100; i++) {
		rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
		poll_often();
		cr_expect_eq(rig_drain(&rig, (struct kl_blk_completion[1]){{0}}, 1), 1);
	}
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_RUNNING);
	rig_close(&rig);
}

/* Old requests that completed must not make a young one look late. */
Test(blk_recover, the_oldest_is_looked_for)
{
	struct kl_blk_completion done[1];

	open_with_timeout(2000);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	pass_ms(1200);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 4096, 0, 4096));
	model_process(rig.model, 0, 1);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 1), 1);
	cr_expect_eq(done->user_data, 0);
	rig_expect_sum(&rig, 1);
	/* The first would be late now, the second is not, and gets late later. */
	pass_ms(1000);
	poll_often();
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_RUNNING);
	pass_ms(600);
	poll_often();
	pass_ms(600);
	poll_until_halted();
	rig_close(&rig);
}

/* A cut request: parts in flight, parts waiting, one completion. */
Test(blk_recover, a_cut_request_is_late)
{
	struct kl_blk_completion done[4];
	struct kl_blk_request flush = {.op = KL_BLK_FLUSH, .user_data = 9};

	rig_prepare(&rig);
	model_offer(rig.model, VIRTIO_BLK_F_SIZE_MAX);
	rig.config.seg_max = 1;
	rig.config.size_max = 4096;
	rig_apply_config(&rig);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, &(struct kl_blk_conf){.timeout_ms = 10});
	rig_submit(&rig, rig_data(&rig, KL_BLK_WRITE, 4096, 0, 1 << 20));
	cr_expect_eq(kl_blk_submit(rig.blk, 0, &flush, 1), 0);
	model_process(rig.model, 0, 4);
	poll_often();
	pass_ms(15);
	poll_until_halted();
	cr_expect_eq(kl_blk_recover(rig.blk), 0);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 1);
	cr_expect_eq(done->user_data, 4096);
	cr_expect_eq(done->result, -ETIMEDOUT);
	rig_expect_sum(&rig, 0);
	rig_expect_works(&rig);
	rig_close(&rig);
}

/* Nothing feeds the rest of a cut request after a stop, so the stop itself must end it. */
Test(blk_recover, a_cut_request_is_stopped)
{
	struct kl_blk_completion done[4];

	rig_prepare(&rig);
	rig.config.seg_max = 1;
	rig.config.size_max = 4096;
	model_offer(rig.model, VIRTIO_BLK_F_SIZE_MAX);
	rig_apply_config(&rig);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	rig_start(&rig, &(struct kl_blk_conf){0});
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 1 << 20));
	cr_expect_eq(kl_blk_stop(rig.blk), 0);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 1);
	cr_expect_eq(done->result, -ECANCELED);
	rig_expect_sum(&rig, 0);
	rig_close(&rig);
}

Test(blk_recover, done_in_time_but_not_yet_polled)
{
	struct kl_blk_completion done[4];

	rig_open(&rig);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 4096, 0, 4096));
	model_process(rig.model, 0, 1);
	cr_expect_eq(kl_blk_stop(rig.blk), 0);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 2);
	cr_expect_eq(done[0].result, 0);
	cr_expect_eq(done[1].result, -ECANCELED);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 0);
	rig_expect_sum(&rig, 0);
	cr_assert_eq(kl_blk_start(rig.blk, &(struct kl_blk_conf){0}), 0);
	rig_expect_works(&rig);
	rig_close(&rig);
}

Test(blk_recover, the_reset_never_ends)
{
	struct kl_blk_completion done[4];
	unsigned int held;

	open_with_timeout(1);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	pass_ms(5);
	poll_until_halted();
	held = rig.model->allocated;
	kl__reset_timeout_ms = 20;
	rig.model->script.reset_reads = MODEL_NEVER;
	cr_expect_eq(kl_blk_recover(rig.blk), -ETIMEDOUT);
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_LOST);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 0, "the device may still write");
	cr_expect_eq(kl_blk_recover(rig.blk), 0);
	cr_expect_eq(kl_blk_start(rig.blk, &(struct kl_blk_conf){0}), -EIO);
	kl_device_close(rig.device);
	rig.device = NULL;
	cr_expect_eq(rig.model->allocated, held, "what it may write stays allocated");
	while (model_forgive(rig.model, ""))
		;
	model_free(rig.model);
}

Test(blk_recover, gone_from_the_bus)
{
	struct kl_blk_completion done[4];

	open_with_timeout(1);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	pass_ms(5);
	poll_until_halted();
	rig.model->script.is_gone = true;
	cr_expect_eq(kl_blk_recover(rig.blk), -EIO);
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_LOST);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 1);
	cr_expect_eq(done->result, -ETIMEDOUT);
	kl_device_close(rig.device);
	rig.device = NULL;
	cr_expect_eq(rig.model->allocated, 0);
	while (model_forgive(rig.model, ""))
		;
	model_free(rig.model);
}

/* Each lie halts the queue; a recovery makes it work again. */
static void try_lie(uint32_t id, bool is_index)
{
	struct kl_blk_completion done[4];
	struct kl_blk_queue_stats stats;

	rig_open(&rig);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	model_observe(rig.model, 0);
	if (is_index)
		model_lie_index(rig.model, 0, 2);
	else
		model_lie_used(rig.model, 0, id, 1);
	poll_until_halted();
	cr_expect_eq(kl_blk_recover(rig.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 1);
	cr_expect_eq(done->result, -ECANCELED);
	kl_blk_queue_stats_get(rig.blk, 0, &stats);
	cr_expect_eq(stats.queue.bad_used, 1);
	rig_expect_works(&rig);
	rig_close(&rig);
}

Test(blk_recover, used_index_too_far)
{
	ONLY_IF(!ring_is("packed"));
	try_lie(0, true);
}

Test(blk_recover, used_id_beyond_the_ring)
{
	try_lie(RIG_RING, false);
}

Test(blk_recover, used_id_not_in_flight)
{
	try_lie(5, false);
}

Test(blk_recover, the_device_asks_for_a_reset)
{
	struct kl_blk_completion done[1];

	rig_open(&rig);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	model_need_reset(rig.model);
	kl_device_event_handle(rig.device);
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_HALTED);
	cr_expect_eq(kl_blk_recover(rig.blk), 0);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, -ECANCELED);
	rig_expect_works(&rig);
	rig_close(&rig);
}

/* After the recovery the device offers less, or nothing that can be used. */
Test(blk_recover, the_device_comes_back_different)
{
	struct kl_blk_completion done[1];

	open_with_timeout(1);
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	pass_ms(5);
	poll_until_halted();
	model_offer_not(rig.model, VIRTIO_F_INDIRECT_DESC);
	rig.config.blk_size = 4096;
	rig_apply_config(&rig);
	cr_expect_eq(kl_blk_recover(rig.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 1), 1);
	cr_expect_eq(kl_blk_info(rig.blk)->block_size, 4096);
	rig_expect_works(&rig);
	cr_expect(!rig.log[0].is_indirect);

	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	pass_ms(5);
	poll_until_halted();
	rig.model->script.refuses_features = true;
	cr_expect_eq(kl_blk_recover(rig.blk), -EPROTO);
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_STOPPED);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, -ETIMEDOUT);
	rig_close(&rig);
}

Test(blk_recover, memory_runs_out_at_start)
{
	for (unsigned int at = 1; at <= 4; at++) {
		rig_prepare(&rig);
		cr_assert_eq(rig_attach(&rig, NULL), 0);
		rig.model->script.alloc_fails_at = at;
		cr_expect_eq(kl_blk_start(rig.blk, &(struct kl_blk_conf){0}), -ENOMEM, "%u", at);
		rig.model->script.alloc_fails_at = 0;
		rig_start(&rig, &(struct kl_blk_conf){0});
		rig_expect_works(&rig);
		rig_close(&rig);
	}
}
