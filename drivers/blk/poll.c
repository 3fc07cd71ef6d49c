/* SPDX-License-Identifier: BSD-3-Clause */
/* Completions. 5.2.6: the status byte decides. The used length is not read. */
#include <errno.h>

#include "deadline.h"
#include "parent.h"
#include "ring/used.h"
#include "slot.h"
#include "subrequest.h"
#include "zones.h"

/* Polls between two reads of the clock for late requests. */
#define DEADLINE_POLLS 64

/* 5.2.6: unknown statuses are errors, and so is a status byte that was not written. */
static int result_of(const struct blk_queue *queue, uint8_t status)
{
	if (status == VIRTIO_BLK_S_OK)
		return 0;
	if (queue->blk->info.zones.zone_bytes != 0)
		return blk_zones_result(status);
	return status == VIRTIO_BLK_S_UNSUPP ? -ENOTSUP : -EIO;
}

/* The status, read once. The byte is reset for the slot's next use while its cache line is here. */
static inline uint8_t take_status(struct blk_queue *queue, const struct blk_slot *slot)
{
	uint8_t *value = &queue->status[blk_slot_number(queue, slot)].value;
	uint8_t status = kl__load8(value);

	*value = BLK_STATUS_NONE;
	return status;
}

/* Completes a subrequest, or a request with an error. */
static void complete_slowly(struct blk_queue *queue, const struct blk_slot *slot, uint8_t status)
{
	int result = result_of(queue, status);

	if (result == 0)
		queue->ring->stats.done++;
	else
		queue->ring->stats.failed++;
	if (slot->origin == BLK_FROM_PARENT)
		blk_subrequest_done(queue, slot, result);
	else
		blk_ready_push(queue, slot->user_data, result, 0);
}

/* Slots that are harvested from the ring in one go. */
#define HARVEST_CHUNK 32

uint16_t blk_harvest(struct blk_queue *queue, struct kl_blk_completion *completions, uint16_t max)
{
	const struct blk_slot *slots[HARVEST_CHUNK];
	uint32_t lengths[HARVEST_CHUNK];
	uint16_t n = 0, got, room;
	uint64_t bytes = 0;

	do {
		room = max - n < HARVEST_CHUNK ? max - n : HARVEST_CHUNK;
		got = kl__queue_harvest(queue->ring, (void **)slots, lengths, NULL, room);
		for (uint16_t i = 0; i < got; i++) {
			uint8_t status = take_status(queue, slots[i]);

			if (KL__UNLIKELY(status != VIRTIO_BLK_S_OK ||
				    slots[i]->origin == BLK_FROM_PARENT)) {
				complete_slowly(queue, slots[i], status);
				continue;
			}
			bytes += slots[i]->bytes;
			completions[n++] = (struct kl_blk_completion){
				.user_data = slots[i]->user_data};
		}
	} while (got == room && n < max);
	queue->ring->stats.done += n;
	queue->count.bytes += bytes;
	return n;
}

static uint16_t deliver_ready(struct blk_queue *queue, struct kl_blk_completion *completions,
	uint16_t max)
{
	uint16_t n = 0;

	while (n < max && queue->ready_count > 0) {
		completions[n] = queue->ready[queue->ready_first++ & queue->ready_mask];
		queue->count.errors += completions[n].result != 0;
		queue->ready_count--;
		n++;
	}
	blk_set_plain_ops(queue);
	return n;
}

static uint16_t poll_open(struct blk_queue *queue, struct kl_blk_completion *completions,
	uint16_t max)
{
	uint16_t n = 0;

	if (KL__UNLIKELY(queue->ready_count > 0))
		n = deliver_ready(queue, completions, max);
	n += blk_harvest(queue, completions + n, max - n);
	if (KL__UNLIKELY(queue->waiting != NULL))
		blk_resubmit_waiting(queue);
	if (KL__UNLIKELY(queue->ready_count > 0))
		n += deliver_ready(queue, completions + n, max - n);
	kl__kick_poll(queue->ring);
	queue->count.requests += n;
	if (n == 0)
		queue->count.empty_polls++;
	if (KL__UNLIKELY(++queue->count.polls % DEADLINE_POLLS == 0))
		blk_check_deadlines(queue);
	/* The device was halted when the queue broke. */
	if (KL__UNLIKELY(queue->ring->fault != KL_QUEUE_OK))
		kl__gate_set(&queue->gate, KL__GATE_HALTED);
	return n;
}

/* Delivers the completions of a stop. While the control thread is at work there are none. */
KL__COLD static uint16_t poll_closed(struct blk_queue *queue, struct kl_blk_completion *completions,
	uint16_t max)
{
	uint16_t n;

	if (kl__load_acquire(&queue->gate.state) != KL__GATE_DRAINED)
		return 0;
	n = deliver_ready(queue, completions, max);
	queue->count.requests += n;
	return n;
}

uint16_t kl_blk_poll(struct kl_blk *blk, uint16_t queue, struct kl_blk_completion *completions,
	uint16_t max)
{
	struct blk_queue *q;
	uint16_t n;

	if (!blk_has_queue(blk, queue))
		return 0;
	q = blk->queues[queue];
	if (KL__LIKELY(kl__gate_enter(&q->gate)))
		n = poll_open(q, completions, max);
	else
		n = poll_closed(q, completions, max);
	kl__gate_leave(&q->gate);
	return n;
}
