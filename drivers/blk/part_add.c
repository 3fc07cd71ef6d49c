/* SPDX-License-Identifier: BSD-3-Clause */
/* A part into a slot and the ring: header, data, status. virtio 1.x, 5.2.6, 2.7.5.3. */
#include <errno.h>
#include <string.h>

#include "part.h"
#include "slot.h"

/* The segment that the ranges are, in the slot that they were put into. */
static struct kl__segment put_ranges(struct blk_queue *queue, uint16_t id,
	const struct blk_subrequest *part)
{
	uint32_t bytes = part->ranges * (uint32_t)sizeof(struct virtio_blk_range);

	memcpy(&queue->block[id].table[BLK_RANGES_ENTRY], part->range, bytes);
	return (struct kl__segment){blk_slot_memory_iova(queue, id,
					    offsetof(struct blk_slot_memory,
						    table[BLK_RANGES_ENTRY])),
		bytes};
}

/* The sector that was appended to, for the device to write. */
static struct kl__segment answer_of(const struct blk_queue *queue, uint16_t id)
{
	return (struct kl__segment){blk_append_sector_iova(queue, id), sizeof(uint64_t)};
}

static void fill_table(struct blk_queue *queue, uint16_t id, const struct kl__segment *segments,
	uint16_t count, const struct blk_subrequest *part)
{
	struct virtq_desc *table = queue->block[id].table;
	uint16_t shape = count + blk_subrequest_has_answer(part);

	if (queue->slot[id].shape != shape)
		blk_format(queue, id, shape);
	for (uint16_t i = 0; i < count; i++)
		blk_set_segment(queue, &table[i + 1], segments[i].address, segments[i].length,
			part->direction);
	if (blk_subrequest_has_answer(part))
		blk_set_segment(queue, &table[shape], answer_of(queue, id).address,
			sizeof(uint64_t), VIRTQ_DESC_F_WRITE);
}

/*
 * Without INDIRECT_DESC: header, segments and status as a chain of the ring's descriptors. 2.7.4.2
 */
static int add_chain(struct blk_queue *queue, uint16_t id, const struct kl__segment *segments,
	uint16_t count, const struct blk_subrequest *part)
{
	struct kl__segment pieces[BLK_TABLE_ENTRIES];
	unsigned int readable = part->direction == 0 ? count + 1u : 1;
	unsigned int all = 0;

	pieces[all++] = (struct kl__segment){blk_slot_memory_iova(queue, id, 0),
		sizeof(struct virtio_blk_req_header)};
	memcpy(&pieces[all], segments, count * sizeof(*segments));
	all += count;
	if (blk_subrequest_has_answer(part))
		pieces[all++] = answer_of(queue, id);
	pieces[all++] = (struct kl__segment){blk_status_iova(queue, id), 1};
	return kl__queue_add(queue->ring, pieces, readable, all - readable, &queue->slot[id]);
}

int blk_subrequest_add(struct blk_queue *queue, const struct blk_subrequest *part,
	struct blk_parent *group, uint64_t user_data, uint64_t now)
{
	bool is_chained = (queue->ring->kind & KL__RING_CHAINED) != 0;
	uint16_t id, count = part->ranges > 0 ? 1 : part->segments;
	const struct kl__segment *segments = part->segment;
	struct kl__segment ranges;
	struct blk_slot *slot;

	if (kl__ring_free(queue->ring, queue->ring->kind) <
		(is_chained ? count + 2 + blk_subrequest_has_answer(part) : 1))
		return -ENOSPC;
	id = kl__ring_next_id(queue->ring, queue->ring->kind);
	slot = &queue->slot[id];
	if (part->ranges > 0) {
		ranges = put_ranges(queue, id, part);
		segments = &ranges;
	}
	blk_set_header(queue, id, part->type, part->sector);
	slot->user_data = user_data;
	slot->since = now;
	slot->group = group;
	slot->bytes = part->bytes;
	if (is_chained)
		return add_chain(queue, id, segments, count, part);
	fill_table(queue, id, segments, count, part);
	blk_add_indirect(queue, id);
	return 0;
}
