/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a request is late, or the device breaks the rules or asks for it: halt, reset, wait for the
 * status to read 0, complete all that was in flight, start again. virtio-blk has no way to cancel
 * one request.
 */
#include <errno.h>

#include <kickless/log.h>

#include "gate.h"
#include "parent.h"
#include "ring/verbs.h"
#include "slot.h"
#include "subrequest.h"

static void set_state(struct kl_blk *blk, enum kl_blk_state state)
{
	kl__store(&blk->state, (uint16_t)state);
}

enum kl_blk_state kl_blk_state(const struct kl_blk *blk)
{
	return (enum kl_blk_state)kl__load(&blk->state);
}

void blk_halt(struct blk_queue *queue, const char *why)
{
	queue->halted_for = why;
	/* A store over the control thread's own keeps the gate shut all the same. */
	kl__store_release(&queue->gate, BLK_GATE_HALTED);
	set_state(queue->blk, KL_BLK_HALTED);
}

void blk_halt_all(struct kl_blk *blk, const char *why)
{
	blk->queues[0]->halted_for = why;
	blk_gates_set(blk, BLK_GATE_HALTED);
	set_state(blk, KL_BLK_HALTED);
}

static uint64_t oldest_of(const struct blk_queue *queue, uint64_t now)
{
	uint64_t oldest = now;

	for (uint32_t i = 0; i < queue->ring->size; i++)
		if (kl__queue_holds(queue->ring, (uint16_t)i) && queue->slot[i].since < oldest)
			oldest = queue->slot[i].since;
	return oldest;
}

/*
 * When nobody looked for long, we may have been stopped, and the device with us, as on a host that
 * was paused: then it gets half of its time again.
 */
static bool has_been_away(struct blk_queue *queue, uint64_t now)
{
	if (now - queue->looked_at > queue->timeout_ticks / 2)
		queue->patient_until = now + queue->timeout_ticks / 2;
	queue->looked_at = now;
	return (int64_t)(queue->patient_until - now) > 0;
}

void blk_check_deadlines(struct blk_queue *queue)
{
	uint64_t now;

	if (queue->timeout_ticks == 0 || queue->ring->avail_idx == queue->ring->used_idx)
		return;
	now = kl__clock();
	if (has_been_away(queue, now))
		return;
	/*
	 * What is remembered may have completed long ago: only when it looks late are all looked
	 * at.
	 */
	if (now - queue->oldest < queue->timeout_ticks)
		return;
	queue->oldest = oldest_of(queue, now);
	if (now - queue->oldest >= queue->timeout_ticks)
		blk_halt(queue, "a request is late");
}

/* Completes what was in flight. */
static void drain(struct blk_queue *queue, uint64_t now)
{
	struct blk_slot *slot;

	while ((slot = kl__queue_drain(queue->ring)) != NULL) {
		bool is_late = queue->timeout_ticks != 0 &&
			now - slot->since >= queue->timeout_ticks;
		int result = is_late ? -ETIMEDOUT : -ECANCELED;

		queue->count.timeouts += is_late;
		if (slot->group != NULL)
			blk_subrequest_done(queue, slot, result);
		else
			blk_ready_push(queue, slot->user_data, result, 0);
	}
	blk_cancel_waiting(queue);
}

/* What the device completed in time must not count as lost. */
static void harvest_rest(struct blk_queue *queue)
{
	struct kl_blk_completion completions[64];
	uint16_t n;

	while ((n = blk_harvest(queue, completions, 64)) > 0)
		for (uint16_t i = 0; i < n; i++)
			blk_ready_push(queue, completions[i].user_data, completions[i].result,
				completions[i].value);
}

/* With the status at 0. */
static void take_back(void *context)
{
	struct kl_blk *blk = context;

	for (uint16_t i = 0; i < blk->queue_count; i++) {
		if (blk->queues[i]->ring == NULL)
			continue;
		drain(blk->queues[i], blk->halted_at);
		blk_queue_drop_ring(blk->queues[i]);
	}
}

/* Behind shut gates: no queue is in use, and after this none has a ring. */
static int reset(struct kl_blk *blk)
{
	int rc;

	blk->halted_at = kl__clock();
	for (uint16_t i = 0; i < blk->queue_count; i++)
		if (blk->queues[i]->ring != NULL)
			harvest_rest(blk->queues[i]);
	rc = kl_device_reset(blk->device, take_back, blk);
	blk->is_away = rc == -EAGAIN;
	set_state(blk, rc == 0 || blk->is_away ? KL_BLK_STOPPED : KL_BLK_LOST);
	return rc;
}

/* 0, or -EAGAIN and the device stays halted. */
static int close_gates(struct kl_blk *blk)
{
	int rc = blk_gates_close(blk);

	if (rc != 0) {
		kl_error("%s: a thread has been within a queue's call for 5 s; the device can't be "
			 "reset under it",
			kl_device_info(blk->device)->name);
		blk_halt_all(blk, "a thread did not leave its queue");
	}
	return rc;
}

static void say_why(const struct kl_blk *blk)
{
	for (uint16_t i = 0; i < blk->queue_count; i++) {
		if (blk->queues[i]->halted_for == NULL)
			continue;
		kl_notice("%s: queue %u: %s; the device is reset",
			kl_device_info(blk->device)->name, i, blk->queues[i]->halted_for);
		blk->queues[i]->halted_for = NULL;
	}
}

/* A back end that went away and came back did nothing wrong. */
static int take_recovery(struct kl_blk *blk, bool was_away)
{
	if (was_away || kl_device_take_recovery(blk->device))
		return 0;
	kl_error("%s: that is one reset too many within a minute; it is given up",
		kl_device_info(blk->device)->name);
	return -EIO;
}

int kl_blk_recover(struct kl_blk *blk)
{
	bool was_away = blk->is_away;
	int rc;

	if (KL__LIKELY(kl_blk_state(blk) != KL_BLK_HALTED))
		return 0;
	rc = close_gates(blk);
	if (rc != 0)
		return rc;
	say_why(blk);
	rc = reset(blk);
	if (rc == -ETIMEDOUT)
		return rc;
	if (rc == 0)
		rc = take_recovery(blk, was_away);
	if (rc == 0)
		rc = blk_bring_up(blk, true);
	if (rc != 0) {
		if (rc == -EAGAIN)
			set_state(blk, KL_BLK_HALTED);
		blk_gates_set(blk, BLK_GATE_STOPPED);
		return rc;
	}
	for (uint16_t i = 0; i < blk->queue_count; i++)
		blk->queues[i]->count.resets++;
	set_state(blk, KL_BLK_RUNNING);
	blk_gates_set(blk, BLK_GATE_OPEN);
	return 0;
}

int kl_blk_stop(struct kl_blk *blk)
{
	int rc;

	switch (kl_blk_state(blk)) {
	case KL_BLK_STOPPED:
		return 0;
	case KL_BLK_LOST:
		return -EIO;
	default:
		break;
	}
	rc = close_gates(blk);
	if (rc != 0)
		return rc;
	rc = reset(blk);
	if (rc != -ETIMEDOUT)
		blk_gates_set(blk, BLK_GATE_STOPPED);
	return blk->is_away ? 0 : rc;
}
