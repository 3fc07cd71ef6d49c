/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is particular to the split ring: descriptors in a table, and two rings of indices into it.
 * virtio 1.x, 2.7. Callers use ring/ring.h.
 */
#ifndef KL_RING_SPLIT_H
#define KL_RING_SPLIT_H

#if defined(__SSE2__)
#include <emmintrin.h>
#include <string.h>
#endif

#include "ring/queue.h"

/* Marks the queue broken, counts the lie; cold on purpose. */
KL__COLD void kl__queue_break(struct kl_queue *queue, enum kl_queue_fault fault);

/*
 * The first buffer that comes back out of order, or all that come back at a reset: from now on
 * buffer[] tells what is in flight, which are still those from place on, of which idx were used
 * before.
 */
KL__COLD void kl__queue_unsort(struct kl_queue *queue, uint16_t idx, uint16_t place);

/* A used element whose id is not the one that was added at that place. */
KL__COLD void kl__split_reorder(struct kl_queue *queue, uint16_t place, uint16_t id);

/* 2.7.13.1, 2.7.13.2. */
KL__ALWAYS_INLINE void kl__split_add(struct kl_queue *queue, struct kl__add_cursor *cursor,
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

/* 2.7.13.3. */
static inline void kl__split_publish(struct kl_queue *queue)
{
	/*
	 * Pairs with the device's acquire of idx: it sees the descriptors and ring entries below
	 * it.
	 */
	kl__publish16(&queue->avail->idx, queue->avail_idx, queue->is_on_bus);
}

/*
 * How many used buffers wait. The device's index is read only when those seen earlier are fewer than
 * wanted, since that read usually misses the cache.
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

#if defined(__SSE2__)
/*
 * Takes used elements four by four from idx on, while their ids are those of their places; stops
 * where they are not, where the ring ends, and where fewer than four are left. Each element is read
 * once.
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

/* How far the used index may run before used_event has to be moved out of its way again. */
#define KL__PARK_DISTANCE 16384

/*
 * Keeps the used notification of a polled queue out of reach. With EVENT_IDX that is done by
 * used_event alone (2.7.7.1), and a value that stays would fire once in 65536 buffers.
 */
static inline void kl__split_park(struct kl_queue *queue)
{
	if (KL__UNLIKELY((uint16_t)(queue->used_idx - queue->parked) >= KL__PARK_DISTANCE)) {
		queue->parked = queue->used_idx;
		if (queue->event_idx)
			kl__store(queue->used_event, (uint16_t)(queue->parked - 1));
	}
}

/* 2.7.7.1, 2.7.14. */
static inline void kl__split_arm(struct kl_queue *queue)
{
	if (queue->event_idx)
		kl__store(queue->used_event, queue->used_idx);
	else
		kl__store(&queue->avail->flags, 0);
}

static inline bool kl__split_has_used(const struct kl_queue *queue)
{
	return kl__load(&queue->used->idx) != queue->used_idx;
}

static inline void kl__split_disarm(struct kl_queue *queue)
{
	queue->parked = queue->used_idx;
	if (queue->event_idx)
		kl__store(queue->used_event, (uint16_t)(queue->parked - 1));
	else
		kl__store(&queue->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
}

#endif
