/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of requests in flight. It is found in private records, since the tables that the
 * device reads are within its reach.
 */
#include "ring/verbs.h"
#include "start.h"
#include "state.h"
#include "subrequest.h"

struct extent {
	uint64_t first;
	uint64_t bytes;
};

static struct extent extent_of(const void *address, uint64_t bytes)
{
	return (struct extent){(uintptr_t)address, bytes};
}

static bool has_overlap(struct extent a, struct extent b)
{
	if (a.bytes == 0 || b.bytes == 0)
		return false;
	return a.first - b.first < b.bytes || b.first - a.first < a.bytes;
}

static bool iov_overlaps(const struct iovec *iov, uint16_t count, struct extent extent)
{
	for (uint16_t i = 0; i < count; i++)
		if (has_overlap(extent_of(iov[i].iov_base, iov[i].iov_len), extent))
			return true;
	return false;
}

/* All that is left of it counts, not only what is with the device now. */
static bool parent_overlaps(const struct blk_parent *parent, struct extent extent)
{
	const struct kl_blk_request *request = &parent->request;

	if (!blk_request_has_data(request))
		return false;
	if (request->count > 0)
		return iov_overlaps(request->iov, request->count, extent);
	return has_overlap(extent_of(request->buffer, request->length), extent);
}

static bool slot_overlaps(const struct blk_slot *slot, struct extent extent)
{
	switch (slot->origin) {
	case BLK_FROM_PARENT:
		return parent_overlaps(slot->parent, extent);
	case BLK_FROM_IOV:
		return iov_overlaps(slot->iov, slot->count, extent);
	default:
		return has_overlap(extent_of(slot->buffer, slot->bytes), extent);
	}
}

static bool queue_overlaps(const struct blk_queue *queue, struct extent extent)
{
	const struct blk_slot *slot;
	uint32_t at = 0;

	while ((slot = kl__queue_next_in_flight(queue->ring, &at)) != NULL)
		if (slot_overlaps(slot, extent))
			return true;
	for (const struct blk_parent *parent = queue->waiting; parent != NULL;
		parent = parent->next)
		if (parent_overlaps(parent, extent))
			return true;
	return false;
}

bool blk_uses_memory(struct kl_device *device, const void *address, size_t size)
{
	const struct kl_blk *blk = kl_device_private(device);

	for (uint16_t i = 0; i < blk->queue_count; i++)
		if (kl__queue_exists(blk->queues[i]->ring) &&
			queue_overlaps(blk->queues[i], extent_of(address, size)))
			return true;
	return false;
}
