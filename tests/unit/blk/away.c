/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A back end that goes away under a running device, and is found again after a while: what was in
 * flight completes when it goes, and nothing is taken until it is back.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"

static struct blk_fixture fixture;

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
		fixture.fake->script.is_gone = false;
		transport->ops->set_status(transport, 0);
	}
	return meeting;
}

static void open_leavable(void)
{
	fixture_prepare(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	usual = fixture.device->transport->ops;
	leavable = *usual;
	leavable.reconnect = reconnect;
	fixture.device->transport->ops = &leavable;
	meeting = 0;
	fixture_start(&fixture, &(struct kl_blk_conf){0});
}

/* Until it has been looked for so many times in vain. */
static void leave(unsigned int times)
{
	fixture.fake->script.is_gone = true;
	absences = times;
	kl_device_event_handle(fixture.device);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_HALTED);
}

static void close_leavable(void)
{
	/* Violations by register writes while the device was disconnected. */
	while (fake_take_violation(fixture.fake, ""))
		;
	fixture_close(&fixture);
}

Test(away, the_back_end_goes_and_returns)
{
	struct kl_blk_completion done[4];
	struct kl_blk_queue_stats stats;

	open_leavable();
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 4096, 0, 4096));
	fake_process(fixture.fake, 0, 1);
	leave(2);
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN, "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_AWAY);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 2, "all has completed while it is away");
	cr_expect_eq(done[0].result, 0);
	cr_expect_eq(done[1].result, -ECANCELED);
	cr_expect_eq(kl_blk_submit(fixture.blk, 0, &(struct kl_blk_request){.op = KL_BLK_FLUSH}, 1),
		0);
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_RUNNING);
	kl_blk_queue_stats_get(fixture.blk, 0, &stats);
	cr_expect_eq(stats.resets, 1);
	fixture_expect_sum(&fixture, 0);
	fixture_expect_works(&fixture);
	close_leavable();
}

static unsigned int later_absences;

/* Disconnects when the driver writes the features it accepts. */
static void leave_again(struct kl__transport *transport, const struct kl_features *features)
{
	(void)transport;
	(void)features;
	fixture.fake->script.is_gone = true;
	absences = later_absences;
}

static void try_leaving_twice(unsigned int times)
{
	open_leavable();
	leave(0);
	later_absences = times;
	leavable.set_features = leave_again;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN, "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_AWAY);
	leavable.set_features = usual->set_features;
	for (unsigned int i = 1; i < times; i++)
		cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	fixture_expect_works(&fixture);
	close_leavable();
}

/* Without a pause the back end is connected again before the driver stops its recovery. */
Test(away, the_back_end_goes_twice)
{
	try_leaving_twice(0);
	try_leaving_twice(3);
}

Test(away, stopped_without_a_back_end)
{
	struct kl_blk_completion done[1];

	open_leavable();
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	leave(2);
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_STOPPED);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, -ECANCELED);
	cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), -EAGAIN);
	cr_expect(logged("its back end is not there"), "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_expect_works(&fixture);
	close_leavable();
}

Test(away, something_else_returns)
{
	open_leavable();
	leave(0);
	meeting = -EPROTO;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EPROTO);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_FAILED);
	close_leavable();
}

/* A back end that was restarted while the device was stopped: the start connects to the new one. */
Test(away, restarted_while_stopped)
{
	open_leavable();
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	fixture.fake->script.is_gone = true;
	absences = 0;
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_expect_works(&fixture);
	close_leavable();
}
