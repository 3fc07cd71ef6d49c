/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recoveries while queue threads run: each recovery frees the rings under them, so a thread that is
 * within a call when it should not be is seen by the address sanitizer at the latest.
 */
#include <pthread.h>
#include <time.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "state.h"

#define THREADS 3
#define RECOVERIES 300

static struct blk_fixture fixture;
static bool stop;

struct worker {
	pthread_t thread;
	uint16_t queue;
	uint64_t taken;
	uint64_t completed;
	bool is_wrong;
};

static void take_completions(struct worker *worker, bool sleeps)
{
	struct kl_blk_completion done[8];
	int n = sleeps ? kl_blk_wait(fixture.blk, worker->queue, done, 1, 8, 100000) :
			 kl_blk_poll(fixture.blk, worker->queue, done, 8);

	for (int i = 0; i < n; i++)
		worker->is_wrong |= done[i].user_data != worker->completed++;
}

/* Requests that the driver refuses itself: the fake device has only one thread. */
static void *work(void *context)
{
	struct worker *worker = context;
	struct kl_blk_request refused = {.op = 99};

	for (uint64_t i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		refused.user_data = worker->taken;
		__atomic_fetch_add(&worker->taken,
			kl_blk_submit(fixture.blk, worker->queue, &refused, 1), __ATOMIC_RELAXED);
		take_completions(worker, i % 16 == 0);
	}
	return NULL;
}

static void open_queues(void)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_MQ);
	fixture.config.num_queues = THREADS;
	fixture.fake->script.num_queues = THREADS;
	fixture.fake->script.msix_vectors = THREADS + 1;
	for (unsigned int i = 0; i < THREADS; i++)
		fixture.fake->script.queue_size[i] = fixture.fake->queue[i].size = FIXTURE_RING;
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, NULL), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){.queues = THREADS, .timeout_ms = 1000});
}

/* On a busy machine a thread may get no core for longer than all recoveries take. */
static void await_work(const struct worker *worker)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned int ms = 0;
		ms < 20000 && __atomic_load_n(&worker->taken, __ATOMIC_RELAXED) == 0; ms++)
		nanosleep(&pause, NULL);
}

Test(gate, recoveries_under_running_threads)
{
	struct worker workers[THREADS] = {0};
	const struct timespec pause = {.tv_nsec = 200000};

	open_queues();
	for (uint16_t i = 0; i < THREADS; i++) {
		workers[i].queue = i;
		cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		await_work(&workers[i]);
	for (unsigned int i = 0; i < RECOVERIES; i++) {
		nanosleep(&pause, NULL);
		kl__device_renew_recoveries(fixture.device);
		kl_device_halt(fixture.device, NULL, "the test wants it");
		cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
		forget_log();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		take_completions(&workers[i], false);
		cr_expect_eq(workers[i].taken, workers[i].completed);
		cr_expect_gt(workers[i].taken, 0);
		cr_expect(!workers[i].is_wrong);
	}
	fixture_close(&fixture);
}
