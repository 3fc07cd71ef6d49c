/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/kick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring/clock.h"
#include "ring/split.h"

/*
 * Auto: this many doorbell writes at the deadline in a row show that waiting does not pay. One that
 * tells of several publishes is none of them: to a sender that goes on meanwhile the wait costs
 * nothing, and the device has more to do each time it is woken.
 */
#define MISSES_TO_EAGER 4
/*
 * Auto, eager: after so many decisions one is deferred again, to see whether it pays by now; twice
 * as many each time that it did not, up to the second number.
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

/* How many buffers the device has used, in the indices' count: nothing is taken back for it. */
static uint16_t progress(struct kl_queue *queue)
{
	if ((queue->kind & KL__RING_PACKED) != 0)
		return kl__packed_progress(queue);
	return kl__load(&queue->used->idx);
}

/* An empty ring usually means a sleeping device; a busy one that it will come by itself. */
static uint8_t lesson_for(const struct kl_queue *queue, uint16_t used)
{
	return used == queue->kick.decided ? 0 : 1;
}

/* Auto: whether to wait this time. */
static bool worth_waiting(struct kl_queue *queue, uint16_t used)
{
	struct kl__kick_state *kick = &queue->kick;
	struct kl__kick_adaptive *lesson;

	kick->adaptive_index = lesson_for(queue, used);
	lesson = &kick->lesson[kick->adaptive_index];
	if (lesson->pays)
		return true;
	if (++lesson->decisions < DECISIONS_TO_PROBE << lesson->failed_probes)
		return false;
	lesson->decisions = 0;
	return true;
}

/*
 * Auto: a device that had work before it is at it already, and will come by; only how long one
 * piece of its work takes is not known.
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
	if (kick->owed)
		return;
	used = progress(queue);
	if (kick->policy.mode == KL_KICK_AUTO && !worth_waiting(queue, used)) {
		kick->deferred = 0;
		kl__kick_check(queue);
		return;
	}
	kick->owed = true;
	kick->watched = used;
	kick->deadline = kl__clock() + wait_ticks(kick);
}

static void learn(struct kl__kick_state *kick, bool missed)
{
	struct kl__kick_adaptive *lesson = &kick->lesson[kick->adaptive_index];

	if (!missed) {
		*lesson = (struct kl__kick_adaptive){.pays = true};
	} else if (!lesson->pays) {
		if (DECISIONS_TO_PROBE << lesson->failed_probes < MOST_DECISIONS_TO_PROBE)
			lesson->failed_probes++;
	} else if (++lesson->misses >= MISSES_TO_EAGER) {
		*lesson = (struct kl__kick_adaptive){.pays = false};
	}
}

/* The device used all that was published, so it has seen all of it and nothing needs to be said. */
static void void_owed(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;

	kick->owed = false;
	kl__kick_decided(queue);
	queue->stats.kicks_spared += kick->deferred;
	kick->deferred = 0;
	learn(kick, false);
}

/*
 * Auto: whether to wait on gains nothing, since the ring is full of what the device doesn't look at:
 * no more can be told of at once than now.
 */
static bool is_hopeless(const struct kl_queue *queue, uint16_t used)
{
	return queue->kick.policy.mode == KL_KICK_AUTO &&
		(uint16_t)(queue->published - used) >= queue->size;
}

void kl__kick_pending(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;
	const bool is_alone = kick->deferred == 1;
	uint16_t used = progress(queue);
	uint64_t now;

	if (used == queue->published) {
		void_owed(queue);
		return;
	}
	/* At each look, so that the window never spans more than two rounds of the ring. */
	kl__kick_consumed(queue, used);
	now = kl__clock();
	if (used != kick->watched) {
		/* It moves, so it is awake: the wait starts again. */
		kick->watched = used;
		kick->deadline = now + wait_ticks(kick);
		return;
	}
	if (now < kick->deadline && !is_hopeless(queue, used))
		return;
	kl__kick_decide_pending(queue);
	if (kick->last_sent)
		learn(kick, is_alone);
}

void kl__kick_decide_pending(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;

	kick->owed = false;
	queue->stats.kicks_spared += kick->deferred - 1;
	kick->deferred = 0;
	kl__kick_check(queue);
}

/*
 * A device that does not move may be right, so each further bell waits twice as long, up to 16
 * times.
 */
#define RESCUE_MAX_SHIFT 4

static void watch(struct kl__kick_state *kick, uint16_t used)
{
	kick->watchdog_used = used;
	kick->watchdog_waited = 0;
	kick->stalled = 0;
	kick->watchdog_shift = 0;
	kick->is_watching = true;
}

/*
 * How long has nothing moved? Only what passes between our own looks counts, and of one gap no more
 * than half of the patience: when the machine stood still, or we did, the device had no time either.
 */
static void count_time(struct kl__kick_state *kick)
{
	uint64_t now = kl__clock(), passed = now - kick->looked_at,
		 most = (kick->watchdog_ticks + 1) / 2;

	if (passed > most)
		passed = most;
	kick->looked_at = now;
	kick->watchdog_waited += passed;
	kick->stalled += passed;
}

static void ring_rescue(struct kl_queue *queue)
{
	struct kl__kick_state *kick = &queue->kick;

	kick->watchdog_kicked_at = kick->looked_at;
	kick->watchdog_waited = 0;
	kick->watchdog_kicked = true;
	if (kick->watchdog_shift < RESCUE_MAX_SHIFT)
		kick->watchdog_shift++;
	kl__kick_doorbell(queue);
}

/* A device that sleeps may need a while to wake up; one that was told already, not so long. */
#define RESCUE_ANSWER 16
#define RESCUE_ANSWER_TOLD 64

/*
 * Only a bell that made the device move was needed; one that changed nothing for a while met a busy
 * device.
 */
static void judge_rescue(struct kl_queue *queue, bool has_moved)
{
	struct kl__kick_state *kick = &queue->kick;
	uint64_t answer = kick->watchdog_ticks /
		(kick->last_sent ? RESCUE_ANSWER_TOLD : RESCUE_ANSWER);
	bool is_late = kick->looked_at - kick->watchdog_kicked_at > answer;

	if (!kick->watchdog_kicked)
		return;
	if (has_moved && (!kick->last_sent || !is_late))
		queue->stats.watchdog_kicks++;
	if (has_moved || is_late)
		kick->watchdog_kicked = false;
}

/* A decision that rang told the device once, and a bell is rarely lost: twice the patience. */
static bool is_rescue_due(const struct kl__kick_state *kick)
{
	uint8_t shift = kick->watchdog_shift;

	if (kick->last_sent && shift < RESCUE_MAX_SHIFT)
		shift++;
	return kick->has_watchdog && kick->watchdog_waited >= kick->watchdog_ticks << shift;
}

/* Nothing moves, and has not for long. */
static void judge_stall(struct kl_queue *queue)
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
	uint16_t used = progress(queue);
	bool has_moved = used != kick->watchdog_used;

	kick->polls = 0;
	count_time(kick);
	judge_rescue(queue, has_moved);
	if ((queue->kind & KL__RING_PACKED) != 0 && queue->used_idx != queue->published &&
		queue->fault == KL_QUEUE_OK && kl__packed_is_odd(queue))
		kl__queue_break(queue, KL_QUEUE_USED_PLACE);
	if (used == queue->published || queue->fault != KL_QUEUE_OK) {
		/* The clock starts at the first look that finds work with the device. */
		kick->is_watching = false;
		return;
	}
	if (!kick->is_watching || has_moved) {
		watch(kick, used);
		return;
	}
	judge_stall(queue);
	if (queue->fault == KL_QUEUE_OK && is_rescue_due(kick))
		ring_rescue(queue);
}
