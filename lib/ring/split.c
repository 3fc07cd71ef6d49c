/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/split.h"

void kl__queue_unsort(struct kl_queue *queue, uint16_t idx, uint16_t place)
{
	uint16_t in_flight = queue->avail_idx - idx;

	for (unsigned int i = in_flight; i < queue->size; i++)
		queue->buffer[(place + i) % queue->size] = NULL;
	queue->is_sorted = false;
}

/*
 * The device consumed what was at that place before it completed anything there, so its available
 * entry is ours again and can already name the descriptor that is free now.
 */
void kl__split_reorder(struct kl_queue *queue, uint16_t place, uint16_t id)
{
	queue->order[place] = id;
	queue->avail->ring[place] = id;
}
