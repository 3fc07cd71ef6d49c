/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/kick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ring/clock.h"
#include "ring/used.h"

/*
 * Auto: this many doorbell writes at the deadline in a row show that waiting does not pay. A write
 * that covers several publishes does not count: the wait costs nothing to a sender that continues
 * meanwhile, and the device has more to do each time it is woken.
 */
#define MISSES_TO_EAGER 4
/*
 * Auto, eager: after this many decisions one is deferred again, as a probe of whether waiting pays
 * now. The number doubles each time that it did not, up to the second number.
 */
#define DECISIONS_TO_PROBE 16
#define MOST_DECISIONS_TO_PROBE 4096

int kl_kick_policy_parse(const char *text, struct kl_kick_policy *policy)
{
	char *end;
	unsigned long ns;

	if (strcmp(text, "eager") == 0) {
		*policy = (struct kl_kick_policy){.mode = KL_KICK_EAGER};
		return 0;
	}
	if (strcmp(text, "auto") == 0) {
		*policy = (struct kl_kick_policy){.mode = KL_KICK_AUTO};
		return 0;
	}
	if (strncmp(text, "lazy:", 5) != 0 || text[5] < '0' || text[5] > '9')
		return -EINVAL;
	errno = 0;
	ns = strtoul(text + 5, &end, 10);
	if (errno != 0 || *end != '\0' || ns < 1 || ns > 1000000000)
		return -EINVAL;
	*policy = (struct kl_kick_policy){.mode = KL_KICK_LAZY, .wait_ns = (uint32_t)ns};
	return 0;
}

bool kl__packed_kick_wanted(const struct kl_queue *queue, uint16_t window)
{
	const void *area = queue->device_event;
	uint32_t word = kl__load32(area);
	uint16_t event = word & (VIRTQ_EVENT_WRAP - 1), flags = (word >> 16) & 3;

	/* Without EVENT_IDX there is no place; a reserved value does not disable kicks. */
	if (flags != RING_EVENT_FLAGS_DESC || !queue->event_idx)
		return flags != RING_EVENT_FLAGS_DISABLE;
	/* A place of the previous lap lies before the ring's beginning. */
	if (((word ^ kl__packed_position(queue)) & VIRTQ_EVENT_WRAP) != 0)
		event -= queue->size;
	return kl__kick_need_event(event, queue->avail_place, queue->avail_place - window);
}

/* The number of buffers that the device has used, as an index. Harvests none. */
static uint16_t used_progress(struct kl_queue *queue)
{
	if ((queue->kind & KL__RING_PACKED) != 0)
		return kl__packed_progress(queue);
	return kl__load(&queue->used->idx);
}

/*
 * The index of the adaptive state: 0 for a ring that was empty, whose device usually sleeps; 1 for
 * a busy ring, whose device usually comes by itself.
 */
static uint8_t adaptive_select(const struct kl_queue *queue, uint16_t used)
{
	return used == queue->kick.decided ? 0 : 1;
}

/* Auto: whether to wait this time. */
static bool is_worth_waiting(struct kl_queue *queue, uint16_t used)
{
	struct kl__kick_state *kick = &queue->kick;
	struct kl__kick_adaptive *adaptive;

	kick->adaptive_index = adaptive_select(queue, used);
	adaptive = &kick->adaptive[kick->adaptive_index];
	if (adaptive->pays)
		return true;
	if (++adaptive->decisions < DECISIONS_TO_PROBE << adaptive->failed_probes)
		return false;
	adaptive->decisions = 0;
	return true;
}

/*
 * Auto: a device that already had work is busy with it and will come by itself; only the time that
 * one unit of its work takes is unknown.
 */
#define BUSY_WAIT_FACTOR 10

static uint64_t wait_ticks(const struct kl__kick_state *kick)
{
	bool is_busy = kick->policy.mode == KL_KICK_AUTO && kick->adaptive_index != 0;

	return is_busy ? kick->wait_ticks * BUSY_WAIT_FACTOR : kick->wait_ticks;
}

void kl__kick_defer(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;
	uint16_t used;

	kick->deferred++;
	if (kick->is_pending)
		return;
	used = used_progress(queue);
	if (kick->policy.mode == KL_KICK_AUTO && !is_worth_waiting(queue, used)) {
		kick->deferred = 0;
		kl__kick_check(queue);
		return;
	}
	kick->is_pending = true;
	kick->pending_used = used;
	kick->deadline = kl__clock() + wait_ticks(kick);
}

static void adaptive_update(struct kl__kick_state *kick, bool missed)
{
	struct kl__kick_adaptive *adaptive = &kick->adaptive[kick->adaptive_index];

	if (!missed) {
		*adaptive = (struct kl__kick_adaptive){.pays = true};
	} else if (!adaptive->pays) {
		if (DECISIONS_TO_PROBE << adaptive->failed_probes < MOST_DECISIONS_TO_PROBE)
			adaptive->failed_probes++;
	} else if (++adaptive->misses >= MISSES_TO_EAGER) {
		*adaptive = (struct kl__kick_adaptive){.pays = false};
	}
}

/* The device used all that was published. So it has seen all of it, and no kick is needed. */
static void cancel_pending(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;

	kick->is_pending = false;
	kl__kick_decided(queue);
	queue->stats.kicks_spared += kick->deferred;
	kick->deferred = 0;
	adaptive_update(kick, false);
}

/*
 * Auto: the ring is full of entries that the device does not process. Waiting longer gains nothing,
 * since one kick can't cover more entries than now.
 */
static bool is_ring_full(const struct kl_queue *queue, uint16_t used)
{
	return queue->kick.policy.mode == KL_KICK_AUTO &&
		(uint16_t)(queue->published - used) >= queue->size;
}

void kl__kick_pending(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;
	const bool is_alone = kick->deferred == 1;
	uint16_t used = used_progress(queue);
	uint64_t now;

	if (used == queue->published) {
		cancel_pending(queue);
		return;
	}
	/* At each check, so that the window never spans more than two laps of the ring. */
	kl__kick_consumed(queue, used);
	now = kl__clock();
	if (used != kick->pending_used) {
		/* It moves, so it is awake: the wait starts again. */
		kick->pending_used = used;
		kick->deadline = now + wait_ticks(kick);
		return;
	}
	if (now < kick->deadline && !is_ring_full(queue, used))
		return;
	kl__kick_decide_pending(queue);
	if (kick->last_sent)
		adaptive_update(kick, is_alone);
}

void kl__kick_decide_pending(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;

	kick->is_pending = false;
	queue->stats.kicks_spared += kick->deferred - 1;
	kick->deferred = 0;
	kl__kick_check(queue);
}

/*
 * A device that does not move may be right. So the timeout doubles with each doorbell write, up
 * to 16 times its first value.
 */
#define WATCHDOG_MAX_SHIFT 4

static void watchdog_start(struct kl__kick_state *kick, uint16_t used)
{
	kick->watchdog_used = used;
	kick->watchdog_waited = 0;
	kick->stalled = 0;
	kick->watchdog_shift = 0;
	kick->is_watching = true;
}

/*
 * Adds the time since the last check to the time in which nothing moved. One gap counts for at most
 * half of the timeout: when the machine or this thread stood still, the device had no time either.
 */
static void watchdog_count_time(struct kl__kick_state *kick)
{
	uint64_t now = kl__clock(), passed = now - kick->checked_at,
		 most = (kick->watchdog_ticks + 1) / 2;

	if (passed > most)
		passed = most;
	kick->checked_at = now;
	kick->watchdog_waited += passed;
	kick->stalled += passed;
}

static void watchdog_kick(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;

	kick->watchdog_kicked_at = kick->checked_at;
	kick->watchdog_waited = 0;
	/* A queue without the watchdog may move later for any reason: that proves nothing. */
	kick->watchdog_kicked = kick->has_watchdog;
	if (kick->watchdog_shift < WATCHDOG_MAX_SHIFT)
		kick->watchdog_shift++;
	kl__kick_doorbell(queue);
}

/*
 * The time in which the device must answer a doorbell write of the watchdog, as a share of the
 * timeout. A device that sleeps needs a while to wake up; one that had been kicked, less.
 */
#define ANSWER_SHARE 16
#define ANSWER_SHARE_KICKED 64

/*
 * Counts a doorbell write of the watchdog only when it made the device move. One that changed
 * nothing in that time met a busy device.
 */
static void watchdog_count_kick(struct kl_queue *queue, bool has_moved)
{
	struct kl__kick_state *kick = &queue->kick;
	uint64_t answer = kick->watchdog_ticks /
		(kick->last_sent ? ANSWER_SHARE_KICKED : ANSWER_SHARE);
	bool is_late = kick->checked_at - kick->watchdog_kicked_at > answer;

	if (!kick->watchdog_kicked)
		return;
	if (has_moved && (!kick->last_sent || !is_late))
		queue->stats.watchdog_kicks++;
	if (has_moved || is_late)
		kick->watchdog_kicked = false;
}

/* True while the device requests a kick for the first entry, as it did before it read any. */
static bool requests_first_kick(const struct kl_queue *queue)
{
	if (queue->event_idx && (queue->kind & KL__RING_PACKED) == 0)
		return kl__load(queue->avail_event) == 0;
	return kl__kick_wanted(queue, queue->published);
}

/*
 * True for a queue whose first doorbell write may have been lost: nothing was ever used. A device
 * that takes a while to get ready after DRIVER_OK loses it, and nothing would repeat it where
 * buffers wait for packets. An idle link looks the same, so it is repeated a few times only.
 */
static bool first_kick_may_be_lost(const struct kl_queue *queue, uint16_t used)
{
	const struct kl__kick_state *kick = &queue->kick;

	return kick->repeats_first_kick && used == 0 && kick->last_sent &&
		kick->watchdog_shift < WATCHDOG_MAX_SHIFT && requests_first_kick(queue);
}

/* After a decision that kicked, the timeout is twice as long, since a kick is rarely lost. */
static bool watchdog_kick_is_due(const struct kl_queue *queue, uint16_t used)
{
	const struct kl__kick_state *kick = &queue->kick;
	uint8_t shift = kick->watchdog_shift;

	if (kick->last_sent && shift < WATCHDOG_MAX_SHIFT)
		shift++;
	return kick->watchdog_waited >= kick->watchdog_ticks << shift &&
		(kick->has_watchdog || first_kick_may_be_lost(queue, used));
}

/* Breaks the queue of a device that has not moved for too long. */
static void watchdog_check_stall(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;

	if (kick->stalled >= kick->watchdog_ticks && (queue->kind & KL__RING_PACKED) != 0 &&
		kl__packed_skips(queue))
		kl__queue_break(queue, KL_QUEUE_USED_PLACE);
	else if (kick->stall_ticks != 0 && kick->stalled >= kick->stall_ticks)
		kl__queue_break(queue, KL_QUEUE_STALLED);
}

void kl__kick_watchdog(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;
	uint16_t used = used_progress(queue);
	bool has_moved = used != kick->watchdog_used;

	kick->polls = 0;
	watchdog_count_time(kick);
	watchdog_count_kick(queue, has_moved);
	if ((queue->kind & KL__RING_PACKED) != 0 && queue->used_idx != queue->published &&
		queue->fault == KL_QUEUE_OK && kl__packed_is_odd(queue))
		kl__queue_break(queue, KL_QUEUE_USED_PLACE);
	if (used == queue->published || queue->fault != KL_QUEUE_OK) {
		/* The time is counted from the first check that finds work with the device. */
		kick->is_watching = false;
		return;
	}
	if (!kick->is_watching || has_moved) {
		watchdog_start(kick, used);
		return;
	}
	watchdog_check_stall(queue);
	if (queue->fault == KL_QUEUE_OK && watchdog_kick_is_due(queue, used))
		watchdog_kick(queue);
}

bool kl__eventfd_read(int fd, uint64_t *count)
{
	const struct iovec part = {count, sizeof(*count)};
	ssize_t n = preadv2(fd, &part, 1, -1, RWF_NOWAIT);

	/* Before Linux 5.8 an eventfd knows no such read. */
	if (n < 0 && errno == EOPNOTSUPP)
		n = read(fd, count, sizeof(*count));
	return n == (ssize_t)sizeof(*count);
}
