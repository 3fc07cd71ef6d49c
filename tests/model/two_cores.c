/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: two_cores kick|sleep ROUNDS SECONDS
 *
 * The store buffering that the models are about, on this machine: our real functions on one core
 * against a device on another, round after round.
 *
 *	kick	publish and check, while the device arms its notification, looks again, sleeps
 *	sleep	arm and look again, while the device uses a buffer and reads what we armed
 *
 * A sleeper is woken only by the other side, so a lost wake-up is a state that nothing can end and
 * needs no patience to be seen. Prints rounds, and exits with 1 at the first that was lost.
 * Compiled with TWIN the driver's fence orders the compiler only, and it must lose one.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ring/barrier.h"
#ifdef TWIN
#define kl__full_fence kl__compiler_fence
#endif
#include "ring/kick.h"
#include "ring/ring.h"
#include "ring/verbs.h"

#define SIZE 8
/* Looks in a row before the other side gets a chance to run on this core. */
#define LOOKS 2000

static struct kl_queue *queue;

/* The bells: each is rung by one side and silenced by the other; who is asleep says so. */
static alignas(KL__CACHE_LINE) uint16_t doorbell;
static alignas(KL__CACHE_LINE) uint16_t interrupt;
static alignas(KL__CACHE_LINE) uint16_t device_sleeps;
static alignas(KL__CACHE_LINE) uint16_t stop;

static void ring_doorbell(const struct kl_notifier *notifier, uint32_t what)
{
	(void)notifier;
	(void)what;
	kl__store_release(&doorbell, 1);
}

/* The same few values in every run, so that the two sides meet at every distance. */
static unsigned int dither(unsigned int *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16 & 63;
}

static void pause_for(unsigned int turns)
{
	for (unsigned int i = 0; i < turns; i++)
		kl__compiler_fence();
}

static bool await(const uint16_t *word)
{
	for (unsigned int looks = 1; kl__load_acquire(word) == 0; looks++) {
		if (kl__load(&stop) != 0)
			return false;
		if (looks % LOOKS == 0)
			sched_yield();
	}
	return true;
}

static void use_all(uint16_t *seen, uint16_t until)
{
	for (; *seen != until; (*seen)++) {
		struct virtq_used_elem *element = &queue->used->ring[*seen & (SIZE - 1)];

		element->id = queue->avail->ring[*seen & (SIZE - 1)];
		element->len = 0;
	}
	kl__store_release(&queue->used->idx, *seen);
}

/* 2.7.10: arm, fence, look again, sleep. The device's own fence is always there. */
static void *device_of_kicks(void *unused)
{
	unsigned int state = 1;
	uint16_t seen = 0, now;

	(void)unused;
	while (kl__load(&stop) == 0) {
		now = kl__load_acquire(&queue->avail->idx);
		if (now != seen) {
			use_all(&seen, now);
			pause_for(dither(&state));
		}
		kl__store(queue->avail_event, seen);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (kl__load_acquire(&queue->avail->idx) != seen)
			continue;
		kl__store_release(&device_sleeps, 1);
		if (!await(&doorbell))
			break;
		kl__store(&device_sleeps, 0);
		kl__store_release(&doorbell, 0);
	}
	return unused;
}

/* 2.7.7: use, fence, compare with what the driver armed, interrupt. */
static void *device_of_sleep(void *unused)
{
	unsigned int state = 1;
	uint16_t seen = 0, before, event;

	(void)unused;
	while (kl__load(&stop) == 0) {
		uint16_t now = kl__load_acquire(&queue->avail->idx);

		if (now == seen) {
			pause_for(1);
			continue;
		}
		pause_for(dither(&state));
		before = seen;
		use_all(&seen, now);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		event = kl__load(queue->used_event);
		if ((uint16_t)(event - before) < (uint16_t)(seen - before))
			kl__store_release(&interrupt, 1);
		/* Told apart from a device that is about to interrupt. */
		kl__store_release(&device_sleeps, seen);
	}
	return unused;
}

static void post_one(void)
{
	struct kl__piece piece = {.address = 4096, .length = 1};

	if (kl__queue_add(queue, &piece, 0, 1, queue) != 0)
		abort();
	kl__ring_publish(queue, 0);
}

static void take_all(void)
{
	uint32_t length;

	while (kl__queue_take(queue, &length) != NULL)
		;
}

/* Posts a buffer and waits until it comes back; false when the device sleeps and nobody rang. */
static bool round_of_kicks(unsigned int *state)
{
	pause_for(dither(state));
	post_one();
	kl__kick_check(queue);
	for (unsigned int looks = 1; kl__load(&queue->used->idx) != queue->published; looks++) {
		/* The bell first: the device leaves its sleep before it silences it. */
		if (!queue->kick.last_sent && kl__load_acquire(&doorbell) == 0 &&
			kl__load_acquire(&device_sleeps) != 0 &&
			kl__load(&queue->used->idx) != queue->published)
			return false;
		if (looks % LOOKS == 0)
			sched_yield();
	}
	take_all();
	return true;
}

/* Posts a buffer, arms and sleeps; false when it was used and no interrupt came. */
static bool round_of_sleep(unsigned int *state)
{
	post_one();
	pause_for(dither(state));
	if (!kl__ring_arm(queue, 0)) {
		for (unsigned int looks = 1; kl__load_acquire(&interrupt) == 0; looks++) {
			if (kl__load_acquire(&device_sleeps) == queue->published &&
				kl__load_acquire(&interrupt) == 0)
				return false;
			if (looks % LOOKS == 0)
				sched_yield();
		}
	}
	/* Till the device has said whether it interrupts, so that the bell is quiet in the next round. */
	for (unsigned int looks = 1; kl__load_acquire(&device_sleeps) != queue->published; looks++)
		if (looks % LOOKS == 0)
			sched_yield();
	kl__store(&interrupt, 0);
	kl__ring_disarm(queue, 0);
	take_all();
	return true;
}

static void make_queue(void)
{
	struct kl__queue_shape shape = {.size = SIZE, .event_idx = true, .ticks_per_second = 1};
	struct kl__queue_layout layout;
	void *shared, *own;

	kl__queue_layout(&shape, &layout);
	shared = aligned_alloc(KL__LAYOUT_ALIGN,
		(layout.bytes + KL__LAYOUT_ALIGN - 1) / KL__LAYOUT_ALIGN * KL__LAYOUT_ALIGN);
	own = aligned_alloc(KL__CACHE_LINE, kl__queue_private_bytes(&shape));
	if (shared == NULL || own == NULL)
		abort();
	memset(shared, 0, layout.bytes);
	memset(own, 0, kl__queue_private_bytes(&shape));
	queue = kl__queue_init(own, shared, 0, &shape);
	queue->notifier.notify = ring_doorbell;
}

/* The n-th of the CPUs that we may use; false when there are too few. */
static bool pin(pthread_t thread, int n)
{
	cpu_set_t allowed, one;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || n-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return pthread_setaffinity_np(thread, sizeof(one), &one) == 0;
	}
	return false;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	bool kicks = argc > 1 && strcmp(argv[1], "kick") == 0, holds = true;
	uint64_t rounds = 0, limit = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	double start = seconds(), until = start + (argc > 3 ? atof(argv[3]) : 0);
	unsigned int state = 2;
	pthread_t device;

	if (argc != 4 || limit == 0)
		return 2;
	make_queue();
	if (pthread_create(&device, NULL, kicks ? device_of_kicks : device_of_sleep, NULL) != 0)
		return 2;
	if (!pin(device, 1) || !pin(pthread_self(), 0)) {
		printf("this machine has one core only\n");
		return 2;
	}
	while (holds && rounds < limit && (rounds % 1024 != 0 || seconds() < until)) {
		holds = kicks ? round_of_kicks(&state) : round_of_sleep(&state);
		rounds++;
	}
	kl__store(&stop, 1);
	pthread_join(device, NULL);
	printf("%" PRIu64 " rounds in %.1f s, %" PRIu64 " kicks sent, %" PRIu64 " not wanted%s\n",
		rounds, seconds() - start, queue->stats.kicks_sent, queue->stats.kicks_suppressed,
		holds ? "" : "; the last was lost");
	return holds ? 0 : 1;
}
