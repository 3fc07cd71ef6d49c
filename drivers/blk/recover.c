/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests in flight when the device is reset. They complete once the status has read 0. */
#include <errno.h>

#include "parent.h"
#include "ring/verbs.h"
#include "slot.h"
#include "start.h"
#include "subrequest.h"

/* Completes the requests in flight: late ones with -ETIMEDOUT, others with -ECANCELED. */
static void drain_queue(struct blk_queue *queue, uint64_t now)
{
	struct blk_slot *slot;

	while ((slot = kl__queue_drain(queue->ring)) != NULL) {
		bool is_late = queue->timeout_ticks != 0 &&
			now - slot->since >= queue->timeout_ticks;
		int result = is_late ? -ETIMEDOUT : -ECANCELED;

		/* The driver's own, whose answer did not come. */
		if (slot->origin == BLK_FROM_BUFFER && slot->buffer != NULL &&
			slot->buffer == queue->blk->answer.memory)
			continue;
		queue->count.timeouts += is_late;
		if (slot->origin == BLK_FROM_PARENT)
			blk_subrequest_done(queue, slot, result);
		else
			blk_ready_push(queue, slot->user_data, result, 0);
	}
	blk_cancel_waiting(queue);
}

/* Keeps the completions that the device wrote in time, which must not count as lost. */
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
			drain_queue(blk->queues[i], blk->halted_at);
}
