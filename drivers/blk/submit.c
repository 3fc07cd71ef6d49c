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
		request->count == 0 && request->flags == 0 && request->buffer != NULL &&
		request->length - 1 < queue->plain_bytes &&
		((request->offset | request->length) & queue->block_mask) == 0 &&
		request->length <= capacity && request->offset <= capacity - request->length;
}

/* The bus address of the buffer when it is contiguous for the device. */
static inline bool is_contiguous(const struct blk_queue *queue,
	const struct kl_blk_request *request, uint64_t *address)
{
	*address = (uintptr_t)request->buffer;
	if (KL__LIKELY(queue->iova_is_virtual))
		return true;
	return kl_device_translate(queue->blk->device, request->buffer, request->length, address) ==
		request->length;
}

static inline void add_plain(struct blk_queue *queue, const struct kl_blk_request *request,
	uint64_t address, uint64_t now)
{
	uint16_t id = kl__ring_next_id(queue->ring, queue->ring->kind & KL__RING_PACKED);
	struct blk_slot *slot = &queue->slot[id];

	if (KL__UNLIKELY(slot->shape != 1))
		blk_format(queue, id, 1);
	slot->user_data = request->user_data;
	slot->since = now;
	slot->parent = NULL;
	slot->bytes = (uint32_t)request->length;
	blk_set_header(queue, id, request->op, request->offset / VIRTIO_BLK_SECTOR);
	kl__table_set_segment(&queue->block[id].table[1],
		(struct kl__segment){address, (uint32_t)request->length},
		request->op == KL_BLK_READ ? VIRTQ_DESC_F_WRITE : 0, queue->ring->kind);
	blk_add_indirect(queue, id);
}

static uint16_t submit_requests(struct blk_queue *queue, const struct kl_blk_request *requests,
	uint16_t count)
{
	uint64_t capacity = kl__load64(&queue->blk->capacity), address, now;
	struct kl_queue *ring = queue->ring;
	uint16_t n;

	if (KL__UNLIKELY(ring->fault != KL_QUEUE_OK))
		return 0;
	now = blk_now(queue);
	for (n = 0; n < count; n++) {
		if (KL__UNLIKELY(!is_plain(queue, &requests[n], capacity) ||
			    !is_contiguous(queue, &requests[n], &address))) {
			if (!blk_submit_split(queue, &requests[n], now))
				break;
			continue;
		}
		if (kl__ring_free(ring, 0) == 0)
			break;
		add_plain(queue, &requests[n], address, now);
	}
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
