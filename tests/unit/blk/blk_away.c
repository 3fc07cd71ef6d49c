/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A back end that goes away under a running device, and is found again after a while: what was in
 * flight completes when it goes, and nothing is taken until it is back.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "blk_rig.h"

static struct blk_rig rig;

static const struct kl__transport_ops *usual;
static struct kl__transport_ops leavable;
static unsigned int absences; /* times that it is looked for in vain */
static int meeting; /* how the next meeting ends */

static int reconnect(struct kl__transport *transport)
{
	if (absences > 0) {
		absences--;
		return -EAGAIN;
	}
	if (meeting == 0) {
		rig.model->script.is_gone = false;
		transport->ops->set_status(transport, 0);
	}
	return meeting;
}

static void open_leavable(void)
{
	rig_prepare(&rig);
	cr_assert_eq(rig_attach(&rig, NULL), 0);
	usual = rig.device->transport->ops;
	leavable = *usual;
	leavable.reconnect = reconnect;
	rig.device->transport->ops = &leavable;
	meeting = 0;
	rig_start(&rig, &(struct kl_blk_conf){0});
}

/* Until it has been looked for so many times in vain. */
static void leave(unsigned int times)
{
	rig.model->script.is_gone = true;
	absences = times;
	kl_device_event_handle(rig.device);
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_HALTED);
}

static void close_leavable(void)
{
	/* What it was told while it was not there. */
	while (model_forgive(rig.model, ""))
		;
	rig_close(&rig);
}

Test(blk_away, the_back_end_goes_and_returns)
{
	struct kl_blk_completion done[4];
	struct kl_blk_queue_stats stats;

	open_leavable();
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 4096, 0, 4096));
	model_process(rig.model, 0, 1);
	leave(2);
	cr_expect_eq(kl_blk_recover(rig.blk), -EAGAIN, "%s", log_text());
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_HALTED);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 4), 2, "all has completed while it is away");
	cr_expect_eq(done[0].result, 0);
	cr_expect_eq(done[1].result, -ECANCELED);
	cr_expect_eq(kl_blk_submit(rig.blk, 0, &(struct kl_blk_request){.op = KL_BLK_FLUSH}, 1), 0);
	cr_expect_eq(kl_blk_recover(rig.blk), -EAGAIN);
	cr_expect_eq(kl_blk_recover(rig.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_RUNNING);
	kl_blk_queue_stats_get(rig.blk, 0, &stats);
	cr_expect_eq(stats.resets, 1);
	rig_expect_sum(&rig, 0);
	rig_expect_works(&rig);
	close_leavable();
}

static unsigned int later_absences;

/* Goes when the driver tells it what it takes. */
static void leave_again(struct kl__transport *transport, const struct kl_features *features)
{
	(void)transport;
	(void)features;
	rig.model->script.is_gone = true;
	absences = later_absences;
}

static void try_leaving_twice(unsigned int times)
{
	open_leavable();
	leave(0);
	later_absences = times;
	leavable.set_features = leave_again;
	cr_expect_eq(kl_blk_recover(rig.blk), -EAGAIN, "%s", log_text());
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_HALTED);
	leavable.set_features = usual->set_features;
	for (unsigned int i = 1; i < times; i++)
		cr_expect_eq(kl_blk_recover(rig.blk), -EAGAIN);
	cr_expect_eq(kl_blk_recover(rig.blk), 0, "%s", log_text());
	rig_expect_works(&rig);
	close_leavable();
}

/* Without a break it is back already when the driver gives up on it. */
Test(blk_away, the_back_end_goes_twice)
{
	try_leaving_twice(0);
	try_leaving_twice(3);
}

Test(blk_away, stopped_without_a_back_end)
{
	struct kl_blk_completion done[1];

	open_leavable();
	rig_submit(&rig, rig_data(&rig, KL_BLK_READ, 0, 0, 4096));
	leave(2);
	cr_expect_eq(kl_blk_stop(rig.blk), 0);
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_STOPPED);
	cr_expect_eq(kl_blk_poll(rig.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, -ECANCELED);
	cr_expect_eq(kl_blk_start(rig.blk, &(struct kl_blk_conf){0}), -EAGAIN);
	cr_expect(logged("its back end is not there"), "%s", log_text());
	rig_start(&rig, &(struct kl_blk_conf){0});
	rig_expect_works(&rig);
	close_leavable();
}

Test(blk_away, something_else_returns)
{
	open_leavable();
	leave(0);
	meeting = -EPROTO;
	cr_expect_eq(kl_blk_recover(rig.blk), -EPROTO);
	cr_expect_eq(kl_blk_state(rig.blk), KL_BLK_LOST);
	close_leavable();
}
