/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/fault.h"

void kl__queue_break(struct kl_queue *queue, enum kl_queue_fault fault)
{
	queue->stats.bad_used++;
	if (queue->fault == KL_QUEUE_OK) {
		queue->fault = (uint8_t)fault;
		if (queue->on_break != NULL)
			queue->on_break(queue);
	}
	/* Nothing that was read before may be trusted any more. */
	queue->used_seen = queue->used_idx;
	queue->in_batch = false;
}

const char *kl_queue_fault_name(enum kl_queue_fault fault)
{
	switch (fault) {
	case KL_QUEUE_OK:
		return "none";
	case KL_QUEUE_USED_INDEX:
		return "used index beyond what is in flight";
	case KL_QUEUE_USED_ID:
		return "used element names no descriptor";
	case KL_QUEUE_USED_TWICE:
		return "used element names a buffer not in flight";
	case KL_QUEUE_USED_ORDER:
		return "a batch used in order goes beyond what is in flight";
	case KL_QUEUE_USED_PLACE:
		return "a descriptor used out of its turn, or in the wrong lap";
	case KL_QUEUE_STALLED:
		return "no progress in the time that was given";
	case KL_QUEUE_USED_SHORT:
		return "fewer buffers used together than announced";
	}
	return "unknown";
}

void kl__queue_unsort(struct kl_queue *queue, uint16_t idx, uint16_t place)
{
	uint16_t in_flight = queue->avail_idx - idx;

	for (unsigned int i = in_flight; i < queue->size; i++)
		queue->buffer[(place + i) % queue->size] = NULL;
	queue->is_sorted = false;
}

/*
 * The device consumed the available entry at that place before it completed anything there. So the
 * entry is ours again, and can already name the descriptor that is free now.
 */
void kl__split_reorder(struct kl_queue *queue, uint16_t place, uint16_t id)
{
	queue->order[place] = id;
	queue->avail->ring[place] = id;
}
