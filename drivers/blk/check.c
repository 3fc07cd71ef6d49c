/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

#include <errno.h>

#include "zones.h"

/* Nothing here may wrap: offset and length are the caller's, 64 bits each. */
static int check_extent(const struct blk_queue *queue, uint64_t offset, uint64_t length)
{
	uint64_t capacity = kl__load64(&queue->blk->capacity);

	if (length == 0 || ((offset | length) & queue->block_mask) != 0)
		return -EINVAL;
	if (length > capacity || offset > capacity - length)
		return -ERANGE;
	return 0;
}

static int check_data(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	const struct kl_blk_info *info = &queue->blk->info;
	uint8_t allowed = request->op == KL_BLK_WRITE ? KL_BLK_FUA : 0;

	if ((request->flags & ~allowed) != 0 || request->buffer == NULL)
		return -EINVAL;
	if (request->op == KL_BLK_WRITE && info->is_read_only)
		return -EROFS;
	if (request->op == KL_BLK_WRITE && blk_zones_check_write(queue, request) != 0)
		return -EINVAL;
	return check_extent(queue, request->offset, request->length);
}

static int check_ranges(const struct blk_queue *queue, const struct kl_blk_request *request,
	const struct kl_blk_range_limits *limits)
{
	uint8_t allowed = request->op == KL_BLK_WRITE_ZEROES ? KL_BLK_UNMAP : 0;
	int rc = 0;

	if (!limits->is_offered)
		return -ENOTSUP;
	if ((request->flags & ~allowed) != 0)
		return -EINVAL;
	if (queue->blk->info.is_read_only)
		return -EROFS;
	if (request->count == 0)
		return check_extent(queue, request->offset, request->length);
	for (uint16_t i = 0; i < request->count && rc == 0; i++)
		rc = check_extent(queue, request->ranges[i].offset, request->ranges[i].length);
	return rc;
}

/* A query of the device's own data: a fixed number of bytes, no sector. */
static int check_query(const struct kl_blk_request *request, bool is_offered, uint64_t bytes)
{
	if (!is_offered)
		return -ENOTSUP;
	return request->flags == 0 && request->length == bytes && request->buffer != NULL ? 0 :
											    -EINVAL;
}

int blk_request_check(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	const struct kl_blk_info *info = &queue->blk->info;

	switch (request->op) {
	case KL_BLK_READ:
	case KL_BLK_WRITE:
		return check_data(queue, request);
	case KL_BLK_FLUSH:
		return request->flags == 0 ? 0 : -EINVAL;
	case KL_BLK_GET_ID:
		return check_query(request, true, VIRTIO_BLK_ID_BYTES);
	case KL_BLK_GET_LIFETIME:
		return check_query(request, info->has_lifetime, sizeof(struct virtio_blk_lifetime));
	case KL_BLK_DISCARD:
		return check_ranges(queue, request, &info->discard);
	case KL_BLK_WRITE_ZEROES:
		return check_ranges(queue, request, &info->write_zeroes);
	case KL_BLK_SECURE_ERASE:
		return check_ranges(queue, request, &info->secure_erase);
	case KL_BLK_ZONE_APPEND:
	case KL_BLK_ZONE_REPORT:
	case KL_BLK_ZONE_OPEN:
	case KL_BLK_ZONE_CLOSE:
	case KL_BLK_ZONE_FINISH:
	case KL_BLK_ZONE_RESET:
	case KL_BLK_ZONE_RESET_ALL:
		return blk_zones_check(queue, request);
	}
	return -ENOTSUP;
}
