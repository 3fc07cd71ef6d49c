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
#include "ring/verbs.h"

/* Ring descriptors that are free. */
KL__ALWAYS_INLINE uint16_t kl__ring_free(const struct kl_queue *queue, const unsigned int kind)
{
	uint16_t busy = (kind & KL__RING_CHAINED) != 0 ? queue->taken - queue->returned :
							 queue->avail_idx - queue->used_idx;

	return queue->size - busy;
}

/* The descriptor id that the next buffer gets. */
KL__ALWAYS_INLINE uint16_t kl__ring_next_id(const struct kl_queue *queue, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		return queue->order[queue->avail_place];
	return queue->order[((kind & KL__RING_CHAINED) != 0 ? queue->taken : queue->avail_idx) &
		queue->mask];
}

KL__ALWAYS_INLINE struct kl__add_cursor kl__ring_begin(const struct kl_queue *queue)
{
	return (struct kl__add_cursor){queue->avail_idx, queue->taken, queue->avail_place,
		queue->avail_flags};
}

KL__ALWAYS_INLINE void kl__ring_end(struct kl_queue *queue, const struct kl__add_cursor *cursor,
	const unsigned int kind)
{
	queue->avail_idx = cursor->idx;
	if ((kind & KL__RING_CHAINED) != 0)
		queue->taken = cursor->taken;
	if ((kind & KL__RING_PACKED) == 0)
		return;
	queue->avail_place = cursor->place;
	queue->avail_flags = cursor->flags;
}

/*
 * Between kl__ring_begin and kl__ring_end: adds a buffer of one ring descriptor; the caller has seen
 * that one is free. Nothing is visible to the device before kl__ring_publish.
 */
KL__ALWAYS_INLINE void kl__ring_put(struct kl_queue *queue, struct kl__add_cursor *cursor,
	void *buffer, uint64_t address, uint32_t length, uint16_t flags, uint32_t writable,
	const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		kl__packed_add(queue, cursor, buffer, address, length, flags, writable, kind);
	else
		kl__split_add(queue, cursor, buffer, address, length, flags, writable, kind);
}

/* A single one. */
KL__ALWAYS_INLINE void kl__ring_add(struct kl_queue *queue, void *buffer, uint64_t address,
	uint32_t length, uint16_t flags, uint32_t writable, const unsigned int kind)
{
	struct kl__add_cursor cursor = kl__ring_begin(queue);

	kl__ring_put(queue, &cursor, buffer, address, length, flags, writable, kind);
	kl__ring_end(queue, &cursor, kind);
}

/* Makes all added buffers visible; there is at least one. */
KL__ALWAYS_INLINE void kl__ring_publish(struct kl_queue *queue, const unsigned int kind)
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

KL__ALWAYS_INLINE struct kl__used_cursor kl__cursor_get(const struct kl_queue *queue)
{
	return (struct kl__used_cursor){queue->used_idx, queue->returned, queue->used_place,
		queue->used_flags};
}

KL__ALWAYS_INLINE void kl__cursor_put(struct kl_queue *queue, const struct kl__used_cursor *cursor,
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

/* The place of the next used buffer in the ring; of rings where each takes one descriptor. */
KL__ALWAYS_INLINE uint16_t kl__cursor_place(const struct kl_queue *queue,
	const struct kl__used_cursor *cursor, const unsigned int kind)
{
	return (kind & KL__RING_PACKED) != 0 ? cursor->place : cursor->idx & queue->mask;
}

KL__ALWAYS_INLINE void kl__cursor_advance(const struct kl_queue *queue,
	struct kl__used_cursor *cursor, const unsigned int kind)
{
	cursor->idx++;
	if ((kind & KL__RING_PACKED) != 0)
		cursor->place = kl__packed_advance(cursor->place, 1, queue->size, &cursor->flags);
}

/* At most how many can be taken. 0 when broken. */
KL__ALWAYS_INLINE uint16_t kl__ring_waiting(struct kl_queue *queue, uint16_t wanted,
	const unsigned int kind)
{
	if (KL__UNLIKELY(queue->fault != KL_QUEUE_OK))
		return 0;
	if ((kind & KL__RING_PACKED) != 0)
		return queue->published - queue->used_idx;
	return kl__split_waiting(queue, wanted);
}

/* What the device says at the cursor; false when it has not said anything yet. */
KL__ALWAYS_INLINE bool kl__ring_read_used(const struct kl_queue *queue,
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
KL__ALWAYS_INLINE void kl__ring_return(struct kl_queue *queue, struct kl__used_cursor *cursor,
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
KL__ALWAYS_INLINE uint16_t kl__ring_oldest(const struct kl_queue *queue,
	const struct kl__used_cursor *cursor, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		return cursor->place;
	return ((kind & KL__RING_CHAINED) != 0 ? cursor->returned : cursor->idx) & queue->mask;
}

/* 2.7.9, 2.8.9: buffers before the one that the device names are used too, and completely. */
KL__ALWAYS_INLINE bool kl__ring_next_in_order(struct kl_queue *queue,
	const struct kl__used_cursor *cursor, uint32_t *id, uint32_t *length,
	const unsigned int kind)
{
	if (!queue->in_batch) {
		if (!kl__ring_read_used(queue, cursor, id, length, kind))
			return false;
		if (KL__UNLIKELY(*id >= queue->size ||
			    !kl__queue_is_in_flight(queue, (uint16_t)*id, cursor->idx,
				    kl__cursor_place(queue, cursor, kind))))
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
 * The sorted part of a harvest: what the device used one by one in the order in which it was added.
 * Each id is known before it is read, so comparing is all the checking it takes.
 */
KL__ALWAYS_INLINE uint16_t kl__ring_harvest_sorted(const struct kl_queue *queue,
	struct kl__used_cursor *cursor, void **buffers, uint32_t *lengths, uint32_t *writables,
	uint16_t max, const unsigned int kind)
{
	uint16_t n = 0;

#if defined(__SSE2__)
	if ((kind & KL__RING_PACKED) == 0 && writables == NULL) {
		n = kl__split_harvest_fours(queue, cursor->idx, buffers, lengths, max);
		cursor->idx += n;
	}
#endif
	for (; n < max; n++) {
		uint16_t place = kl__cursor_place(queue, cursor, kind);
		uint32_t id, length;

		if (!kl__ring_read_used(queue, cursor, &id, &length, kind) || id != place)
			break;
		buffers[n] = queue->buffer[place];
		if (lengths != NULL)
			lengths[n] = length;
		if (writables != NULL)
			writables[n] = queue->slot[place].writable;
		kl__cursor_advance(queue, cursor, kind);
	}
	return n;
}

/*
 * Takes up to max used buffers back. lengths (unless NULL) get what the device claims to have
 * written, writables (unless NULL) what it was allowed to. Returns how many; when the device said
 * what can't be, the queue is broken from there on.
 */
KL__ALWAYS_INLINE uint16_t kl__ring_harvest_kind(struct kl_queue *queue, void **buffers,
	uint32_t *lengths, uint32_t *writables, uint16_t max, const unsigned int kind)
{
	const bool in_order = (kind & KL__RING_IN_ORDER) != 0;
	const uint16_t waiting = kl__ring_waiting(queue, max, kind), size = queue->size;
	struct kl__used_cursor cursor = kl__cursor_get(queue);
	enum kl_queue_fault fault = KL_QUEUE_OK;
	uint16_t n = 0;

	if (max > waiting)
		max = waiting;
	if ((kind & KL__RING_CHAINED) == 0 && KL__LIKELY(queue->is_sorted) &&
		!(in_order && queue->in_batch))
		n = kl__ring_harvest_sorted(queue, &cursor, buffers, lengths, writables, max, kind);
	for (; n < max; n++) {
		uint32_t id, length;

		if (!(in_order ? kl__ring_next_in_order(queue, &cursor, &id, &length, kind) :
				 kl__ring_read_used(queue, &cursor, &id, &length, kind)))
			break;
		if (KL__UNLIKELY(id >= size)) {
			fault = KL_QUEUE_USED_ID;
			break;
		}
		if (KL__UNLIKELY(!kl__queue_is_in_flight(queue, (uint16_t)id, cursor.idx,
			    kl__cursor_place(queue, &cursor, kind)))) {
			fault = KL_QUEUE_USED_TWICE;
			break;
		}
		if (!in_order && queue->is_sorted)
			kl__queue_unsort(queue, cursor.idx, kl__cursor_place(queue, &cursor, kind));
		buffers[n] = queue->buffer[id];
		if (!queue->is_sorted)
			queue->buffer[id] = NULL;
		if (lengths != NULL)
			lengths[n] = length;
		if (writables != NULL)
			writables[n] = queue->slot[id].writable;
		kl__ring_return(queue, &cursor, (uint16_t)id, kind);
	}
	kl__cursor_put(queue, &cursor, kind);
	if (in_order && KL__UNLIKELY(n == waiting && queue->in_batch))
		fault = KL_QUEUE_USED_ORDER;
	if (KL__UNLIKELY(fault != KL_QUEUE_OK))
		kl__queue_break(queue, fault);
	return n;
}

/* As kl__ring_harvest_kind; a kind known only at run time is not stamped out once more. */
KL__ALWAYS_INLINE uint16_t kl__ring_harvest(struct kl_queue *queue, void **buffers,
	uint32_t *lengths, uint32_t *writables, uint16_t max, const unsigned int kind)
{
	if (__builtin_constant_p(kind))
		return kl__ring_harvest_kind(queue, buffers, lengths, writables, max, kind);
	return kl__queue_harvest(queue, buffers, lengths, writables, max);
}

/* Takes the next used buffer back, as kl__ring_harvest; NULL when there is none. */
KL__ALWAYS_INLINE void *kl__ring_take(struct kl_queue *queue, uint32_t *length, uint32_t *writable,
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
KL__ALWAYS_INLINE bool kl__ring_arm(struct kl_queue *queue, const unsigned int kind)
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
	kl__device_fence(queue->is_on_bus);
	return queue->in_batch || (packed ? kl__packed_has_used(queue) : kl__split_has_used(queue));
}

/* After sleeping: the queue is polled again. */
KL__ALWAYS_INLINE void kl__ring_disarm(struct kl_queue *queue, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		kl__packed_disarm(queue);
	else
		kl__split_disarm(queue);
}

/* At the end of a poll. */
KL__ALWAYS_INLINE void kl__ring_park(struct kl_queue *queue, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) == 0)
		kl__split_park(queue);
}

#endif
