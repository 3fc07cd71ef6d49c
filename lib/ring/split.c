/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/split.h"

/*
 * The device consumed what was at that place before it completed anything there, so its available
 * entry is ours again and can already name the descriptor that is free now.
 */
void kl__split_reorder(struct kl_queue *queue, uint16_t place, uint16_t id)
{
	queue->order[place] = id;
	queue->avail->ring[place] = id;
}
