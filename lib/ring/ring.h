/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtqueue's data path, whatever its format: add buffers, publish them, take used ones back. The
 * templates take a constant kind (KL__RING_*); include this header where a burst function is
 * stamped out, and use ring/verbs.h elsewhere.
 *
 * One thread per queue.
 */
#ifndef KL_RING_RING_H
#define KL_RING_RING_H

#include "ring/packed.h"
#include "ring/split.h"

/* Ring descriptors that are free. */
KL__TEMPLATE uint16_t kl__ring_free(const struct kl_queue *queue, const unsigned int kind)
{
	uint16_t busy = (kind & KL__RING_CHAINED) != 0 ? queue->taken - queue->returned :
							 queue->avail_idx - queue->used_idx;

	return queue->size - busy;
}

/* The descriptor id that the next buffer gets. */
KL__TEMPLATE uint16_t kl__ring_next_id(const struct kl_queue *queue, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		return queue->order[queue->avail_place];
	return queue->order[((kind & KL__RING_CHAINED) != 0 ? queue->taken : queue->avail_idx) &
		queue->mask];
}

/*
 * Adds a buffer of one ring descriptor; the caller has seen that one is free. Nothing is visible to
 * the device before kl__ring_publish.
 */
KL__TEMPLATE void kl__ring_add(struct kl_queue *queue, void *buffer, uint64_t address,
	uint32_t length, uint16_t flags, uint32_t writable, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		kl__packed_add(queue, buffer, address, length, flags, writable, kind);
	else
		kl__split_add(queue, buffer, address, length, flags, writable, kind);
}

/* Makes all added buffers visible; there is at least one. */
KL__TEMPLATE void kl__ring_publish(struct kl_queue *queue, const unsigned int kind)
{
	queue->stats.posted += (uint16_t)(queue->avail_idx - queue->published);
	queue->published = queue->avail_idx;
	if ((kind & KL__RING_PACKED) != 0)
		kl__packed_publish(queue);
	else
		kl__split_publish(queue);
}

/* Where the next used buffer is looked for; in registers while some are taken. */
struct kl__used_cursor {
	uint16_t idx;
	uint16_t returned;
	uint16_t place;
	uint16_t flags;
};

KL__TEMPLATE struct kl__used_cursor kl__cursor_get(const struct kl_queue *queue)
{
	return (struct kl__used_cursor){queue->used_idx, queue->returned, queue->used_place,
		queue->used_flags};
}

KL__TEMPLATE void kl__cursor_put(struct kl_queue *queue, const struct kl__used_cursor *cursor,
	const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		kl__packed_pass(queue, cursor->idx, cursor->place, cursor->flags);
	queue->used_idx = cursor->idx;
	if ((kind & KL__RING_CHAINED) != 0)
		queue->returned = cursor->returned;
	if ((kind & KL__RING_PACKED) == 0)
		return;
	queue->used_place = cursor->place;
	queue->used_flags = cursor->flags;
}

/* At most how many can be taken. 0 when broken. */
KL__TEMPLATE uint16_t kl__ring_waiting(struct kl_queue *queue, uint16_t wanted,
	const unsigned int kind)
{
	if (KL__UNLIKELY(queue->fault != KL_QUEUE_OK))
		return 0;
	if ((kind & KL__RING_PACKED) != 0)
		return queue->published - queue->used_idx;
	return kl__split_waiting(queue, wanted);
}

/* What the device says at the cursor; false when it has not said anything yet. */
KL__TEMPLATE bool kl__ring_read_used(const struct kl_queue *queue,
	const struct kl__used_cursor *cursor, uint32_t *id, uint32_t *length,
	const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0) {
		struct kl__packed_used used = kl__packed_read(queue, cursor->place);

		*id = used.id;
		*length = used.length;
		kl__consume_fence(queue->is_on_bus);
		return kl__packed_is_used(used.flags, cursor->flags);
	} else {
		const struct virtq_used_elem *element =
			&queue->used->ring[cursor->idx & queue->mask];

		*id = kl__load32(&element->id);
		*length = kl__load32(&element->len);
		return true;
	}
}

/* Gives the descriptors of the buffer that starts at id back, and moves on. */
KL__TEMPLATE void kl__ring_return(struct kl_queue *queue, struct kl__used_cursor *cursor,
	uint16_t id, const unsigned int kind)
{
	const bool packed = (kind & KL__RING_PACKED) != 0;
	const bool chained = (kind & KL__RING_CHAINED) != 0;
	uint16_t left = chained ? queue->slot[id].count : 1;

	cursor->idx++;
	for (; left > 0; left--) {
		uint16_t place = packed ?
			cursor->place :
			(chained ? cursor->returned : cursor->idx - 1) & queue->mask;

		if ((kind & KL__RING_IN_ORDER) == 0) {
			if (packed || chained)
				queue->order[place] = id;
			else if (KL__UNLIKELY(queue->order[place] != id))
				kl__split_reorder(queue, place, id);
		}
		if (packed)
			cursor->place = kl__packed_advance(place, 1, queue->size, &cursor->flags);
		if (!chained)
			break;
		cursor->returned++;
		id = queue->slot[id].next;
	}
}

/* The id whose turn it is on a ring that is used in order. */
KL__TEMPLATE uint16_t kl__ring_oldest(const struct kl_queue *queue,
	const struct kl__used_cursor *cursor, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		return cursor->place;
	return ((kind & KL__RING_CHAINED) != 0 ? cursor->returned : cursor->idx) & queue->mask;
}

/* 2.7.9, 2.8.9: buffers before the one that the device names are used too, and completely. */
KL__TEMPLATE bool kl__ring_next_in_order(struct kl_queue *queue,
	const struct kl__used_cursor *cursor, uint32_t *id, uint32_t *length,
	const unsigned int kind)
{
	if (!queue->in_batch) {
		if (!kl__ring_read_used(queue, cursor, id, length, kind))
			return false;
		if (KL__UNLIKELY(*id >= queue->size || queue->slot[*id].count == 0))
			return true;
		queue->in_batch = true;
		queue->batch_last = (uint16_t)*id;
		queue->batch_length = *length;
	}
	*id = kl__ring_oldest(queue, cursor, kind);
	*length = queue->slot[*id].writable;
	if (*id == queue->batch_last) {
		*length = queue->batch_length;
		queue->in_batch = false;
	}
	return true;
}

/*
 * Takes up to max used buffers back. lengths get what the device claims to have written, writables
 * (unless NULL) what it was allowed to. Returns how many; when the device said what can't be, the
 * queue is broken from there on.
 */
KL__TEMPLATE uint16_t kl__ring_harvest(struct kl_queue *queue, void **buffers, uint32_t *lengths,
	uint32_t *writables, uint16_t max, const unsigned int kind)
{
	const bool in_order = (kind & KL__RING_IN_ORDER) != 0;
	const uint16_t waiting = kl__ring_waiting(queue, max, kind), size = queue->size;
	struct kl__used_cursor cursor = kl__cursor_get(queue);
	enum kl_queue_fault fault = KL_QUEUE_OK;
	uint16_t n;

	if (max > waiting)
		max = waiting;
	for (n = 0; n < max; n++) {
		struct kl__slot *slot;
		uint32_t id;

		if (!(in_order ? kl__ring_next_in_order(queue, &cursor, &id, &lengths[n], kind) :
				 kl__ring_read_used(queue, &cursor, &id, &lengths[n], kind)))
			break;
		if (KL__UNLIKELY(id >= size)) {
			fault = KL_QUEUE_USED_ID;
			break;
		}
		slot = &queue->slot[id];
		if (KL__UNLIKELY(slot->count == 0)) {
			fault = KL_QUEUE_USED_TWICE;
			break;
		}
		kl__ring_return(queue, &cursor, (uint16_t)id, kind);
		slot->count = 0;
		buffers[n] = slot->buffer;
		if (writables != NULL)
			writables[n] = slot->writable;
	}
	kl__cursor_put(queue, &cursor, kind);
	if (in_order && KL__UNLIKELY(n == waiting && queue->in_batch))
		fault = KL_QUEUE_USED_ORDER;
	if (KL__UNLIKELY(fault != KL_QUEUE_OK))
		kl__queue_break(queue, fault);
	return n;
}

/* Takes the next used buffer back, as kl__ring_harvest; NULL when there is none. */
KL__TEMPLATE void *kl__ring_take(struct kl_queue *queue, uint32_t *length, uint32_t *writable,
	const unsigned int kind)
{
	void *buffer = NULL;

	*length = 0;
	(void)kl__ring_harvest(queue, &buffer, length, writable, 1, kind);
	return buffer;
}

/*
 * Before sleeping: asks for a notification of the next used buffer. True when one is there already,
 * so that the caller must not sleep. 2.7.7.1, 2.7.14, 2.8.10.
 */
KL__TEMPLATE bool kl__ring_arm(struct kl_queue *queue, const unsigned int kind)
{
	const bool packed = (kind & KL__RING_PACKED) != 0;

	if (packed)
		kl__packed_arm(queue);
	else
		kl__split_arm(queue);
	/*
	 * Pairs with the device's fence between writing what it used and reading our wish: one of
	 * both sees the other.
	 */
	kl__full_fence();
	return queue->in_batch || (packed ? kl__packed_has_used(queue) : kl__split_has_used(queue));
}

/* After sleeping: the queue is polled again. */
KL__TEMPLATE void kl__ring_disarm(struct kl_queue *queue, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		kl__packed_disarm(queue);
	else
		kl__split_disarm(queue);
}

/* At the end of a poll. */
KL__TEMPLATE void kl__ring_park(struct kl_queue *queue, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) == 0)
		kl__split_park(queue);
}

#endif
