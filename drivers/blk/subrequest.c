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
static bool has_nothing(const struct kl_blk_request *request)
{
	return request->op == KL_BLK_FLUSH || request->op >= KL_BLK_ZONE_OPEN;
}

/* Where on the disk; 0 for what is about all of it. */
static uint64_t sector_of(const struct kl_blk_request *request, uint64_t done)
{
	bool has_place = request->op <= KL_BLK_WRITE || request->op >= KL_BLK_ZONE_APPEND;

	return has_place ? (request->offset + done) / VIRTIO_BLK_SECTOR : 0;
}

/* The device must not see it in pieces. */
static bool is_whole(const struct kl_blk_request *request)
{
	return request->op == KL_BLK_ZONE_APPEND || request->op == KL_BLK_ZONE_REPORT;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * The caller's memory at the cursor, and how many bytes of it lie together; 0 behind the end of the
 * iovec.
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

static void move(struct blk_cursor *cursor, uint64_t bytes)
{
	cursor->done += bytes;
	cursor->skip += bytes;
}

/* The data segments it may have. */
static uint16_t segments_of(const struct blk_queue *queue, const struct blk_subrequest *part)
{
	bool is_full = queue->segments == BLK_SEGMENTS_MAX ||
		queue->segments + 2 == queue->ring->size;

	return queue->segments - (is_full && blk_subrequest_has_answer(part));
}

/*
 * Appends to the last segment where it continues it; false when the part has no room for one more.
 */
static bool append(const struct blk_queue *queue, struct blk_subrequest *part, uint64_t address,
	uint32_t bytes)
{
	struct kl__segment *last = part->segments > 0 ? &part->segment[part->segments - 1] : NULL;

	if (last != NULL && last->address + last->length == address &&
		bytes <= queue->plain_bytes - last->length) {
		last->length += bytes;
	} else {
		if (part->segments == segments_of(queue, part))
			return false;
		part->segment[part->segments++] = (struct kl__segment){address, bytes};
	}
	part->bytes += bytes;
	return true;
}

/* Takes excess bytes off the end again. */
static void trim(struct blk_subrequest *part, uint32_t excess)
{
	part->bytes -= excess;
	while (excess > 0) {
		struct kl__segment *last = &part->segment[part->segments - 1];

		if (last->length > excess) {
			last->length -= excess;
			return;
		}
		excess -= last->length;
		part->segments--;
	}
}

/* Collects segments for up to limit bytes from the cursor on, which is a copy. */
static int gather(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor cursor, uint64_t limit, struct blk_subrequest *part)
{
	while (part->bytes < limit) {
		char *memory;
		uint64_t bytes = memory_at(request, &cursor, &memory), address;

		if (bytes == 0)
			return -EINVAL;
		bytes = smaller(smaller(bytes, limit - part->bytes), queue->plain_bytes);
		bytes = kl_device_translate(queue->blk->device, memory, bytes, &address);
		if (bytes == 0)
			return -EFAULT;
		if (!append(queue, part, address, (uint32_t)bytes))
			return 0;
		move(&cursor, bytes);
	}
	return 0;
}

static bool is_write(const struct kl_blk_request *request)
{
	return request->op == KL_BLK_WRITE || request->op == KL_BLK_ZONE_APPEND;
}

/* What a part is a multiple of when it is not the last. */
static uint32_t unit_of(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	uint32_t granularity = queue->blk->info.zones.write_granularity;

	return is_write(request) && granularity != 0 ? granularity :
						       (uint32_t)queue->block_mask + 1;
}

static int next_data(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor *cursor, struct blk_subrequest *part)
{
	uint64_t left = request->length - cursor->done;
	int rc;

	part->direction = is_write(request) ? 0 : VIRTQ_DESC_F_WRITE;
	part->sector = sector_of(request, cursor->done);
	rc = gather(queue, request, *cursor, smaller(left, BLK_SUBREQUEST_BYTES), part);
	if (rc != 0)
		return rc;
	/* 5.2.6.1: whole blocks, except where all that is left fits. */
	if (part->bytes < left)
		trim(part, part->bytes % unit_of(queue, request));
	if (part->bytes == 0 || (part->bytes < left && is_whole(request)))
		return -EINVAL;
	/* Over the iovec's elements one by one, since what was trimmed may have been several. */
	for (uint64_t bytes = part->bytes, step; bytes > 0; bytes -= step) {
		char *memory;

		step = smaller(bytes, memory_at(request, cursor, &memory));
		move(cursor, step);
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
 * How much of left bytes from offset on one range takes: cut where the device likes it, if it must
 * be cut.
 */
static uint64_t cut(const struct kl_blk_range_limits *limits, uint64_t block_mask, uint64_t offset,
	uint64_t left)
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
	struct blk_cursor *cursor, struct blk_subrequest *part)
{
	const struct kl_blk_range_limits *limits = limits_of(queue, request->op);
	uint32_t flags = (request->flags & KL_BLK_UNMAP) != 0 ? VIRTIO_BLK_RANGE_F_UNMAP : 0;

	while (part->ranges < limits->max_ranges && cursor->index < ranges_of(request)) {
		struct kl_blk_range range = range_at(request, cursor->index);
		uint64_t offset = range.offset + cursor->done;
		uint64_t bytes = cut(limits, queue->block_mask, offset,
			range.length - cursor->done);

		part->range[part->ranges++] = (struct virtio_blk_range){offset / VIRTIO_BLK_SECTOR,
			(uint32_t)(bytes / VIRTIO_BLK_SECTOR), flags};
		cursor->done += bytes;
		if (cursor->done == range.length) {
			cursor->index++;
			cursor->done = 0;
		}
	}
	return 0;
}

/* 5.2.6.1: the sector is 0, and there is no data. */
void blk_subrequest_flush(struct blk_subrequest *part)
{
	part->type = VIRTIO_BLK_T_FLUSH;
	part->bytes = 0;
	part->sector = 0;
	part->direction = 0;
	part->segments = 0;
	part->ranges = 0;
}

int blk_subrequest_next(const struct blk_queue *queue, const struct kl_blk_request *request,
	struct blk_cursor *cursor, struct blk_subrequest *part)
{
	blk_subrequest_flush(part);
	part->type = request->op;
	part->sector = sector_of(request, 0);
	if (has_nothing(request))
		return 0;
	if (has_ranges(request))
		return next_ranges(queue, request, cursor, part);
	return next_data(queue, request, cursor, part);
}

bool blk_subrequest_was_last(const struct kl_blk_request *request, const struct blk_cursor *cursor)
{
	if (has_nothing(request))
		return true;
	if (has_ranges(request))
		return cursor->index == ranges_of(request);
	return cursor->done == request->length;
}

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
	const unsigned int kind = queue->ring->kind;
	struct virtq_desc *table = queue->block[id].table;
	uint16_t shape = count + blk_subrequest_has_answer(part);

	if (queue->slot[id].shape != shape)
		blk_format(queue, id, shape);
	for (uint16_t i = 0; i < count; i++)
		kl__table_set_segment(&table[i + 1], segments[i], part->direction, kind);
	if (blk_subrequest_has_answer(part))
		kl__table_set_segment(&table[shape], answer_of(queue, id), VIRTQ_DESC_F_WRITE,
			kind);
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
