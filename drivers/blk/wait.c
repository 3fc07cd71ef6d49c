/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting for completions: poll, then sleep without a missed wake-up. 2.7.7.1, 2.7.10. */
#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "deadline.h"
#include "ring/clock.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "start.h"
#include "state.h"

#define NS_PER_SECOND UINT64_C(1000000000)
/* With requests in flight no thread sleeps longer without reading the ring. */
#define SLEEP_NS NS_PER_SECOND
/* The same while the control thread is at work on the queue; it wakes all when it is done. */
#define CLOSED_SLEEP_MS 1

void blk_wake_all(struct kl_device *device)
{
	const struct kl_blk *blk = kl_device_private(device);
	const uint64_t one = 1;

	for (uint16_t i = 0; i < blk->queue_count; i++) {
		int fd = kl_blk_queue_event_fd(blk, i);

		/* A counter that is full wakes as well. */
		if (fd >= 0 && write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
			return;
	}
}

static bool is_idle(const struct blk_queue *queue)
{
	return queue->ring->avail_idx == queue->ring->used_idx && queue->ready_count == 0 &&
		queue->waiting == NULL;
}

static bool arm_queue(struct blk_queue *queue)
{
	/* A pending decision can't be made while the thread sleeps. */
	kl__kick_flush(queue->ring);
	return queue->ready_count > 0 || kl__queue_arm(queue->ring);
}

bool kl_blk_arm(struct kl_blk *blk, uint16_t queue)
{
	struct blk_queue *q;
	bool has_work = true;

	if (!blk_has_queue(blk, queue))
		return has_work;
	q = blk->queues[queue];
	if (kl__gate_enter(&q->gate))
		has_work = arm_queue(q);
	kl__gate_leave(&q->gate);
	return has_work;
}

void kl_blk_disarm(struct kl_blk *blk, uint16_t queue)
{
	struct blk_queue *q;

	if (!blk_has_queue(blk, queue))
		return;
	q = blk->queues[queue];
	if (kl__gate_enter(&q->gate))
		kl__queue_disarm(q->ring);
	kl__gate_leave(&q->gate);
}

/* Ticks that a sleep may last: until the earliest deadline of a request, and at most SLEEP_NS. */
static uint64_t sleep_ticks(const struct blk_queue *queue, uint64_t now)
{
	uint64_t limit = queue->blk->ticks_per_second / (NS_PER_SECOND / SLEEP_NS), due;

	if (queue->timeout_ticks == 0)
		return limit;
	/* A longer time between two checks would count as a stop of the program. */
	if (limit > queue->timeout_ticks / 4)
		limit = queue->timeout_ticks / 4;
	due = queue->oldest + queue->timeout_ticks;
	if (due <= now)
		return 1;
	return due - now < limit ? due - now : limit;
}

enum readiness { SLEEP, POLL, IDLE };

static enum readiness prepare_sleep(struct blk_queue *queue, uint64_t now, uint64_t *ticks)
{
	enum readiness readiness = POLL;

	if (kl__gate_enter(&queue->gate)) {
		if (is_idle(queue)) {
			readiness = IDLE;
		} else if (!arm_queue(queue)) {
			uint64_t limit = sleep_ticks(queue, now);

			readiness = SLEEP;
			if (*ticks > limit)
				*ticks = limit;
		}
	}
	kl__gate_leave(&queue->gate);
	return readiness;
}

/* Without fd, which is -1 then, only the time ends the sleep. 0, or -EINTR. */
static int sleep_on(int fd, uint64_t ns)
{
	const struct timespec limit = {(time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND)};
	struct pollfd poll = {.fd = fd, .events = POLLIN};
	uint64_t count;
	int rc = ppoll(&poll, 1, &limit, NULL);

	if (rc > 0 && !kl__eventfd_read(fd, &count) && errno != EAGAIN)
		return -EINTR;
	return rc < 0 ? -EINTR : 0;
}

/* Checks for late requests and for a lost notification, after a sleep without completions. */
static void check_after_sleep(struct blk_queue *queue)
{
	if (kl__gate_enter(&queue->gate)) {
		kl__queue_disarm(queue->ring);
		kl__kick_watchdog(queue->ring);
		blk_check_deadlines(queue);
	}
	kl__gate_leave(&queue->gate);
}

static uint64_t ns_of(const struct kl_blk *blk, uint64_t ticks)
{
	return (uint64_t)((double)ticks * 1e9 / (double)blk->ticks_per_second) + 1;
}

/*
 * Sleeps for at most ticks, unless there is something to do. 0, -EINTR, or -ENOENT when nothing
 * is in flight.
 */
static int sleep_until_due(struct kl_blk *blk, struct blk_queue *queue, int fd, uint64_t ticks)
{
	const uint64_t closed_ticks = CLOSED_SLEEP_MS * blk->ticks_per_second / 1000;
	uint64_t now = kl__clock();
	int rc = 0;

	if (kl__load(&queue->gate.state) != KL__GATE_OPEN)
		return sleep_on(fd, ns_of(blk, KL__MIN(ticks, closed_ticks)));
	/* Nothing would wake it: the queue is polled. */
	if (fd < 0)
		return 0;
	switch (prepare_sleep(queue, now, &ticks)) {
	case IDLE:
		return -ENOENT;
	case SLEEP:
		rc = sleep_on(fd, ns_of(blk, ticks));
		/* fall through */
	case POLL:
		check_after_sleep(queue);
	}
	return rc;
}

/* Polls until min completions are there, or the clock reads until. */
static uint16_t poll_until(struct kl_blk *blk, uint16_t queue,
	struct kl_blk_completion *completions, uint16_t min, uint16_t max, uint64_t until)
{
	uint16_t n = 0;

	do {
		n += kl_blk_poll(blk, queue, completions + n, max - n);
	} while (n < min && kl__clock() < until);
	return n;
}

static uint64_t deadline_of(const struct kl_blk *blk, uint64_t now, uint64_t timeout_ns)
{
	double ticks = (double)timeout_ns * (double)blk->ticks_per_second / 1e9;

	return ticks >= (double)(UINT64_MAX / 2) ? UINT64_MAX : now + (uint64_t)ticks;
}

int kl_blk_wait(struct kl_blk *blk, uint16_t queue, struct kl_blk_completion *completions,
	uint16_t min, uint16_t max, uint64_t timeout_ns)
{
	uint64_t now = kl__clock(), deadline = deadline_of(blk, now, timeout_ns);
	int fd = kl_blk_queue_event_fd(blk, queue);
	uint16_t n = 0;

	/* Queues of an earlier start with more of them are there, and of no use. */
	if (!blk_has_queue(blk, queue) || queue >= kl__load(&blk->queue_count))
		return kl_blk_state(blk) == KL_DEVICE_RUNNING ? -EINVAL : -ESHUTDOWN;
	if (min > max)
		min = max;
	for (;;) {
		uint64_t spun = now + blk->spin_ticks;

		n += poll_until(blk, queue, completions + n, n < min ? min - n : 0, max - n,
			spun < deadline ? spun : deadline);
		now = kl__clock();
		if (n >= min || now >= deadline)
			return n;
		if (kl_blk_state(blk) != KL_DEVICE_RUNNING ||
			__atomic_load_n(&blk->queues[queue]->gate.stays_closed, __ATOMIC_RELAXED))
			return n > 0 ? n : -ESHUTDOWN;
		if (sleep_until_due(blk, blk->queues[queue], fd, deadline - now) != 0)
			return n;
		now = kl__clock();
	}
}
