/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The used side of a virtqueue: harvesting used buffers and requesting notifications of them, in
 * both formats (virtio 1.x, 2.7.8, 2.7.14, 2.8.6 to 2.8.10). Everything read from the device is
 * read once and checked against the private record. The templates take a constant kind
 * (KL__RING_*).
 *
 * One thread per queue.
 */
#ifndef KL_RING_USED_H
#define KL_RING_USED_H

#if defined(__SSE2__)
#include <emmintrin.h>
#include <string.h>
#endif

#include "ring/fault.h"
#include "ring/queue.h"

/*
 * True when the buffer of this id is in flight. place is that of the next buffer to be used; idx
 * buffers were used before.
 */
static inline bool kl__queue_is_in_flight(const struct kl_queue *queue, uint16_t id, uint16_t idx,
	uint16_t place)
{
	unsigned int distance = id < place ? id + queue->size - place : id - place;

	if (!queue->is_sorted)
		return queue->buffer[id] != NULL;
	return distance < (uint16_t)(queue->avail_idx - idx);
}

/* A packed descriptor's second half, from one read. */
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

/* True for the flags of a descriptor that is used in this lap. */
static inline bool kl__packed_is_used(uint16_t flags, uint16_t used_flags)
{
	return (flags & KL__PACKED_WRAP) == used_flags;
}

/*
 * The number of buffers that the device is known to have used, as a split ring's used index.
 * Harvests none. Reads each used descriptor once.
 */
uint16_t kl__packed_progress(struct kl_queue *queue);

/*
 * With buffers in flight: true when the next descriptor to be used is neither available nor used in
 * this lap, or is not used any more. Its two bits are written in one store, so a device that counts
 * laps correctly never shows that. 2.8.1.
 */
bool kl__packed_is_odd(const struct kl_queue *queue);

/* True when a later descriptor is used before the next one in turn. 2.8.6. */
bool kl__packed_skips(const struct kl_queue *queue);

/* Before used_idx moves: the progress seen can't lie behind the buffers that are harvested. */
static inline void kl__packed_pass(struct kl_queue *queue, uint16_t used_idx, uint16_t place,
	uint16_t flags)
{
	uint16_t harvested = used_idx - queue->used_idx;

	if ((uint16_t)(queue->used_seen - queue->used_idx) > harvested)
		return;
	queue->used_seen = used_idx;
	queue->seen_place = place;
	queue->seen_flags = flags;
}

/* The place of the next used buffer; in registers while several are harvested. */
struct kl__used_cursor {
	uint16_t idx;
	uint16_t returned;
	uint16_t place;
	uint16_t flags;
};

KL__ALWAYS_INLINE struct kl__used_cursor kl__used_begin(const struct kl_queue *queue)
{
	return (struct kl__used_cursor){queue->used_idx, queue->returned, queue->used_place,
		queue->used_flags};
}

KL__ALWAYS_INLINE void kl__used_end(struct kl_queue *queue, const struct kl__used_cursor *cursor,
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
KL__ALWAYS_INLINE uint16_t kl__used_place(const struct kl_queue *queue,
	const struct kl__used_cursor *cursor, const unsigned int kind)
{
	return (kind & KL__RING_PACKED) != 0 ? cursor->place : cursor->idx & queue->mask;
}

KL__ALWAYS_INLINE void kl__used_advance(const struct kl_queue *queue,
	struct kl__used_cursor *cursor, const unsigned int kind)
{
	cursor->idx++;
	if ((kind & KL__RING_PACKED) != 0)
		cursor->place = kl__packed_advance(cursor->place, 1, queue->size, &cursor->flags);
}

/*
 * The number of used buffers in a split ring. The device's index is read only when fewer than
 * wanted were seen earlier, since that read usually misses the cache.
 */
static inline uint16_t kl__split_waiting(struct kl_queue *queue, uint16_t wanted)
{
	uint16_t waiting = queue->used_seen - queue->used_idx;
	uint16_t seen;

	if (waiting >= wanted)
		return waiting;
	/* Pairs with the device's release of idx: the elements and data below it are complete. */
	seen = kl__load_acquire(&queue->used->idx);
	kl__consume_fence(queue->is_on_bus);
	waiting = seen - queue->used_idx;
	if (KL__UNLIKELY(waiting > (uint16_t)(queue->published - queue->used_idx))) {
		kl__queue_break(queue, KL_QUEUE_USED_INDEX);
		return 0;
	}
	queue->used_seen = seen;
	return waiting;
}

/* The largest number of buffers that a harvest can return now. 0 when broken. */
KL__ALWAYS_INLINE uint16_t kl__ring_waiting(struct kl_queue *queue, uint16_t wanted,
	const unsigned int kind)
{
	if (KL__UNLIKELY(queue->fault != KL_QUEUE_OK))
		return 0;
	if ((kind & KL__RING_PACKED) != 0)
		return queue->published - queue->used_idx;
	return kl__split_waiting(queue, wanted);
}

/* Reads the used entry at the cursor; false when the device has not written it yet. */
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

/* Returns the descriptors of the buffer that starts at id to the free list, and moves on. */
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
				    kl__used_place(queue, cursor, kind))))
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

#if defined(__SSE2__)
/*
 * Harvests used elements four by four from idx on, each read once, while their ids are those of
 * their places. Stops where they are not, where the ring ends, and where fewer than four are left.
 */
KL__ALWAYS_INLINE uint16_t kl__split_harvest_fours(const struct kl_queue *queue, uint16_t idx,
	void **buffers, uint32_t *lengths, uint16_t max)
{
	const uint16_t place = idx & queue->mask;
	const uint16_t end = max < queue->size - place ? max : queue->size - place;
	__m128i ids = _mm_add_epi32(_mm_set1_epi32(place), _mm_setr_epi32(0, 1, 2, 3));
	uint16_t n;

	for (n = 0; n + 4 <= end; n += 4) {
		const __m128i *elements = (const void *)&queue->used->ring[place + n];
		__m128 low = _mm_castsi128_ps(_mm_loadu_si128(elements));
		__m128 high = _mm_castsi128_ps(_mm_loadu_si128(elements + 1));
		__m128i same;

		/* Else the compiler might read them again. */
		__asm__("" : "+x"(low), "+x"(high));
		same = _mm_cmpeq_epi32(ids, _mm_castps_si128(_mm_shuffle_ps(low, high, 0x88)));
		if (_mm_movemask_epi8(same) != 0xffff)
			break;
		if (lengths != NULL)
			_mm_storeu_ps((float *)&lengths[n], _mm_shuffle_ps(low, high, 0xdd));
		memcpy(&buffers[n], &queue->buffer[place + n], 4 * sizeof(*buffers));
		ids = _mm_add_epi32(ids, _mm_set1_epi32(4));
	}
	return n;
}
#endif

/*
 * The sorted part of a harvest: buffers that the device used one by one in the order in which they
 * were added. Each id is known before it is read, so a comparison is a complete check.
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
		uint16_t place = kl__used_place(queue, cursor, kind);
		uint32_t id, length;

		if (!kl__ring_read_used(queue, cursor, &id, &length, kind) || id != place)
			break;
		buffers[n] = queue->buffer[place];
		if (lengths != NULL)
			lengths[n] = length;
		if (writables != NULL)
			writables[n] = queue->slot[place].writable;
		kl__used_advance(queue, cursor, kind);
	}
	return n;
}

/*
 * Harvests up to max used buffers. lengths (unless NULL) get the bytes that the device claims to
 * have written, writables (unless NULL) those that it was allowed to. Returns how many buffers;
 * where the device wrote a malformed used entry, the queue is broken from there on.
 */
KL__ALWAYS_INLINE uint16_t kl__ring_harvest_kind(struct kl_queue *queue, void **buffers,
	uint32_t *lengths, uint32_t *writables, uint16_t max, const unsigned int kind)
{
	const bool in_order = (kind & KL__RING_IN_ORDER) != 0;
	const uint16_t waiting = kl__ring_waiting(queue, max, kind), size = queue->size;
	struct kl__used_cursor cursor = kl__used_begin(queue);
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
			    kl__used_place(queue, &cursor, kind)))) {
			fault = KL_QUEUE_USED_TWICE;
			break;
		}
		if (!in_order && queue->is_sorted)
			kl__queue_unsort(queue, cursor.idx, kl__used_place(queue, &cursor, kind));
		buffers[n] = queue->buffer[id];
		if (!queue->is_sorted)
			queue->buffer[id] = NULL;
		if (lengths != NULL)
			lengths[n] = length;
		if (writables != NULL)
			writables[n] = queue->slot[id].writable;
		kl__ring_return(queue, &cursor, (uint16_t)id, kind);
	}
	kl__used_end(queue, &cursor, kind);
	if (in_order && KL__UNLIKELY(n == waiting && queue->in_batch))
		fault = KL_QUEUE_USED_ORDER;
	if (KL__UNLIKELY(fault != KL_QUEUE_OK))
		kl__queue_break(queue, fault);
	return n;
}

/* The distance the used index may run before used_event is moved out of its way again. */
#define KL__PARK_DISTANCE 16384

/*
 * At the end of a poll: keeps the used notification of a polled queue out of reach. With EVENT_IDX
 * that is done by used_event alone (2.7.7.1), and a value that stays would fire once in 65536
 * buffers. A packed ring needs no upkeep: 2.8.10.
 */
KL__ALWAYS_INLINE void kl__ring_park(struct kl_queue *queue, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0)
		return;
	if (KL__UNLIKELY((uint16_t)(queue->used_idx - queue->parked) >= KL__PARK_DISTANCE)) {
		queue->parked = queue->used_idx;
		if (queue->event_idx)
			kl__store(queue->used_event, (uint16_t)(queue->parked - 1));
	}
}

/* kl__ring_harvest and kl__ring_park for any kind of queue; stats.done is left to the caller. */
uint16_t kl__queue_harvest(struct kl_queue *queue, void **buffers, uint32_t *lengths,
	uint32_t *writables, uint16_t max);

/* As kl__ring_harvest_kind; a kind known only at run time shares one instance of it. */
KL__ALWAYS_INLINE uint16_t kl__ring_harvest(struct kl_queue *queue, void **buffers,
	uint32_t *lengths, uint32_t *writables, uint16_t max, const unsigned int kind)
{
	if (__builtin_constant_p(kind))
		return kl__ring_harvest_kind(queue, buffers, lengths, writables, max, kind);
	return kl__queue_harvest(queue, buffers, lengths, writables, max);
}

/* Harvests the next used buffer, as kl__ring_harvest; NULL when there is none. */
KL__ALWAYS_INLINE void *kl__ring_take(struct kl_queue *queue, uint32_t *length, uint32_t *writable,
	const unsigned int kind)
{
	void *buffer = NULL;

	*length = 0;
	(void)kl__ring_harvest(queue, &buffer, length, writable, 1, kind);
	return buffer;
}

/* 2.7.7.1, 2.7.14. */
static inline void kl__split_arm(struct kl_queue *queue)
{
	if (queue->event_idx)
		kl__store(queue->used_event, queue->used_idx);
	else
		kl__store(&queue->avail->flags, 0);
}

/* 2.8.10: the place in the event word first, so that it is complete when the flags refer to it. */
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

static inline bool kl__split_has_used(const struct kl_queue *queue)
{
	return kl__load(&queue->used->idx) != queue->used_idx;
}

static inline bool kl__packed_has_used(const struct kl_queue *queue)
{
	return kl__packed_is_used(kl__load(&queue->packed[queue->used_place].flags),
		queue->used_flags);
}

/*
 * Before sleeping: requests a notification of the next used buffer. True when one is there already,
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
	 * Pairs with the device's fence between writing a used entry and reading our notification
	 * request: at least one of both sees the other.
	 */
	kl__device_fence(queue->is_on_bus);
	return queue->in_batch || (packed ? kl__packed_has_used(queue) : kl__split_has_used(queue));
}

/* After sleeping: the queue is polled again, and wants no notification. 2.7.7.1, 2.8.10. */
KL__ALWAYS_INLINE void kl__ring_disarm(struct kl_queue *queue, const unsigned int kind)
{
	if ((kind & KL__RING_PACKED) != 0) {
		kl__store(&queue->driver_event->flags, RING_EVENT_FLAGS_DISABLE);
		return;
	}
	queue->parked = queue->used_idx;
	if (queue->event_idx)
		kl__store(queue->used_event, (uint16_t)(queue->parked - 1));
	else
		kl__store(&queue->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
}

#endif
