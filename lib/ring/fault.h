/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Departures from the usual course of a ring: malformed used entries, and buffers that are used out
 * of order. Cold functions.
 */
#ifndef KL_RING_FAULT_H
#define KL_RING_FAULT_H

#include "ring/queue.h"

/* Marks the queue broken and counts the malformed used entry; cold on purpose. */
KL__COLD void kl__queue_break(struct kl_queue *queue, enum kl_queue_fault fault);

/*
 * Clears is_sorted: for the first buffer that comes back out of order, and for a reset, which
 * returns all. From now on buffer[] records the ids in flight. These are still the ids from place
 * on; idx buffers were used before.
 */
KL__COLD void kl__queue_unsort(struct kl_queue *queue, uint16_t idx, uint16_t place);

/* A used element whose id is not the one that was added at that place. */
KL__COLD void kl__split_reorder(struct kl_queue *queue, uint16_t place, uint16_t id);

#endif
