/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward/lcore.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <criterion/criterion.h>

#include "forward/engine.h"

#define TIMEOUT_S 5

static atomic_bool is_inside; /* the lcore runs an order */
static atomic_bool may_leave;
static atomic_bool has_forwarded;

struct rte_mbuf *__wrap_kl_net_announcement_create(struct kl_net *net, struct rte_mempool *pool);
struct rte_mbuf *__wrap_kl_net_announcement_create(struct kl_net *net, struct rte_mempool *pool)
{
	(void)net;
	(void)pool;
	atomic_store(&is_inside, true);
	while (!atomic_load(&may_leave))
		;
	return NULL;
}

void __wrap_kl_net_tx_kick(struct kl_net *net, uint16_t queue);
void __wrap_kl_net_tx_kick(struct kl_net *net, uint16_t queue)
{
	(void)net;
	(void)queue;
}

/* Counts a packet, so that nothing of the stream is used. */
static bool pretend(struct fwd_stream *stream)
{
	stream->tx_packets++;
	atomic_store(&has_forwarded, true);
	return true;
}

static const struct fwd_engine engine = {.name = "pretend", .burst = pretend};

static void *run_lcore(void *lcore)
{
	lcore_main(lcore);
	return NULL;
}

static bool wait_until(const atomic_bool *flag)
{
	for (int i = 0; i < TIMEOUT_S * 1000 && !atomic_load(flag); i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return atomic_load(flag);
}

static int join_before_timeout(pthread_t thread)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += TIMEOUT_S;
	return pthread_timedjoin_np(thread, NULL, &until);
}

/* The control thread waits a second for an order, and may then send the next one. */
Test(lcore, stop_during_another_order, .timeout = 60)
{
	static struct fwd_stream stream;
	static struct fwd_lcore lcore = {.engine = &engine, .streams = &stream, .stream_count = 1};
	pthread_t thread;

	stream.announces = true;
	cr_assert_eq(pthread_create(&thread, NULL, run_lcore, &lcore), 0);
	cr_assert(wait_until(&has_forwarded));
	atomic_store(&lcore.order, FWD_ANNOUNCE);
	cr_assert(wait_until(&is_inside));
	atomic_store(&lcore.order, FWD_STOP);
	atomic_store(&may_leave, true);
	cr_expect_eq(join_before_timeout(thread), 0, "the lcore goes on after FWD_STOP");
}

Test(lcore, order_is_reset, .timeout = 60)
{
	static struct fwd_stream stream;
	static struct fwd_lcore lcore = {.engine = &engine, .streams = &stream, .stream_count = 1};
	pthread_t thread;

	stream.announces = true;
	atomic_store(&may_leave, true);
	cr_assert_eq(pthread_create(&thread, NULL, run_lcore, &lcore), 0);
	atomic_store(&lcore.order, FWD_ANNOUNCE);
	cr_assert(wait_until(&is_inside));
	for (int i = 0; i < TIMEOUT_S * 1000 && atomic_load(&lcore.order) != FWD_GO_ON; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	cr_expect_eq(atomic_load(&lcore.order), FWD_GO_ON);
	atomic_store(&lcore.order, FWD_STOP);
	cr_expect_eq(join_before_timeout(thread), 0);
}
