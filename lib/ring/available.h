/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The available side of a virtqueue: adding buffers and publishing them, in both formats (virtio
 * 1.x, 2.7.13 and 2.8.21). The templates take a constant kind (KL__RING_*). A kick decision
 * follows each publish: ring/kick.h.
 *
 * One thread per queue.
 */
#ifndef KL_RING_AVAILABLE_H
#define KL_RING_AVAILABLE_H

#include "ring/queue.h"

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

/* The place of the next buffer; in registers while several are added. */
struct kl__add_cursor {
	uint16_t idx;
	uint16_t taken;
	uint16_t place;
	uint16_t flags;
};

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

/* 2.7.13.1, 2.7.13.2. */
KL__ALWAYS_INLINE void kl__split_put(struct kl_queue *queue, struct kl__add_cursor *cursor,
	void *buffer, uint64_t address, uint32_t length, uint16_t flags, uint32_t writable,
	const unsigned int kind)
{
	const bool chained = (kind & KL__RING_CHAINED) != 0;
	uint16_t id = queue->order[(chained ? cursor->taken : cursor->idx) & queue->mask];

	queue->desc[id].addr = address;
	queue->desc[id].rest = kl__desc_rest(length, flags, 0);
	queue->buffer[id] = buffer;
	queue->slot[id].writable = writable;
	if (chained) {
		queue->slot[id].count = 1;
		queue->avail->ring[cursor->idx & queue->mask] = id;
		cursor->taken++;
	}
	cursor->idx++;
}

/*
 * Flags for the descriptor at the cursor. Those of the first one that is not published are held
 * back: the flags that are written instead leave it with the driver. 2.8.21.
 */
KL__ALWAYS_INLINE uint16_t kl__packed_flags(struct kl_queue *queue,
	const struct kl__add_cursor *cursor, uint16_t flags)
{
	flags |= cursor->flags;
	if (cursor->idx != queue->published)
		return flags;
	queue->head_place = cursor->place;
	queue->head_flags = flags;
	return flags ^ VIRTQ_DESC_F_AVAIL;
}

/* 2.8.13, 2.8.21.1. */
KL__ALWAYS_INLINE void kl__packed_put(struct kl_queue *queue, struct kl__add_cursor *cursor,
	void *buffer, uint64_t address, uint32_t length, uint16_t flags, uint32_t writable,
	const unsigned int kind)
{
	uint16_t place = cursor->place, id = queue->order[place];

	queue->packed[place].addr = address;
	queue->packed[place].rest = kl__desc_rest(length, id,
		kl__packed_flags(queue, cursor, flags));
	queue->buffer[id] = buffer;
	queue->slot[id].writable = writable;
	cursor->place = kl__packed_advance(place, 1, queue->size, &cursor->flags);
	if ((kind & KL__RING_CHAINED) != 0) {
		queue->slot[id].count = 1;
		cursor->taken++;
	}
	cursor->idx++;
}

/*
 * Between kl__ring_begin and kl__ring_end: adds a buffer of one ring descriptor. The caller has
 * checked that one is free. Nothing is visible to the device before kl__ring_publish.
 */
KL__ALWAYS_INLINE void kl__ring_put(struct kl_queue *queue, struct kl__add_cursor *cursor,
	void *buffer, uint64_t address, uint32_t length, uint16_t flags, uint32_t writable,
	const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		kl__packed_put(queue, cursor, buffer, address, length, flags, writable, kind);
	else
		kl__split_put(queue, cursor, buffer, address, length, flags, writable, kind);
}

/* Adds a single buffer of one ring descriptor, as kl__ring_put. */
KL__ALWAYS_INLINE void kl__ring_add(struct kl_queue *queue, void *buffer, uint64_t address,
	uint32_t length, uint16_t flags, uint32_t writable, const unsigned int kind)
{
	struct kl__add_cursor cursor = kl__ring_begin(queue);

	kl__ring_put(queue, &cursor, buffer, address, length, flags, writable, kind);
	kl__ring_end(queue, &cursor, kind);
}

/* Makes all added buffers visible to the device; there is at least one. 2.7.13.3, 2.8.21.2. */
KL__ALWAYS_INLINE void kl__ring_publish(struct kl_queue *queue, const unsigned int kind)
{
	queue->stats.posted += (uint16_t)(queue->avail_idx - queue->published);
	queue->published = queue->avail_idx;
	/*
	 * Split: pairs with the device's acquire of idx: it sees the descriptors and ring entries
	 * below it. Packed: pairs with the device's acquire of the head's flags: it sees that
	 * descriptor and all behind it.
	 */
	if ((kind & KL__RING_PACKED) != 0)
		kl__publish16(&queue->packed[queue->head_place].flags, queue->head_flags,
			queue->is_on_bus);
	else
		kl__publish16(&queue->avail->idx, queue->avail_idx, queue->is_on_bus);
}

/* Packed: the driver's position, in the form of NOTIFICATION_DATA and of event words. 2.9. */
static inline uint16_t kl__packed_position(const struct kl_queue *queue)
{
	return queue->avail_place |
		((queue->avail_flags & VIRTQ_DESC_F_AVAIL) != 0 ? VIRTQ_EVENT_WRAP : 0);
}

#endif
