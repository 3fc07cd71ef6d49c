/* SPDX-License-Identifier: BSD-3-Clause */
/* A device that said what can't be. */
#include "ring/split.h"

void kl__queue_break(struct kl_queue *queue, enum kl_queue_fault fault)
{
	queue->stats.bad_used++;
	if (queue->fault == KL_QUEUE_OK)
		queue->fault = (uint8_t)fault;
	/* Nothing that was seen may be believed any more. */
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
		return "fewer buffers used together than the device says";
	}
	return "unknown";
}
