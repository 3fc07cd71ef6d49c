/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recoveries while queue threads run: each recovery frees the rings under them, so a thread that is
 * within a call when it should not be is seen by the address sanitizer at the latest.
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "state.h"

#define THREADS 3
#define READERS 2
#define RECOVERIES 1000

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

static void open_with(uint16_t queues)
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
	fixture_start(&fixture, &(struct kl_blk_conf){.queues = queues, .timeout_ms = 1000});
}

static void open_queues(void)
{
	open_with(THREADS);
}

/* On a busy machine a thread may get no core for longer than all recoveries take. */
static void await_work(const struct worker *worker)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned int ms = 0;
		ms < 20000 && __atomic_load_n(&worker->taken, __ATOMIC_RELAXED) == 0; ms++)
		nanosleep(&pause, NULL);
}

/* Functions that any thread may call: what they read lives as long as the device. */
static void *read_all_the_time(void *context)
{
	struct kl_blk_queue_stats stats;
	struct kl_blk_queue_info info;
	uint64_t *turns = context;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (uint16_t i = 0; i <= THREADS; i++) {
			(void)kl_blk_queue_stats_get(fixture.blk, i, &stats);
			(void)kl_blk_queue_info_get(fixture.blk, i, &info);
			(void)kl_blk_queue_event_fd(fixture.blk, i);
		}
		(void)kl_blk_state(fixture.blk);
		(void)kl_device_info(fixture.device)->name;
		++*turns;
	}
	return NULL;
}

/* Memory may be taken from the device by a thread that is not its own, in any of its states. */
static void *query_all_the_time(void *context)
{
	const struct timespec pause = {.tv_nsec = 100000};
	bool *is_wrong = context;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		int rc = kl__device_uses_memory(fixture.device, (uintptr_t)fixture.memory, 4096);

		*is_wrong |= rc != 0 && rc != -EAGAIN;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

Test(gate, recoveries_under_running_threads)
{
	pthread_t readers[READERS], other;
	uint64_t turns[READERS] = {0};
	bool is_wrong = false;

	struct worker workers[THREADS] = {0};
	const struct timespec pause = {.tv_nsec = 200000};

	open_queues();
	for (uint16_t i = 0; i < THREADS; i++) {
		workers[i].queue = i;
		cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < READERS; i++)
		cr_assert_eq(pthread_create(&readers[i], NULL, read_all_the_time, &turns[i]), 0);
	cr_assert_eq(pthread_create(&other, NULL, query_all_the_time, &is_wrong), 0);
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
	pthread_join(other, NULL);
	cr_expect(!is_wrong);
	for (unsigned int i = 0; i < READERS; i++) {
		pthread_join(readers[i], NULL);
		cr_expect_gt(turns[i], 0);
	}
	for (uint16_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		take_completions(&workers[i], false);
		cr_expect_eq(workers[i].taken, workers[i].completed);
		cr_expect_gt(workers[i].taken, 0);
		cr_expect(!workers[i].is_wrong);
	}
	fixture_close(&fixture);
}

static void start_with_more_queues(void)
{
	struct worker worker = {0};

	open_with(1);
	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	cr_assert_eq(pthread_create(&worker.thread, NULL, work, &worker), 0);
	await_work(&worker);
	cr_expect_eq(kl_blk_stop(fixture.blk), 0, "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){.queues = THREADS});
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(worker.thread, NULL);
	fixture_close(&fixture);
}

/* A stopped disk may be polled for what its stop has completed, also while it is started again. */
Test(gate, polled_while_it_is_started_with_more_queues)
{
	for (unsigned int i = 0; i < 100; i++)
		start_with_more_queues();
}

/* There is nothing to wait for, and the wait returns at once. */
Test(gate, a_wait_on_a_queue_that_is_not_there)
{
	struct kl_blk_completion done[1];

	open_queues();
	cr_expect_eq(kl_blk_wait(fixture.blk, THREADS, done, 1, 1, UINT64_MAX), -EINVAL);
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	fixture_start(&fixture, &(struct kl_blk_conf){.queues = 1});
	cr_expect_eq(kl_blk_wait(fixture.blk, 1, done, 1, 1, UINT64_MAX), -EINVAL);
	fixture_close(&fixture);
}
