/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Subrequests: cutting a request to the device's limits, and adding each to a slot and the ring.
 * virtio 1.x, 5.2.4, 5.2.6, 5.2.6.1, 2.7.5.3.
 */
#include <errno.h>
#include <string.h>

#include "ring/verbs.h"
#include "slot.h"
#include "subrequest.h"

static_assert((int)KL_BLK_READ == VIRTIO_BLK_T_IN && (int)KL_BLK_WRITE == VIRTIO_BLK_T_OUT &&
		(int)KL_BLK_FLUSH == VIRTIO_BLK_T_FLUSH &&
		(int)KL_BLK_GET_ID == VIRTIO_BLK_T_GET_ID &&
		(int)KL_BLK_GET_LIFETIME == VIRTIO_BLK_T_GET_LIFETIME &&
		(int)KL_BLK_DISCARD == VIRTIO_BLK_T_DISCARD &&
		(int)KL_BLK_WRITE_ZEROES == VIRTIO_BLK_T_WRITE_ZEROES &&
		(int)KL_BLK_SECURE_ERASE == VIRTIO_BLK_T_SECURE_ERASE &&
		(int)KL_BLK_ZONE_APPEND == VIRTIO_BLK_T_ZONE_APPEND &&
		(int)KL_BLK_ZONE_REPORT == VIRTIO_BLK_T_ZONE_REPORT &&
		(int)KL_BLK_ZONE_OPEN == VIRTIO_BLK_T_ZONE_OPEN &&
		(int)KL_BLK_ZONE_CLOSE == VIRTIO_BLK_T_ZONE_CLOSE &&
		(int)KL_BLK_ZONE_FINISH == VIRTIO_BLK_T_ZONE_FINISH &&
		(int)KL_BLK_ZONE_RESET == VIRTIO_BLK_T_ZONE_RESET &&
		(int)KL_BLK_ZONE_RESET_ALL == VIRTIO_BLK_T_ZONE_RESET_ALL,
	"an operation is its wire type");
static_assert(KL_BLK_ID_BYTES == VIRTIO_BLK_ID_BYTES, "5.2.6");
static_assert(sizeof(struct kl_blk_lifetime) == sizeof(struct virtio_blk_lifetime), "5.2.6");

static bool has_ranges(const struct kl_blk_request *request)
{
	return request->op >= KL_BLK_DISCARD && request->op <= KL_BLK_SECURE_ERASE;
}

/* 5.2.6: header and status are all of it. */
static bool has_no_data(const struct kl_blk_request *request)
{
	return request->op == KL_BLK_FLUSH || request->op >= KL_BLK_ZONE_OPEN;
}

bool blk_request_has_data(const struct kl_blk_request *request)
{
	return !has_ranges(request) && !has_no_data(request);
}

/* The first sector; 0 for an operation on the whole disk. */
static uint64_t sector_of(const struct kl_blk_request *request, uint64_t done)
{
	bool has_place = request->op <= KL_BLK_WRITE || request->op >= KL_BLK_ZONE_APPEND;

	return has_place ? (request->offset + done) / VIRTIO_BLK_SECTOR : 0;
}

/* The request may not be cut. */
static bool is_indivisible(const struct kl_blk_request *request)
{
	return request->op == KL_BLK_ZONE_APPEND || request->op == KL_BLK_ZONE_REPORT;
}

/*
 * The caller's memory at the cursor, and the number of its contiguous bytes; 0 behind the end
 * of the iovec.
 */
static size_t memory_at(const struct kl_blk_request *request, struct blk_cursor *cursor,
	char **memory)
{
	if (request->count == 0) {
		*memory = (char *)request->buffer + cursor->done;
		return request->length - cursor->done;
	}
	while (cursor->index < request->count &&
		cursor->skip == request->iov[cursor->index].iov_len) {
		cursor->index++;
		cursor->skip = 0;
	}
	if (cursor->index == request->count)
		return 0;
	*memory = (char *)request->iov[cursor->index].iov_base + cursor->skip;
	return request->iov[cursor->index].iov_len - cursor->skip;
}

static void move_cursor(struct blk_cursor *cursor, uint64_t bytes)
{
	cursor->done += bytes;
	cursor->skip += bytes;
}

/* The largest number of data segments. */
static uint16_t segments_of(const struct blk_queue *queue, const struct blk_subrequest *subrequest)
{
	bool is_full = queue->segments == BLK_SEGMENTS_MAX ||
		queue->segments + 2 == queue->ring->size;

	return queue->segments - (is_full && blk_subrequest_has_answer(subrequest));
}

/*
 * Extends the last segment when the bytes continue it, else adds one; false when there is no room
 * for one more.
 */
static bool append_segment(const struct blk_queue *queue, struct blk_subrequest *subrequest,
	uint64_t address, uint32_t bytes)
{
	struct kl__segment *last = subrequest->segments > 0 ?
		&subrequest->segment[subrequest->segments - 1] :
		NULL;

	if (last != NULL && last->address + last->length == address &&
		bytes <= queue->plain_bytes - last->length) {
		last->length += bytes;
	} else {
		if (subrequest->segments == segments_of(queue, subrequest))
			return false;
		subrequest->segment[subrequest->segments++] = (struct kl__segment){address, bytes};
	}
	subrequest->bytes += bytes;
	return true;
}

/* Removes excess bytes from the end. */
static void trim_end(struct blk_subrequest *subrequest, uint32_t excess)
{
	subrequest->bytes -= excess;
	while (excess > 0) {
		struct kl__segment *last = &subrequest->segment[subrequest->segments - 1];

		if (last->length > excess) {
			last->length -= excess;
			return;
		}
		excess -= last->length;
		subrequest->segments--;
	}
}

/* Collects segments for up to limit bytes from the cursor on, which is a copy. */
static int gather_segments(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor cursor, uint64_t limit, struct blk_subrequest *subrequest)
{
	while (subrequest->bytes < limit) {
		char *memory;
		uint64_t bytes = memory_at(request, &cursor, &memory), address;

		if (bytes == 0)
			return -EINVAL;
		bytes = KL__MIN(bytes, limit - subrequest->bytes);
		bytes = KL__MIN(bytes, queue->plain_bytes);
		bytes = kl_device_translate(queue->blk->device, memory, bytes, &address);
		if (bytes == 0)
			return -EFAULT;
		if (!append_segment(queue, subrequest, address, (uint32_t)bytes))
			return 0;
		move_cursor(&cursor, bytes);
	}
	return 0;
}

static bool is_write(const struct kl_blk_request *request)
{
	return request->op == KL_BLK_WRITE || request->op == KL_BLK_ZONE_APPEND;
}

/* The unit of which each subrequest but the last is a multiple. */
static uint32_t unit_of(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	uint32_t granularity = queue->blk->info.zones.write_granularity;

	return is_write(request) && granularity != 0 ? granularity :
						       (uint32_t)queue->block_mask + 1;
}

static int next_data(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor *cursor, struct blk_subrequest *subrequest)
{
	uint64_t left = request->length - cursor->done;
	int rc;

	subrequest->direction = is_write(request) ? 0 : VIRTQ_DESC_F_WRITE;
	subrequest->sector = sector_of(request, cursor->done);
	rc = gather_segments(queue, request, *cursor, KL__MIN(left, BLK_SUBREQUEST_BYTES),
		subrequest);
	if (rc != 0)
		return rc;
	/* 5.2.6.1: whole blocks, except where all that is left fits. */
	if (subrequest->bytes < left)
		trim_end(subrequest, subrequest->bytes % unit_of(queue, request));
	if (subrequest->bytes == 0 || (subrequest->bytes < left && is_indivisible(request)))
		return -EINVAL;
	/* Over the iovec's elements one by one, since the trimmed bytes may span several. */
	for (uint64_t bytes = subrequest->bytes, step; bytes > 0; bytes -= step) {
		char *memory;

		step = memory_at(request, cursor, &memory);
		step = KL__MIN(step, bytes);
		move_cursor(cursor, step);
	}
	return 0;
}

static const struct kl_blk_range_limits *limits_of(const struct blk_queue *queue, uint8_t op)
{
	const struct kl_blk_info *info = &queue->blk->info;

	if (op == KL_BLK_DISCARD)
		return &info->discard;
	return op == KL_BLK_WRITE_ZEROES ? &info->write_zeroes : &info->secure_erase;
}

static struct kl_blk_range range_at(const struct kl_blk_request *request, uint32_t index)
{
	if (request->count == 0)
		return (struct kl_blk_range){request->offset, request->length};
	return request->ranges[index];
}

static uint32_t ranges_of(const struct kl_blk_request *request)
{
	return request->count == 0 ? 1 : request->count;
}

/*
 * The bytes of one range that starts at offset, with left bytes remaining. A range that must be cut
 * is cut at the device's alignment.
 */
static uint64_t cut_range(const struct kl_blk_range_limits *limits, uint64_t block_mask,
	uint64_t offset, uint64_t left)
{
	uint64_t end = offset + limits->max_bytes, aligned;

	if (left <= limits->max_bytes)
		return left;
	if (limits->alignment != 0) {
		aligned = (end - end % limits->alignment) & ~block_mask;
		if (aligned > offset)
			end = aligned;
	}
	return end - offset;
}

static int next_ranges(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor *cursor, struct blk_subrequest *subrequest)
{
	const struct kl_blk_range_limits *limits = limits_of(queue, request->op);
	uint32_t flags = (request->flags & KL_BLK_UNMAP) != 0 ? VIRTIO_BLK_RANGE_F_UNMAP : 0;

	while (subrequest->ranges < limits->max_ranges && cursor->index < ranges_of(request)) {
		struct kl_blk_range range = range_at(request, cursor->index);
		uint64_t offset = range.offset + cursor->done;
		uint64_t bytes = cut_range(limits, queue->block_mask, offset,
			range.length - cursor->done);

		subrequest->range[subrequest->ranges++] =
			(struct virtio_blk_range){offset / VIRTIO_BLK_SECTOR,
				(uint32_t)(bytes / VIRTIO_BLK_SECTOR), flags};
		cursor->done += bytes;
		if (cursor->done == range.length) {
			cursor->index++;
			cursor->done = 0;
		}
	}
	return 0;
}

void blk_subrequest_flush(struct blk_subrequest *subrequest)
{
	subrequest->type = VIRTIO_BLK_T_FLUSH;
	subrequest->bytes = 0;
	subrequest->sector = 0;
	subrequest->direction = 0;
	subrequest->segments = 0;
	subrequest->ranges = 0;
}

int blk_subrequest_next(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor *cursor, struct blk_subrequest *subrequest)
{
	blk_subrequest_flush(subrequest);
	subrequest->type = request->op;
	subrequest->sector = sector_of(request, 0);
	if (has_no_data(request))
		return 0;
	if (has_ranges(request))
		return next_ranges(queue, request, cursor, subrequest);
	return next_data(queue, request, cursor, subrequest);
}

bool blk_subrequest_was_last(const struct kl_blk_request *request, const struct blk_cursor *cursor)
{
	if (has_no_data(request))
		return true;
	if (has_ranges(request))
		return cursor->index == ranges_of(request);
	return cursor->done == request->length;
}

/* Writes the ranges into the slot and returns the segment that they are. */
static struct kl__segment put_ranges(struct blk_queue *queue, uint16_t id,
	const struct blk_subrequest *subrequest)
{
	uint32_t bytes = subrequest->ranges * (uint32_t)sizeof(struct virtio_blk_range);

	memcpy(&queue->block[id].table[BLK_RANGES_ENTRY], subrequest->range, bytes);
	return (struct kl__segment){blk_slot_memory_iova(queue, id,
					    offsetof(struct blk_slot_memory,
						    table[BLK_RANGES_ENTRY])),
		bytes};
}

/* The segment to which the device writes the sector of a zone append. */
static struct kl__segment answer_of(const struct blk_queue *queue, uint16_t id)
{
	return (struct kl__segment){blk_append_sector_iova(queue, id), sizeof(uint64_t)};
}

static void fill_table(struct blk_queue *queue, uint16_t id, const struct kl__segment *segments,
	uint16_t count, const struct blk_subrequest *subrequest)
{
	const unsigned int kind = queue->ring->kind;
	struct virtq_desc *table = queue->block[id].table;
	uint16_t shape = count + blk_subrequest_has_answer(subrequest);

	if (queue->slot[id].shape != shape)
		blk_format(queue, id, shape);
	for (uint16_t i = 0; i < count; i++)
		kl__table_set_segment(&table[i + 1], segments[i], subrequest->direction, kind);
	if (blk_subrequest_has_answer(subrequest))
		kl__table_set_segment(&table[shape], answer_of(queue, id), VIRTQ_DESC_F_WRITE,
			kind);
}

/*
 * Without INDIRECT_DESC: header, segments and status as a chain of the ring's descriptors. 2.7.4.2
 */
static int add_chain(struct blk_queue *queue, uint16_t id, const struct kl__segment *segments,
	uint16_t count, const struct blk_subrequest *subrequest)
{
	struct kl__segment chain[BLK_TABLE_ENTRIES];
	unsigned int readable = subrequest->direction == 0 ? count + 1u : 1;
	unsigned int all = 0;

	chain[all++] = (struct kl__segment){blk_slot_memory_iova(queue, id, 0),
		sizeof(struct virtio_blk_req_header)};
	memcpy(&chain[all], segments, count * sizeof(*segments));
	all += count;
	if (blk_subrequest_has_answer(subrequest))
		chain[all++] = answer_of(queue, id);
	chain[all++] = (struct kl__segment){blk_status_iova(queue, id), 1};
	return kl__queue_add(queue->ring, chain, readable, all - readable, &queue->slot[id]);
}

static void set_origin(struct blk_slot *slot, const struct kl_blk_request *request,
	struct blk_parent *parent)
{
	if (parent != NULL) {
		slot->origin = BLK_FROM_PARENT;
		slot->parent = parent;
	} else if (blk_request_has_data(request) && request->count > 0) {
		slot->origin = BLK_FROM_IOV;
		slot->iov = request->iov;
		slot->count = request->count;
	} else {
		slot->origin = BLK_FROM_BUFFER;
		slot->buffer = request->buffer;
	}
}

int blk_subrequest_add(struct blk_queue *queue, const struct blk_subrequest *subrequest,
	const struct kl_blk_request *request, struct blk_parent *parent, uint64_t now)
{
	bool is_chained = (queue->ring->kind & KL__RING_CHAINED) != 0;
	uint16_t id, count = subrequest->ranges > 0 ? 1 : subrequest->segments;
	const struct kl__segment *segments = subrequest->segment;
	struct kl__segment ranges;
	struct blk_slot *slot;

	if (kl__ring_free(queue->ring, queue->ring->kind) <
		(is_chained ? count + 2 + blk_subrequest_has_answer(subrequest) : 1))
		return -ENOSPC;
	id = kl__ring_next_id(queue->ring, queue->ring->kind);
	slot = &queue->slot[id];
	if (subrequest->ranges > 0) {
		ranges = put_ranges(queue, id, subrequest);
		segments = &ranges;
	}
	blk_set_header(queue, id, subrequest->type, subrequest->sector);
	slot->user_data = request->user_data;
	slot->since = now;
	set_origin(slot, request, parent);
	slot->bytes = subrequest->bytes;
	if (is_chained)
		return add_chain(queue, id, segments, count, subrequest);
	fill_table(queue, id, segments, count, subrequest);
	blk_add_indirect(queue, id, slot->shape, queue->ring->kind & KL__RING_PACKED);
	return 0;
}
