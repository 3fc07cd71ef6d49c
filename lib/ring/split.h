/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The split ring's data path: add buffers, publish them, take used ones back. The templates take
 * constant flags; include this header where a burst function is stamped out, and use ring/verbs.h
 * elsewhere.
 *
 * One thread per queue.
 */
#ifndef KL_RING_SPLIT_H
#define KL_RING_SPLIT_H

#include "ring/queue.h"

/* Marks the queue broken, counts the lie; cold on purpose. */
KL__COLD void kl__queue_break(struct kl_queue *queue, enum kl_queue_fault fault);

/* A used element whose id is not the one that was added at that place. */
KL__COLD void kl__split_reorder(struct kl_queue *queue, uint16_t id);

/* Ring descriptors that are free. */
KL__TEMPLATE uint16_t kl__split_free(const struct kl_queue *queue, const bool chained)
{
	uint16_t busy = chained ? queue->taken - queue->returned :
				  queue->avail_idx - queue->used_idx;

	return queue->size - busy;
}

/* The descriptor id that the next buffer gets. */
KL__TEMPLATE uint16_t kl__split_next_id(const struct kl_queue *queue, const bool chained)
{
	return queue->order[(chained ? queue->taken : queue->avail_idx) & queue->mask];
}

/*
 * Adds a buffer of one ring descriptor; the caller has seen that one is free. Nothing is visible to
 * the device before kl__split_publish. virtio 1.x, 2.7.13.1, 2.7.13.2.
 */
KL__TEMPLATE void kl__split_add(struct kl_queue *queue, void *buffer, uint64_t address,
	uint32_t length, uint16_t flags, uint32_t writable, const bool chained)
{
	uint16_t id = kl__split_next_id(queue, chained);

	queue->desc[id] = (struct virtq_desc){.addr = address, .len = length, .flags = flags};
	queue->slot[id] = (struct kl__slot){.buffer = buffer, .writable = writable, .count = 1};
	if (chained) {
		queue->avail->ring[queue->avail_idx & queue->mask] = id;
		queue->taken++;
	}
	queue->avail_idx++;
}

/* Makes all added buffers visible. virtio 1.x, 2.7.13.3. */
static inline void kl__split_publish(struct kl_queue *queue)
{
	queue->stats.posted += (uint16_t)(queue->avail_idx - queue->published);
	queue->published = queue->avail_idx;
	/*
	 * Pairs with the device's acquire of idx: it sees the descriptors and ring entries below
	 * it.
	 */
	kl__store_release(&queue->avail->idx, queue->avail_idx);
}

/*
 * How many used buffers wait, at least wanted if there are that many. The device's index is read
 * only when those seen earlier do not suffice, since that read usually misses the cache. 0 when
 * broken.
 */
static inline uint16_t kl__split_used(struct kl_queue *queue, uint16_t wanted)
{
	uint16_t waiting = queue->used_seen - queue->used_idx;
	uint16_t seen;

	if (waiting >= wanted)
		return waiting;
	if (KL__UNLIKELY(queue->fault != KL_QUEUE_OK))
		return 0;
	/* Pairs with the device's release of idx: the elements and data below it are complete. */
	seen = kl__load_acquire(&queue->used->idx);
	waiting = seen - queue->used_idx;
	if (KL__UNLIKELY(waiting > (uint16_t)(queue->published - queue->used_idx))) {
		kl__queue_break(queue, KL_QUEUE_USED_INDEX);
		return 0;
	}
	queue->used_seen = seen;
	return waiting;
}

/* Gives the descriptors of the buffer that starts at id back. */
KL__TEMPLATE void kl__split_return(struct kl_queue *queue, uint16_t id, const bool chained)
{
	if (!chained) {
		if (KL__UNLIKELY(queue->order[queue->used_idx & queue->mask] != id))
			kl__split_reorder(queue, id);
		return;
	}
	for (uint16_t left = queue->slot[id].count; left > 0; left--) {
		queue->order[queue->returned++ & queue->mask] = id;
		id = queue->slot[id].next;
	}
}

/*
 * Takes up to count used buffers back at once; kl__split_used has said that there are so many.
 * lengths get what the device claims to have written, writables (unless NULL) what it was allowed
 * to. Returns how many; fewer only when the device named something that is not in flight, and then
 * the queue is broken.
 */
KL__TEMPLATE uint16_t kl__split_take_many(struct kl_queue *queue, void **buffers, uint32_t *lengths,
	uint32_t *writables, uint16_t count, const bool chained)
{
	const struct virtq_used_elem *ring = queue->used->ring;
	struct kl__slot *const slots = queue->slot;
	const uint16_t size = queue->size, mask = queue->mask;
	uint16_t n;

	for (n = 0; n < count; n++) {
		const struct virtq_used_elem *element = &ring[queue->used_idx & mask];
		uint32_t id = kl__load32(&element->id);
		struct kl__slot *slot = &slots[id & mask];

		lengths[n] = kl__load32(&element->len);
		if (KL__UNLIKELY(id >= size || slot->count == 0)) {
			kl__queue_break(queue, id >= size ? KL_QUEUE_USED_ID : KL_QUEUE_USED_TWICE);
			break;
		}
		kl__split_return(queue, (uint16_t)id, chained);
		slot->count = 0;
		queue->used_idx++;
		buffers[n] = slot->buffer;
		if (writables != NULL)
			writables[n] = slot->writable;
	}
	return n;
}

/* Takes the next used buffer back, as kl__split_take_many; NULL when the queue broke. */
KL__TEMPLATE void *kl__split_take(struct kl_queue *queue, uint32_t *length, uint32_t *writable,
	const bool chained)
{
	void *buffer;

	return kl__split_take_many(queue, &buffer, length, writable, 1, chained) == 1 ? buffer :
											NULL;
}

/* How far the used index may run before used_event has to be moved out of its way again. */
#define KL__PARK_DISTANCE 16384

/*
 * At the end of a poll: keeps the used notification of a polled queue out of reach. With EVENT_IDX
 * that is done by used_event alone (2.7.7.1), and a value that stays would fire once in 65536
 * buffers.
 */
static inline void kl__split_park(struct kl_queue *queue)
{
	if (KL__UNLIKELY((uint16_t)(queue->used_idx - queue->parked) >= KL__PARK_DISTANCE)) {
		queue->parked = queue->used_idx;
		if (queue->event_idx)
			kl__store(queue->used_event, (uint16_t)(queue->parked - 1));
	}
}

/*
 * Before sleeping: asks for a notification of the next used buffer. True when one is there already,
 * so that the caller must not sleep. 2.7.7.1, 2.7.14.
 */
static inline bool kl__split_arm(struct kl_queue *queue)
{
	if (queue->event_idx)
		kl__store(queue->used_event, queue->used_idx);
	else
		kl__store(&queue->avail->flags, 0);
	/*
	 * Pairs with the device's fence between writing its index and reading our wish: one of both
	 * sees the other.
	 */
	kl__full_fence();
	return kl__load(&queue->used->idx) != queue->used_idx;
}

/* After sleeping: the queue is polled again. */
static inline void kl__split_disarm(struct kl_queue *queue)
{
	queue->parked = queue->used_idx;
	if (queue->event_idx)
		kl__store(queue->used_event, (uint16_t)(queue->parked - 1));
	else
		kl__store(&queue->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
}

#endif
