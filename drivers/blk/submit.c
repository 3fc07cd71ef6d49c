/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Submission. The route of a request: kl_blk_submit, add_plain (here), blk_add_indirect (slot.h),
 * kl__ring_add and kl__ring_publish (ring/available.h), and one kick decision per call
 * (ring/kick.h), which may end in kl_notify (ring/notifier.h), the doorbell. A request that is not
 * plain takes the route of parent.c.
 */
#include "parent.h"
#include "slot.h"

/* A legal request within the device, with one buffer in one segment: no need to cut it. */
static inline bool is_plain(const struct blk_queue *queue, const struct kl_blk_request *request,
	uint64_t capacity)
{
	return request->op < 32 && (queue->plain_ops >> request->op & 1) != 0 &&
		request->count == 0 && request->flags == 0 &&
		request->length - 1 < queue->plain_bytes &&
		((request->offset | request->length) & queue->block_mask) == 0 &&
		request->length <= capacity && request->offset <= capacity - request->length;
}

/*
 * The addresses in which a plain buffer may start, because it lies in the queue's window then. Read
 * once per call: memory that is taken from the device meanwhile is not freed before the thread has
 * left the queue's gate.
 */
static inline struct kl__range read_window(const struct blk_queue *queue)
{
	const struct kl__window *window = &queue->ring->window;
	uint64_t bytes = kl__load64(&window->bytes);

	if (bytes < queue->plain_bytes)
		return (struct kl__range){0};
	/* NULL is no buffer, also where everything is reachable. */
	return (struct kl__range){window->first + (window->first == 0), bytes - queue->plain_bytes};
}

/*
 * True when the buffer is contiguous for the device; *address, which is the CPU's, becomes the bus
 * address.
 */
KL__ALWAYS_INLINE bool find_address(struct blk_queue *queue, const struct kl_blk_request *request,
	const bool is_virtual, struct kl__range *window, uint64_t *address)
{
	uint64_t bus_address;

	*address = (uintptr_t)request->buffer;
	if (!is_virtual) {
		if (kl_device_translate(queue->blk->device, request->buffer, request->length,
			    &bus_address) != request->length)
			return false;
		*address = bus_address;
		return true;
	}
	if (KL__LIKELY(*address - window->first < window->bytes))
		return true;
	if (request->buffer == NULL || !kl__queue_reaches(queue->ring, *address, request->length))
		return false;
	*window = read_window(queue);
	return true;
}

/* After a use of the slot for a request that was not plain. */
KL__COLD static void make_plain(struct blk_queue *queue, uint16_t id)
{
	blk_format(queue, id, 1);
	queue->slot[id].origin = BLK_FROM_BUFFER;
}

KL__ALWAYS_INLINE void add_plain(struct blk_queue *queue, const struct kl_blk_request *request,
	uint64_t address, uint64_t now, const unsigned int kind)
{
	uint16_t id = kl__ring_next_id(queue->ring, kind);
	struct blk_slot *slot = &queue->slot[id];

	if (KL__UNLIKELY(slot->shape != 1 || slot->origin != BLK_FROM_BUFFER))
		make_plain(queue, id);
	slot->user_data = request->user_data;
	slot->since = now;
	slot->buffer = request->buffer;
	slot->bytes = (uint32_t)request->length;
	blk_set_header(queue, id, request->op, request->offset / VIRTIO_BLK_SECTOR);
	kl__table_set_segment(&queue->block[id].table[1],
		(struct kl__segment){address, (uint32_t)request->length},
		request->op == KL_BLK_READ ? VIRTQ_DESC_F_WRITE : 0, kind);
	blk_add_indirect(queue, id, 1, kind);
}

/*
 * kind is the ring's, which has one descriptor per request where plain requests are possible;
 * is_virtual, that bus addresses are the CPU's.
 */
KL__ALWAYS_INLINE uint16_t add_requests(struct blk_queue *queue,
	const struct kl_blk_request *requests, uint16_t count, const unsigned int kind,
	const bool is_virtual)
{
	const struct kl_blk_request *request = requests, *end = requests + count;
	const uint64_t capacity = kl__load64(&queue->blk->capacity), now = blk_now(queue);
	struct kl__range window = read_window(queue);

	for (; request != end; request++) {
		uint64_t address;

		if (KL__UNLIKELY(!is_plain(queue, request, capacity) ||
			    !find_address(queue, request, is_virtual, &window, &address))) {
			if (!blk_submit_split(queue, request, now))
				break;
			continue;
		}
		if (kl__ring_free(queue->ring, kind) == 0)
			break;
		add_plain(queue, request, address, now, kind);
	}
	return (uint16_t)(request - requests);
}

#define ADD_REQUESTS(name, kind, is_virtual) \
	static uint16_t add_##name(struct blk_queue *queue, const struct kl_blk_request *requests, \
		uint16_t count) \
	{ \
		return add_requests(queue, requests, count, kind, is_virtual); \
	}
ADD_REQUESTS(split, 0, false)
ADD_REQUESTS(split_virtual, 0, true)
ADD_REQUESTS(packed, KL__RING_PACKED, false)
ADD_REQUESTS(packed_virtual, KL__RING_PACKED, true)

static uint16_t submit_requests(struct blk_queue *queue, const struct kl_blk_request *requests,
	uint16_t count)
{
	struct kl_queue *ring = queue->ring;
	uint16_t n;

	if (KL__UNLIKELY(ring->fault != KL_QUEUE_OK))
		return 0;
	if ((ring->kind & KL__RING_PACKED) != 0)
		n = queue->iova_is_virtual ? add_packed_virtual(queue, requests, count) :
					     add_packed(queue, requests, count);
	else
		n = queue->iova_is_virtual ? add_split_virtual(queue, requests, count) :
					     add_split(queue, requests, count);
	if (KL__UNLIKELY(n < count))
		ring->stats.ring_full++;
	blk_publish(queue);
	return n;
}

uint16_t kl_blk_submit(struct kl_blk *blk, uint16_t queue, const struct kl_blk_request *requests,
	uint16_t count)
{
	struct blk_queue *q;
	uint16_t taken = 0;

	if (!blk_has_queue(blk, queue))
		return 0;
	q = blk->queues[queue];
	if (KL__LIKELY(kl__gate_enter(&q->gate)))
		taken = submit_requests(q, requests, count);
	kl__gate_leave(&q->gate);
	return taken;
}

void kl_blk_kick(struct kl_blk *blk, uint16_t queue)
{
	struct blk_queue *q;

	if (!blk_has_queue(blk, queue))
		return;
	q = blk->queues[queue];
	if (kl__gate_enter(&q->gate))
		kl__kick_flush(q->ring);
	kl__gate_leave(&q->gate);
}
