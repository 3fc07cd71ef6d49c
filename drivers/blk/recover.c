/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Late requests, and the requests in flight when the device is reset. virtio-blk has no way to cancel
 * one request: when one is late the device is halted, the core resets it and waits for the status to
 * read 0, and then all that was in flight completes.
 */
#include <errno.h>

#include "parent.h"
#include "ring/verbs.h"
#include "slot.h"
#include "subrequest.h"

void blk_halt(struct blk_queue *queue, const char *why)
{
	/* The control thread may have closed the gate meanwhile: it stays closed in both cases. */
	kl__gate_set(&queue->gate, KL__GATE_HALTED);
	kl_device_halt(queue->blk->device, queue->ring, why);
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

void blk_quiesce(struct kl_device *device)
{
	struct kl_blk *blk = kl_device_private(device);

	blk->halted_at = kl__clock();
	for (uint16_t i = 0; i < blk->queue_count; i++)
		if (kl__queue_exists(blk->queues[i]->ring))
			harvest_rest(blk->queues[i]);
}

void blk_drain(struct kl_device *device)
{
	struct kl_blk *blk = kl_device_private(device);

	for (uint16_t i = 0; i < blk->queue_count; i++)
		if (kl__queue_exists(blk->queues[i]->ring))
			drain(blk->queues[i], blk->halted_at);
}
