/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of requests in flight. It is found in private records, since the tables that the
 * device reads are within its reach.
 */
#include "ring/verbs.h"
#include "start.h"
#include "state.h"
#include "subrequest.h"

static struct kl__range range_of(const void *address, uint64_t bytes)
{
	return (struct kl__range){(uintptr_t)address, bytes};
}

static bool iov_overlaps(const struct iovec *iov, uint16_t count, struct kl__range range)
{
	for (uint16_t i = 0; i < count; i++)
		if (kl__range_overlaps(range_of(iov[i].iov_base, iov[i].iov_len), range))
			return true;
	return false;
}

/* All that is left of it counts, not only what is with the device now. */
static bool parent_overlaps(const struct blk_parent *parent, struct kl__range range)
{
	const struct kl_blk_request *request = &parent->request;

	if (!blk_request_has_data(request))
		return false;
	if (request->count > 0)
		return iov_overlaps(request->iov, request->count, range);
	return kl__range_overlaps(range_of(request->buffer, request->length), range);
}

static bool slot_overlaps(const struct blk_slot *slot, struct kl__range range)
{
	switch (slot->origin) {
	case BLK_FROM_PARENT:
		return parent_overlaps(slot->parent, range);
	case BLK_FROM_IOV:
		return iov_overlaps(slot->iov, slot->count, range);
	default:
		return kl__range_overlaps(range_of(slot->buffer, slot->bytes), range);
	}
}

static bool queue_overlaps(const struct blk_queue *queue, struct kl__range range)
{
	const struct blk_slot *slot;
	uint32_t at = 0;

	while ((slot = kl__queue_next_in_flight(queue->ring, &at)) != NULL)
		if (slot_overlaps(slot, range))
			return true;
	for (const struct blk_parent *parent = queue->waiting; parent != NULL;
		parent = parent->next)
		if (parent_overlaps(parent, range))
			return true;
	return false;
}

bool blk_uses_memory(struct kl_device *device, const void *address, size_t size)
{
	const struct kl_blk *blk = kl_device_private(device);

	for (uint16_t i = 0; i < blk->queue_count; i++)
		if (kl__queue_exists(blk->queues[i]->ring) &&
			queue_overlaps(blk->queues[i], range_of(address, size)))
			return true;
	return false;
}
