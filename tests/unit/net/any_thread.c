/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions that any thread may call, called while the control thread recovers, stops and starts
 * the device: what they read lives as long as the device. Memory that was freed is seen by the
 * address sanitizer at the latest.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <criterion/criterion.h>

#include "core/device.h"
#include "net_fixture.h"
#include "state.h"

#define THREADS 2
#define RECOVERIES 1000

static struct net_fixture fixture;
static bool stop;

struct reader {
	pthread_t thread;
	uint64_t turns;
	uint64_t posted; /* the largest seen, of all queues */
	unsigned int decreases;
};

static void read_queue(struct reader *reader, enum kl_net_direction direction, uint64_t *posted)
{
	struct kl_net_queue_stats stats;
	struct kl_net_queue_info info;

	if (kl_net_queue_stats_get(fixture.net, direction, 0, &stats) == 0)
		*posted += stats.queue.posted;
	(void)kl_net_queue_info_get(fixture.net, direction, 0, &info);
	reader->turns++;
}

static void *read_all_the_time(void *context)
{
	struct reader *reader = context;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		uint64_t posted = 0;

		(void)kl_net_state(fixture.net);
		(void)kl_net_queue_event_fd(fixture.net, 0);
		(void)kl_device_info(fixture.device)->name;
		(void)kl_device_has_control_queues(fixture.device);
		read_queue(reader, KL_NET_RX, &posted);
		read_queue(reader, KL_NET_TX, &posted);
		if (posted < reader->posted)
			reader->decreases++;
		else
			reader->posted = posted;
	}
	return NULL;
}

/* The thread of the queue: it polls, arms and disarms. */
static void *poll_all_the_time(void *context)
{
	struct rte_mbuf *packets[4];
	uint64_t *turns = context;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		(void)kl_net_rx_burst(fixture.net, 0, packets, 4);
		(void)kl_net_rx_arm(fixture.net, 0);
		kl_net_rx_disarm(fixture.net, 0);
		(void)kl_net_tx_burst(fixture.net, 0, NULL, 0);
		kl_net_tx_kick(fixture.net, 0);
		++*turns;
	}
	return NULL;
}

static void open_with_interrupts(void)
{
	net_prepare(&fixture);
	fixture.fake->script.msix_vectors = 2;
	fixture.conf.rx_interrupts = true;
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
}

static void recover_often(void)
{
	for (unsigned int i = 0; i < RECOVERIES; i++) {
		kl__device_renew_recoveries(fixture.device);
		fake_need_reset(fixture.fake);
		cr_assert_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
		forget_log();
		if (i % 100 != 99)
			continue;
		cr_assert_eq(kl_net_stop(fixture.net), 0, "%s", log_text());
		cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	}
}

Test(any_thread, functions_during_recoveries)
{
	struct reader readers[THREADS] = {0};
	struct kl_net_queue_stats stats;
	pthread_t poller;
	uint64_t turns = 0;

	open_with_interrupts();
	for (unsigned int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&readers[i].thread, NULL, read_all_the_time,
				     &readers[i]),
			0);
	cr_assert_eq(pthread_create(&poller, NULL, poll_all_the_time, &turns), 0);
	recover_often();
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(poller, NULL);
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(readers[i].thread, NULL);
		cr_expect_gt(readers[i].turns, 0);
		cr_expect_eq(readers[i].decreases, 0, "a counter never decreases");
	}
	cr_expect_gt(turns, 0);
	cr_assert_eq(kl_net_queue_stats_get(fixture.net, KL_NET_RX, 0, &stats), 0);
	cr_expect_eq(stats.resets, RECOVERIES);
	net_close(&fixture);
}

/* A thread that stays within a call: nothing is stopped, and traffic goes on once it has left. */
Test(any_thread, a_stop_that_a_thread_holds_up)
{
	struct rte_mbuf *packet;
	uint16_t *inside;

	net_prepare(&fixture);
	/* So that the 5 s of a gate pass at once. */
	fixture.fake->host.ticks_per_second = 1000000;
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	inside = &fixture.net->pairs[0].tx_gate.inside;
	*inside = 1;
	cr_expect_eq(kl_net_stop(fixture.net), -EAGAIN);
	cr_expect(logged("within a call"), "%s", log_text());
	cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_RUNNING);
	*inside = 0;
	cr_expect_eq(kl_net_recover(fixture.net), 0);
	packet = net_packet(&fixture, 100, 7);
	cr_expect_eq(net_send(&fixture, packet), 1);
	cr_expect_eq(net_transmit(&fixture, 64), 1);
	net_expect_sent(&fixture, 100, 7);
	cr_expect_eq(net_start(&fixture), -EBUSY);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	net_close(&fixture);
}

/* The same when the device has to be recovered: it is halted until the thread has left. */
Test(any_thread, a_recovery_that_a_thread_holds_up)
{
	uint16_t *inside;

	net_prepare(&fixture);
	fixture.fake->host.ticks_per_second = 1000000;
	cr_assert_eq(net_attach(&fixture, NULL), 0, "%s", log_text());
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	inside = &fixture.net->pairs[0].rx_gate.inside;
	*inside = 1;
	fake_need_reset(fixture.fake);
	cr_expect_eq(kl_net_recover(fixture.net), -EAGAIN);
	cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_HALTED);
	*inside = 0;
	cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
	cr_expect_eq(kl_net_state(fixture.net), KL_DEVICE_RUNNING);
	cr_expect_eq(net_send(&fixture, net_packet(&fixture, 100, 7)), 1);
	cr_expect_eq(net_transmit(&fixture, 64), 1);
	net_close(&fixture);
}

/* From now on membarrier(2) fails in this process, as in a sandbox. */
static void forbid_membarrier(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* A process may be sandboxed after its devices were started. */
Test(any_thread, membarrier_fails_after_the_start)
{
	uint64_t turns = 0;
	pthread_t poller;

	open_with_interrupts();
	cr_expect_not(logged("membarrier"), "%s", log_text());
	cr_expect_not(fixture.net->pairs[0].tx_gate.needs_fence);
	cr_assert_eq(pthread_create(&poller, NULL, poll_all_the_time, &turns), 0);
	forbid_membarrier();
	for (unsigned int i = 0; i < 20; i++) {
		kl__device_renew_recoveries(fixture.device);
		fake_need_reset(fixture.fake);
		cr_expect_eq(kl_net_recover(fixture.net), 0, "%s", log_text());
		cr_expect_eq(logged("membarrier(2) fails"), i == 0, "%s", log_text());
		forget_log();
	}
	cr_expect(fixture.net->pairs[0].rx_gate.needs_fence);
	cr_expect(fixture.net->pairs[0].tx_gate.needs_fence);
	cr_expect_eq(kl_net_stop(fixture.net), 0);
	cr_assert_eq(net_start(&fixture), 0, "%s", log_text());
	cr_expect(fixture.net->pairs[0].tx_gate.needs_fence, "it is known at the start");
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(poller, NULL);
	net_close(&fixture);
}
