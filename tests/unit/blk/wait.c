/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting and sleeping. The device completes before the sleep, or a second thread wakes
 * the sleeping one.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "state.h"

static struct blk_fixture fixture;

static void open_with_vectors(unsigned int vectors)
{
	fixture_prepare(&fixture);
	fixture.fake->script.msix_vectors = vectors;
	fake_rebuild(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){.spin_ns = 1000});
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void *complete_later(void *context)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	(void)context;
	nanosleep(&pause, NULL);
	fake_process(fixture.fake, 0, FIXTURE_RING);
	return NULL;
}

Test(wait, the_interrupt_wakes)
{
	struct kl_blk_completion done[4];
	pthread_t device;

	open_with_vectors(2);
	cr_expect_geq(kl_blk_queue_event_fd(fixture.blk, 0), 0);
	for (unsigned int i = 0; i < 3; i++) {
		fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
		fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 512, 0, 512));
		cr_assert_eq(pthread_create(&device, NULL, complete_later, NULL), 0);
		cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 2, 4, 5000000000), 2);
		pthread_join(device, NULL);
	}
	cr_expect_geq(fixture.fake->queue[0].interrupts, 3);
	fixture_close(&fixture);
}

Test(wait, without_an_interrupt_it_polls)
{
	struct kl_blk_completion done[4];
	pthread_t device;

	open_with_vectors(1);
	cr_expect_eq(kl_blk_queue_event_fd(fixture.blk, 0), -1);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
	cr_assert_eq(pthread_create(&device, NULL, complete_later, NULL), 0);
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 4, 5000000000), 1);
	pthread_join(device, NULL);
	cr_expect_eq(fixture.fake->queue[0].interrupts, 0);
	fixture_close(&fixture);
}

Test(wait, the_time_ends)
{
	struct kl_blk_completion done[4];
	uint64_t start;

	open_with_vectors(2);
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 4, UINT64_MAX), 0,
		"nothing is in flight");
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
	start = now_ms();
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 4, 30000000), 0);
	cr_expect_lt(now_ms() - start, 1000);
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 0, 4, UINT64_MAX), 0);
	cr_expect_eq(fixture_drain(&fixture, done, 4), 1);
	fixture_close(&fixture);
}

/* A completion between the last poll and the arming is seen without an interrupt. */
Test(wait, armed_too_late)
{
	struct kl_blk_completion done[4];
	struct kl_blk_request bad = {.op = 99};

	open_with_vectors(2);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
	cr_expect(!kl_blk_arm(fixture.blk, 0));
	kl_blk_disarm(fixture.blk, 0);
	fake_process(fixture.fake, 0, 1);
	cr_expect_eq(fixture.fake->queue[0].interrupts, 0);
	cr_expect(kl_blk_arm(fixture.blk, 0));
	kl_blk_disarm(fixture.blk, 0);
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 4, UINT64_MAX), 1);
	fixture_submit(&fixture, bad);
	cr_expect(kl_blk_arm(fixture.blk, 0), "what was refused waits to be polled");
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 4, UINT64_MAX), 1);
	fixture_close(&fixture);
}

/* A pending kick is made before a sleep. Otherwise nothing would ever wake us. */
Test(wait, no_sleep_with_a_kick_pending)
{
	struct kl_blk_completion done[4];

	fixture_prepare(&fixture);
	fixture.fake->script.msix_vectors = 2;
	fixture.fake->script.serves_doorbells = true;
	fake_rebuild(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture,
		&(struct kl_blk_conf){.kick = {KL_KICK_LAZY, 1000000000}, .spin_ns = 1000});
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
	cr_expect_eq(fixture.fake->queue[0].doorbells, 0);
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 4, 2000000000), 1);
	cr_expect_eq(fixture.fake->queue[0].doorbells, 1);
	fixture_close(&fixture);
}

/* A sleeper with a deadline wakes in time to notice it. */
Test(wait, late_while_asleep)
{
	struct kl_blk_completion done[4];
	uint64_t start = now_ms();

	fixture_prepare(&fixture);
	fixture.fake->script.msix_vectors = 2;
	fake_rebuild(fixture.fake);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){.timeout_ms = 50, .spin_ns = 1000});
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 4, UINT64_MAX), -ESHUTDOWN);
	cr_expect_lt(now_ms() - start, 1000);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0);
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 4, UINT64_MAX), 1);
	cr_expect_eq(done->result, -ETIMEDOUT);
	fixture_close(&fixture);
}

static void *sleep_long(void *context)
{
	struct kl_blk_completion done[4];
	int *result = context;

	*result = kl_blk_wait(fixture.blk, 0, done, 1, 4, UINT64_MAX);
	return NULL;
}

/* The control thread stops the device under a sleeping queue thread, which wakes and leaves. */
Test(wait, stopped_under_a_sleeper)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	struct kl_blk_completion done[4];
	pthread_t sleeper;
	uint64_t start;
	int result = 0;

	open_with_vectors(2);
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 512));
	cr_assert_eq(pthread_create(&sleeper, NULL, sleep_long, &result), 0);
	nanosleep(&pause, NULL);
	start = now_ms();
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	pthread_join(sleeper, NULL);
	cr_expect_lt(now_ms() - start, 500);
	/* Either it saw the completion or only the stop; it must not be lost. */
	if (result == -ESHUTDOWN)
		cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 1);
	else
		cr_expect_eq(result, 1);
	fixture_close(&fixture);
}

static struct rusage use_of_thread(void)
{
	struct rusage use;

	cr_assert_eq(getrusage(RUSAGE_THREAD, &use), 0);
	return use;
}

/* A recovery that waits for an answer of the device keeps the gates of a running one closed. */
static void wait_at_a_gate(unsigned int vectors)
{
	struct kl_blk_completion done[1];
	struct rusage before, after;
	struct kl__gate *gate;

	open_with_vectors(vectors);
	gate = &fixture.blk->queues[0]->gate;
	kl__gate_set(gate, KL__GATE_CLOSED);
	before = use_of_thread();
	cr_expect_eq(kl_blk_wait(fixture.blk, 0, done, 1, 1, 300000000), 0);
	after = use_of_thread();
	/* The fake device's host gives a clock that may be slower than the real one. */
	cr_expect_geq(after.ru_nvcsw - before.ru_nvcsw, 10, "it sleeps");
	cr_expect_leq(after.ru_nvcsw - before.ru_nvcsw, 600, "it sleeps for some time");
	kl__gate_set(gate, KL__GATE_OPEN);
	fixture_close(&fixture);
}

Test(wait, a_closed_gate)
{
	wait_at_a_gate(2);
	wait_at_a_gate(1);
}
