/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: two_cores split|packed kick|sleep ROUNDS SECONDS
 *
 * The store buffering that the models are about, on this machine: our real functions on one core
 * against a device on another, round after round.
 *
 *	kick	publish and check, while the device arms its notification, checks again, sleeps
 *	sleep	arm and check again, while the device uses a buffer and reads our event field
 *
 * A sleeper is woken only by the other side, so a lost wake-up is a state that nothing can end and
 * needs no timeout to be seen. Prints rounds, and exits with 1 at the first that was lost. Compiled
 * with MUTANT the driver's fence orders the compiler only, and it must lose one.
 *
 * SECONDS are of CPU time, and of the thread that got less of it: on a machine with other work both
 * still try for so long.
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
#ifdef MUTANT
#define kl__device_fence(is_on_bus) kl__compiler_fence()
#endif
#include "ring/create.h"
#include "ring/kick.h"
#include "ring/used.h"
#include "ring/verbs.h"

#define SIZE 8
/* Looks in a row before the other side gets a chance to run on this core. */
#define LOOKS 2000
#define DELAY_MAX 4096

static struct kl_queue *queue;
static bool is_packed;

/*
 * The doorbells. Each is rung by one side and cleared by the other. A side that sleeps
 * sets its flag.
 */
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

/* The same few values in every run, so that the two sides meet at every small distance. */
static unsigned int dither(unsigned int *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16 & 7;
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

/* The device's side of either ring: where it is in buffers, and of a packed one also the place. */
struct device {
	uint16_t seen;
	uint16_t place;
	bool wrap;
};

static bool has_new(const struct device *device)
{
	uint16_t flags;

	if (!is_packed)
		return kl__load_acquire(&queue->avail->idx) != device->seen;
	flags = kl__load_acquire(&queue->packed[device->place].flags);
	return ((flags & VIRTQ_DESC_F_AVAIL) != 0) == device->wrap &&
		((flags & VIRTQ_DESC_F_USED) != 0) != device->wrap;
}

static void use_one(struct device *device)
{
	struct virtq_used_elem *element;

	if (is_packed) {
		struct pvirtq_desc *descriptor = &queue->packed[device->place];

		descriptor->len = 0;
		kl__store_release(&descriptor->flags, device->wrap ? KL__PACKED_WRAP : 0);
		device->seen++;
		device->place = (uint16_t)((device->place + 1) % SIZE);
		device->wrap ^= device->place == 0;
		return;
	}
	element = &queue->used->ring[device->seen & (SIZE - 1)];
	element->id = queue->avail->ring[device->seen & (SIZE - 1)];
	element->len = 0;
	kl__store_release(&queue->used->idx, ++device->seen);
}

/* The place where the device is, as an event word names it. */
static uint16_t event_of(const struct device *device)
{
	if (!is_packed)
		return device->seen;
	return (uint16_t)(device->place | (device->wrap ? VIRTQ_EVENT_WRAP : 0));
}

/* 2.7.10, 2.8.10: arm, fence, look again, sleep. The device's own fence is always there. */
static void *device_of_kicks(void *unused)
{
	struct device device = {.wrap = true};
	unsigned int state = 1;

	if (is_packed)
		queue->device_event->flags = RING_EVENT_FLAGS_DESC;
	while (kl__load(&stop) == 0) {
		if (has_new(&device)) {
			use_one(&device);
			/* Slow enough for the driver to come before. */
			pause_for(DELAY_MAX / 16 + dither(&state));
		}
		kl__store(is_packed ? &queue->device_event->desc : queue->avail_event,
			event_of(&device));
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (has_new(&device))
			continue;
		kl__store_release(&device_sleeps, 1);
		if (!await(&doorbell))
			break;
		kl__store(&device_sleeps, 0);
		kl__store_release(&doorbell, 0);
	}
	return unused;
}

/* 2.7.7, 2.8.10: use, fence, compare with what the driver armed, interrupt. */
static void *device_of_sleep(void *unused)
{
	struct device device = {.wrap = true};
	unsigned int state = 1;

	while (kl__load(&stop) == 0) {
		uint16_t used_at = event_of(&device);
		bool is_wanted;

		if (!has_new(&device)) {
			pause_for(1);
			continue;
		}
		pause_for(dither(&state));
		use_one(&device);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		is_wanted = is_packed ?
			kl__load(&queue->driver_event->flags) == RING_EVENT_FLAGS_DESC &&
				kl__load(&queue->driver_event->desc) == used_at :
			kl__load(queue->used_event) == used_at;
		if (is_wanted)
			kl__store_release(&interrupt, 1);
		/* Told apart from a device that is about to interrupt. */
		kl__store_release(&device_sleeps, device.seen);
	}
	return unused;
}

/*
 * The delay converges to the point where the outcome changes, since the side that came late in this
 * round starts earlier in the next one. So nearly every round is a race, on any machine.
 */
static unsigned int delay;

static void adjust_delay(bool was_late)
{
	if (was_late && delay > 0)
		delay--;
	else if (!was_late && delay < DELAY_MAX)
		delay++;
}

static unsigned int kind(void)
{
	return is_packed ? KL__RING_PACKED : 0;
}

static void post_one(void)
{
	struct kl__segment segment = {.address = 4096, .length = 1};

	if (kl__queue_add(queue, &segment, 0, 1, queue) != 0)
		abort();
	kl__ring_publish(queue, kind());
}

static bool is_used(void)
{
	return is_packed ? kl__packed_has_used(queue) : kl__split_has_used(queue);
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
	pause_for(delay + dither(state));
	post_one();
	kl__kick_check(queue);
	for (unsigned int looks = 1; !is_used(); looks++) {
		/* The doorbell first: the device leaves its sleep before it clears it. */
		if (!queue->kick.last_sent && kl__load_acquire(&doorbell) == 0 &&
			kl__load_acquire(&device_sleeps) != 0 && !is_used())
			return false;
		if (looks % LOOKS == 0)
			sched_yield();
	}
	adjust_delay(queue->kick.last_sent);
	take_all();
	return true;
}

/* Posts a buffer, arms and sleeps; false when it was used and no interrupt came. */
static bool round_of_sleep(unsigned int *state)
{
	bool was_late;

	post_one();
	pause_for(delay + dither(state));
	was_late = kl__ring_arm(queue, kind());
	if (!was_late) {
		for (unsigned int looks = 1; kl__load_acquire(&interrupt) == 0; looks++) {
			if (kl__load_acquire(&device_sleeps) == queue->published &&
				kl__load_acquire(&interrupt) == 0)
				return false;
			if (looks % LOOKS == 0)
				sched_yield();
		}
	}
	/*
	 * Waits for the device's decision about an interrupt, so that no doorbell comes in
	 * the next round.
	 */
	for (unsigned int looks = 1; kl__load_acquire(&device_sleeps) != queue->published; looks++)
		if (looks % LOOKS == 0)
			sched_yield();
	kl__store(&interrupt, 0);
	kl__ring_disarm(queue, kind());
	adjust_delay(was_late);
	take_all();
	return true;
}

static void make_queue(void)
{
	struct kl__queue_shape shape = {.size = SIZE,
		.kind = (uint8_t)kind(),
		.event_idx = true,
		.ticks_per_second = 1};
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
	queue = aligned_alloc(KL__CACHE_LINE, sizeof(*queue));
	if (queue == NULL)
		abort();
	memset(queue, 0, sizeof(*queue));
	kl__queue_init(queue, own, shared, 0, &shape);
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

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of the thread that got less. */
static double seconds_of_both(pthread_t device)
{
	double own = seconds(CLOCK_THREAD_CPUTIME_ID), other;
	clockid_t clock;

	if (pthread_getcpuclockid(device, &clock) != 0)
		return own;
	other = seconds(clock);
	return own < other ? own : other;
}

static uint64_t race(bool kicks, uint64_t limit, double seconds, pthread_t device, bool *holds)
{
	unsigned int state = 2;
	uint64_t rounds = 0;

	for (*holds = true; *holds && rounds < limit; rounds++) {
		if (rounds % 1024 == 0 && seconds_of_both(device) >= seconds)
			break;
		*holds = kicks ? round_of_kicks(&state) : round_of_sleep(&state);
	}
	return rounds;
}

int main(int argc, char **argv)
{
	bool kicks = argc > 2 && strcmp(argv[2], "kick") == 0, holds;
	uint64_t rounds, limit = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	double start = seconds(CLOCK_MONOTONIC);
	pthread_t device;

	if (argc != 5 || limit == 0)
		return 2;
	is_packed = strcmp(argv[1], "packed") == 0;
	make_queue();
	if (pthread_create(&device, NULL, kicks ? device_of_kicks : device_of_sleep, NULL) != 0)
		return 2;
	if (!pin(device, 1) || !pin(pthread_self(), 0)) {
		printf("this machine has one core only\n");
		return 2;
	}
	rounds = race(kicks, limit, atof(argv[4]), device, &holds);
	kl__store(&stop, 1);
	pthread_join(device, NULL);
	printf("%" PRIu64 " rounds in %.1f s, %" PRIu64 " kicks sent, %" PRIu64 " not wanted%s\n",
		rounds, seconds(CLOCK_MONOTONIC) - start, queue->stats.kicks_sent,
		queue->stats.kicks_suppressed, holds ? "" : "; the last was lost");
	return holds ? 0 : 1;
}
