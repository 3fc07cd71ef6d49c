/* SPDX-License-Identifier: BSD-3-Clause */
#include "queue.h"

#include <errno.h>
#include <string.h>

#include <kickless/log.h>

#include "ring/verbs.h"
#include "slot.h"
#include "spec/features.h"

/*
 * A request is at least header, data and status, and no table may have more entries than
 * the ring. 2.7.5.3.1
 */
#define MIN_RING 4
/*
 * Completions that can be outstanding at one time, per ring entry: a request in a slot, a parent,
 * one refused at submit; blk_submit_split accepts nothing more then. A power of two.
 */
#define READY_PER_SLOT 4

/* A power of two, even if the ring's size is not. */
static uint32_t ready_size(uint16_t size)
{
	uint32_t entries = READY_PER_SLOT;

	while (entries < (uint32_t)size * READY_PER_SLOT)
		entries *= 2;
	return entries;
}

static size_t parents_offset(uint16_t size)
{
	return size * sizeof(struct blk_slot);
}

static size_t ready_offset(uint16_t size)
{
	return parents_offset(size) + size * sizeof(struct blk_parent);
}

static size_t own_bytes(uint16_t size)
{
	return ready_offset(size) + (size_t)ready_size(size) * sizeof(struct kl_blk_completion);
}

static int allocate_memory(struct kl_blk *blk, struct blk_queue *queue, uint16_t size)
{
	int rc = kl_device_dma_alloc(blk->device,
		size * (sizeof(struct blk_slot_memory) + sizeof(struct blk_status)), KL__CACHE_LINE,
		&queue->shared);

	if (rc != 0)
		return rc;
	queue->own = kl_device_private_alloc(blk->device, own_bytes(size));
	return queue->own != NULL ? 0 : -ENOMEM;
}

static void link_parents(struct blk_queue *queue, struct blk_parent *parents)
{
	for (uint16_t i = 0; i < queue->size; i++) {
		parents[i].next = queue->free_parents;
		queue->free_parents = &parents[i];
	}
}

static void place_areas(struct blk_queue *queue, uint16_t size)
{
	char *own = queue->own;

	queue->block = queue->shared.memory;
	queue->block_iova = queue->shared.iova;
	queue->status = (struct blk_status *)&queue->block[size];
	queue->status_iova = queue->block_iova + size * sizeof(struct blk_slot_memory);
	queue->slot = (struct blk_slot *)own;
	queue->ready = (struct kl_blk_completion *)(own + ready_offset(size));
	queue->ready_mask = ready_size(size) - 1;
	queue->size = size;
	link_parents(queue, (struct blk_parent *)(own + parents_offset(size)));
}

static void set_limits(struct kl_blk *blk, struct blk_queue *queue)
{
	const struct kl_blk_info *info = &blk->info;

	queue->segments = (uint16_t)KL__MIN(KL__MIN(info->seg_max, BLK_SEGMENTS_MAX),
		queue->ring->size - 2u);
	queue->plain_bytes = KL__MIN(info->size_max != 0 ? info->size_max : UINT32_MAX,
		BLK_SUBREQUEST_BYTES);
	queue->block_mask = info->block_size - 1;
	queue->iova_is_virtual = kl_device_iova_is_virtual(blk->device);
	queue->possible_plain_ops = 0;
	if ((queue->ring->kind & KL__RING_CHAINED) == 0)
		queue->possible_plain_ops = 1u << KL_BLK_READ |
			(info->is_read_only || info->zones.zone_bytes != 0 ? 0 :
									     1u << KL_BLK_WRITE);
	blk_set_plain_ops(queue);
	queue->timeout_ticks = blk->conf.timeout_ms * blk->ticks_per_second / 1000;
}

static void format_slots(struct blk_queue *queue)
{
	memset(queue->block, 0, queue->ring->size * sizeof(*queue->block));
	for (uint16_t i = 0; i < queue->ring->size; i++) {
		blk_format(queue, i, 1);
		queue->status[i].value = BLK_STATUS_NONE;
	}
}

/* A ring that is made again must fit in the memory that is there. */
static int check_ring(struct kl_blk *blk, const struct blk_queue *queue, uint16_t index)
{
	const char *name = kl_device_info(blk->device)->name;

	if (queue->ring->size < MIN_RING) {
		kl_error(
			"%s: queue %u has %u entries; a request needs at least 3, so 4 are the least",
			name, index, queue->ring->size);
		return -EINVAL;
	}
	if (queue->shared.memory == NULL || queue->ring->size <= queue->size)
		return 0;
	kl_error(
		"%s: queue %u has %u entries now, more than the %u that it was started with; stop the "
		"device and start it again",
		name, index, queue->ring->size, queue->size);
	return -EPROTO;
}

int blk_queue_create(struct kl_blk *blk, struct blk_queue *queue, uint16_t index)
{
	const bool again = queue->shared.memory != NULL;
	const struct kl_queue_conf conf = {
		.index = index,
		/* In a recovery it is brought to what is possible now, if that is less. */
		.size = again ? queue->size : blk->conf.ring_size,
		.chained = !kl_device_has(blk->device, VIRTIO_F_INDIRECT_DESC),
		.vector = kl_device_queue_event_fd(blk->device, index + 1) >= 0 ? index + 1 : 0,
		.kick = blk->conf.kick,
	};
	int rc = kl_device_queue_add(blk->device, &conf, &queue->ring);

	if (rc != 0)
		return rc;
	queue->blk = blk;
	queue->index = index;
	rc = check_ring(blk, queue, index);
	if (rc != 0)
		return rc;
	if (!again) {
		rc = allocate_memory(blk, queue, queue->ring->size);
		if (rc != 0)
			return rc;
		place_areas(queue, queue->ring->size);
	}
	set_limits(blk, queue);
	format_slots(queue);
	return 0;
}

void blk_queue_free(struct kl_blk *blk, struct blk_queue *queue)
{
	kl_device_dma_free(blk->device, &queue->shared);
	kl_device_private_free(blk->device, queue->own, own_bytes(queue->size));
	queue->own = NULL;
	queue->ready_count = 0;
	queue->ready_first = 0;
	queue->waiting = NULL;
	queue->free_parents = NULL;
}

int kl_blk_queue_stats_get(const struct kl_blk *blk, uint16_t queue,
	struct kl_blk_queue_stats *stats)
{
	const struct blk_queue *q;

	if (!blk_has_queue(blk, queue))
		return -EINVAL;
	q = blk->queues[queue];
	*stats = (struct kl_blk_queue_stats){
		.requests = q->count.requests,
		.bytes = q->count.bytes,
		.errors = q->count.errors,
		.timeouts = q->count.timeouts,
		.resets = kl_device_resets(blk->device),
		.polls = q->count.polls,
		.empty_polls = q->count.empty_polls,
		.max_in_flight = q->count.max_in_flight,
	};
	if (q->ring != NULL)
		stats->queue = q->ring->stats;
	return 0;
}

int kl_blk_queue_event_fd(const struct kl_blk *blk, uint16_t queue)
{
	return kl_device_queue_event_fd(blk->device, queue + 1);
}

int kl_blk_queue_info_get(const struct kl_blk *blk, uint16_t queue, struct kl_blk_queue_info *info)
{
	const struct blk_queue *q;

	if (queue >= blk->queue_count || !kl__queue_exists(blk->queues[queue]->ring))
		return -EINVAL;
	q = blk->queues[queue];
	*info = (struct kl_blk_queue_info){
		.size = q->ring->size,
		.segments = q->segments,
		.kick = q->ring->kick.policy,
		.ring = kl__queue_format(q->ring),
		.path = (q->ring->kind & KL__RING_CHAINED) != 0 ? "chained" : "indirect",
		.fault = (enum kl_queue_fault)q->ring->fault,
		.can_sleep = kl_blk_queue_event_fd(blk, queue) >= 0,
	};
	return 0;
}
