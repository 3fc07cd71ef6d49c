/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is particular to the packed ring: one ring of descriptors that both sides write, each
 * descriptor saying by two bits whose it is. virtio 1.x, 2.8. Callers use ring/ring.h.
 */
#ifndef KL_RING_PACKED_H
#define KL_RING_PACKED_H

#include "ring/queue.h"

#define KL__PACKED_WRAP (VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED)

/* 2.8.1: the flags in the first lap, where both wrap counters are 1. */
#define KL__PACKED_FIRST_AVAIL VIRTQ_DESC_F_AVAIL
#define KL__PACKED_FIRST_USED KL__PACKED_WRAP

/* The next place but count - 1; the flags turn over with each lap. */
static inline uint16_t kl__packed_advance(uint16_t place, uint16_t count, uint16_t size,
	uint16_t *flags)
{
	/* Both are at most 32768, so the sum fits. */
	place += count;
	if (place < size)
		return place;
	*flags ^= KL__PACKED_WRAP;
	return place - size;
}

/*
 * Flags for the descriptor at the place where the driver is. Those of the first one that is not
 * published are kept back, and what is written instead still makes it the driver's: 2.8.21.
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
KL__ALWAYS_INLINE void kl__packed_add(struct kl_queue *queue, struct kl__add_cursor *cursor,
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

/* 2.8.21.2: all behind the first one are there before it. */
static inline void kl__packed_publish(struct kl_queue *queue)
{
	/* Pairs with the device's acquire of the flags: it sees all that was added. */
	kl__publish16(&queue->packed[queue->head_place].flags, queue->head_flags, queue->is_on_bus);
}

/* The second half of a descriptor, in one read. */
struct kl__packed_used {
	uint32_t length;
	uint16_t id;
	uint16_t flags;
};

/* Pairs with the device's release of the flags: id, length and the buffer's data are complete. */
static inline struct kl__packed_used kl__packed_read(const struct kl_queue *queue, uint16_t place)
{
	uint64_t word = kl__load64_acquire(&queue->packed[place].rest);

	return (struct kl__packed_used){
		.length = (uint32_t)word,
		.id = (uint16_t)(word >> 32),
		.flags = (uint16_t)(word >> 48),
	};
}

/* Where flags are what a used descriptor has in this lap. */
static inline bool kl__packed_is_used(uint16_t flags, uint16_t used_flags)
{
	return (flags & KL__PACKED_WRAP) == used_flags;
}

static inline bool kl__packed_has_used(const struct kl_queue *queue)
{
	return kl__packed_is_used(kl__load(&queue->packed[queue->used_place].flags),
		queue->used_flags);
}

/* How far the driver got, as NOTIFICATION_DATA tells it: 2.9. */
static inline uint16_t kl__packed_position(const struct kl_queue *queue)
{
	return queue->avail_place |
		((queue->avail_flags & VIRTQ_DESC_F_AVAIL) != 0 ? VIRTQ_EVENT_WRAP : 0);
}

/*
 * How many buffers the device is known to have used, as a split ring's used index; takes none back.
 * Looks at each used descriptor once.
 */
uint16_t kl__packed_progress(struct kl_queue *queue);

/*
 * With buffers not taken back: whether the next descriptor that is due is neither available nor used
 * in this lap, or is not used any more. Its two bits are written in one store, so no device that counts
 * laps rightly shows that. 2.8.1.
 */
bool kl__packed_is_odd(const struct kl_queue *queue);

/* Whether a later descriptor is used before the next one that is due. 2.8.6. */
bool kl__packed_skips(const struct kl_queue *queue);

/* Before used_idx moves: what was seen can't lie behind what is taken back. */
static inline void kl__packed_pass(struct kl_queue *queue, uint16_t used_idx, uint16_t place,
	uint16_t flags)
{
	uint16_t taken = used_idx - queue->used_idx;

	if ((uint16_t)(queue->used_seen - queue->used_idx) > taken)
		return;
	queue->used_seen = used_idx;
	queue->seen_place = place;
	queue->seen_flags = flags;
}

/* 2.8.10: does the device want to hear of the last window descriptors? */
bool kl__packed_kick_wanted(const struct kl_queue *queue, uint16_t window);

/* A polled queue never wants an interrupt, and unlike split rings this needs no upkeep: 2.8.10. */
static inline void kl__packed_disarm(struct kl_queue *queue)
{
	kl__store(&queue->driver_event->flags, RING_EVENT_FLAGS_DISABLE);
}

/* 2.8.10: the event word's place first, so that it is whole when the flags ask to look at it. */
static inline void kl__packed_arm(struct kl_queue *queue)
{
	if (!queue->event_idx) {
		kl__store(&queue->driver_event->flags, RING_EVENT_FLAGS_ENABLE);
		return;
	}
	kl__store(&queue->driver_event->desc,
		queue->used_place | (queue->used_flags != 0 ? VIRTQ_EVENT_WRAP : 0));
	kl__publish16(&queue->driver_event->flags, RING_EVENT_FLAGS_DESC, queue->is_on_bus);
}

#endif
