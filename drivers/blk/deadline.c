/* SPDX-License-Identifier: BSD-3-Clause */
#include "deadline.h"

#include "ring/clock.h"
#include "ring/verbs.h"

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
 * After a long time without a check the program may have been stopped, and the device with it, as
 * on a host that was paused. Then the device gets half of its time again.
 */
static bool is_in_grace_time(struct blk_queue *queue, uint64_t now)
{
	if (now - queue->checked_at > queue->timeout_ticks / 2)
		queue->grace_until = now + queue->timeout_ticks / 2;
	queue->checked_at = now;
	return (int64_t)(queue->grace_until - now) > 0;
}

void blk_check_deadlines(struct blk_queue *queue)
{
	uint64_t now;

	if (queue->timeout_ticks == 0 || queue->ring->avail_idx == queue->ring->used_idx)
		return;
	now = kl__clock();
	if (is_in_grace_time(queue, now))
		return;
	/*
	 * The remembered request may have completed long ago. Only when it is late all
	 * slots are read.
	 */
	if (now - queue->oldest < queue->timeout_ticks)
		return;
	queue->oldest = oldest_of(queue, now);
	if (now - queue->oldest >= queue->timeout_ticks)
		blk_halt(queue, "a request is late");
}
