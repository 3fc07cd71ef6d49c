/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A slot's contents: header, table, status, and its place in the ring. Nothing is visible to the
 * device before a publish.
 */
#ifndef KL_BLK_SLOT_H
#define KL_BLK_SLOT_H

#include "ring/clock.h"
#include "ring/kick.h"
#include "ring/table.h"
#include "state.h"

static inline uint16_t blk_slot_number(const struct blk_queue *queue, const struct blk_slot *slot)
{
	return (uint16_t)(slot - queue->slot);
}

/* The bus address of the byte at offset in the memory of slot number id. */
static inline uint64_t blk_slot_memory_iova(const struct blk_queue *queue, uint16_t id,
	size_t offset)
{
	return queue->block_iova + id * sizeof(struct blk_slot_memory) + offset;
}

static inline uint64_t blk_append_sector_iova(const struct blk_queue *queue, uint16_t id)
{
	return queue->status_iova + id * sizeof(struct blk_status) +
		offsetof(struct blk_status, append_sector);
}

static inline uint64_t blk_status_iova(const struct blk_queue *queue, uint16_t id)
{
	return queue->status_iova + id * sizeof(struct blk_status);
}

/*
 * 5.2.6: header, data segments, status; 2.7.5.3: the links run 1, 2, 3, ... Only data
 * entries change later. A device that overwrites the others misleads only itself, since nothing is
 * read back from a table; a start or a recovery formats them again.
 */
static inline void blk_format(struct blk_queue *queue, uint16_t id, uint16_t segments)
{
	const unsigned int kind = queue->ring->kind;
	struct virtq_desc *table = queue->block[id].table;
	struct kl__segment header = {blk_slot_memory_iova(queue, id, 0),
		sizeof(struct virtio_blk_req_header)};
	struct kl__segment status = {blk_status_iova(queue, id), 1};

	kl__table_set_entry(&table[0], header, VIRTQ_DESC_F_NEXT, 1, kind);
	for (uint16_t i = 1; i <= segments; i++)
		kl__table_set_entry(&table[i], (struct kl__segment){0}, VIRTQ_DESC_F_NEXT,
			(uint16_t)(i + 1), kind);
	kl__table_set_entry(&table[segments + 1], status, VIRTQ_DESC_F_WRITE, 0, kind);
	queue->slot[id].shape = (uint8_t)segments;
}

static inline void blk_set_header(struct blk_queue *queue, uint16_t id, uint32_t type,
	uint64_t sector)
{
	queue->block[id].header.type = type;
	queue->block[id].header.sector = sector;
}

/*
 * Adds slot id, whose table is filled with so many data segments, to a ring with indirect tables
 * that has room.
 */
KL__ALWAYS_INLINE void blk_add_indirect(struct blk_queue *queue, uint16_t id, unsigned int segments,
	const unsigned int kind)
{
	struct blk_slot *slot = &queue->slot[id];

	kl__ring_add(queue->ring, slot,
		blk_slot_memory_iova(queue, id, offsetof(struct blk_slot_memory, table)),
		(segments + 2) * (uint32_t)sizeof(struct virtq_desc), VIRTQ_DESC_F_INDIRECT, 0,
		kind);
}

/* The first request after an empty ring starts the clock of its deadline. */
static inline uint64_t blk_now(struct blk_queue *queue)
{
	uint64_t now;

	if (queue->timeout_ticks == 0)
		return 0;
	now = kl__clock();
	if (queue->ring->avail_idx == queue->ring->used_idx) {
		queue->oldest = now;
		queue->checked_at = now;
	}
	return now;
}

/* One publish and one kick decision for all that was added, if anything was. */
static inline void blk_publish(struct blk_queue *queue)
{
	struct kl_queue *ring = queue->ring;
	uint16_t in_flight;

	if (ring->avail_idx == ring->published)
		return;
	kl__ring_publish(ring, ring->kind);
	in_flight = ring->published - ring->used_idx;
	if (KL__UNLIKELY(in_flight > queue->count.max_in_flight))
		queue->count.max_in_flight = in_flight;
	kl__kick(ring);
}

/* Queues a completion for the next poll. There is room for all outstanding ones (queue.c). */
static inline void blk_ready_push(struct blk_queue *queue, uint64_t user_data, int result,
	uint64_t value)
{
	queue->ready[(queue->ready_first + queue->ready_count++) & queue->ready_mask] =
		(struct kl_blk_completion){.user_data = user_data,
			.result = result,
			.value = value};
}

#endif
