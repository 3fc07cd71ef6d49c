/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host-managed zoned disk: the check of its requests, and the meaning of its answers. virtio 1.x,
 * 5.2.4, 5.2.6, 5.2.6.1.
 */
#include <errno.h>
#include <string.h>

#include "slot.h"
#include "subrequest.h"
#include "zones.h"

static_assert(sizeof(struct kl_blk_zone_report) == sizeof(struct virtio_blk_zone_report), "5.2.6");
static_assert(sizeof(struct kl_blk_zone) == sizeof(struct virtio_blk_zone_descriptor) &&
		offsetof(struct kl_blk_zone, start_sector) ==
			offsetof(struct virtio_blk_zone_descriptor, z_start) &&
		offsetof(struct kl_blk_zone, write_sector) ==
			offsetof(struct virtio_blk_zone_descriptor, z_wp) &&
		offsetof(struct kl_blk_zone, state) ==
			offsetof(struct virtio_blk_zone_descriptor, z_state),
	"5.2.6");

/* The offset must be the first byte of an existing zone. */
static int check_zone(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	if (request->offset % queue->blk->info.zones.zone_bytes != 0)
		return -EINVAL;
	return request->offset < kl__load64(&queue->blk->capacity) ? 0 : -ERANGE;
}

static int check_append(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	const struct kl_blk_zones *zones = &queue->blk->info.zones;
	int rc = check_zone(queue, request);

	if (zones->max_append_bytes == 0)
		return -ENOTSUP;
	if (request->buffer == NULL || request->length == 0 ||
		request->length > zones->max_append_bytes ||
		request->length % zones->write_granularity != 0)
		return -EINVAL;
	return rc;
}

/* The buffer must hold one zone at least, in one segment, so that the answer can be found. */
static int check_report(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	if (request->buffer == NULL || request->count != 0 ||
		request->length > BLK_SUBREQUEST_BYTES ||
		request->length < sizeof(struct virtio_blk_zone_report) +
				sizeof(struct virtio_blk_zone_descriptor) ||
		request->offset % VIRTIO_BLK_SECTOR != 0)
		return -EINVAL;
	return request->offset < kl__load64(&queue->blk->capacity) ? 0 : -ERANGE;
}

int blk_zones_check_write(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	uint32_t granularity = queue->blk->info.zones.write_granularity;

	if (granularity == 0)
		return 0;
	return request->offset % granularity == 0 && request->length % granularity == 0 ? 0 :
											  -EINVAL;
}

int blk_zones_check(const struct blk_queue *queue, const struct kl_blk_request *request)
{
	const struct kl_blk_info *info = &queue->blk->info;

	if (info->zones.zone_bytes == 0)
		return -ENOTSUP;
	if (request->flags != 0)
		return -EINVAL;
	if (request->op == KL_BLK_ZONE_REPORT)
		return check_report(queue, request);
	if (info->is_read_only)
		return -EROFS;
	if (request->op == KL_BLK_ZONE_APPEND)
		return check_append(queue, request);
	if (request->length != 0 || request->count != 0)
		return -EINVAL;
	if (request->op == KL_BLK_ZONE_RESET_ALL)
		return request->offset == 0 ? 0 : -EINVAL;
	return check_zone(queue, request);
}

int blk_zones_result(uint8_t status)
{
	switch (status) {
	case VIRTIO_BLK_S_UNSUPP:
		return -ENOTSUP;
	case VIRTIO_BLK_S_ZONE_INVALID_CMD:
		return -EINVAL;
	case VIRTIO_BLK_S_ZONE_UNALIGNED_WP:
		return -EILSEQ;
	case VIRTIO_BLK_S_ZONE_OPEN_RESOURCE:
		return -EMFILE;
	case VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE:
		return -EOVERFLOW;
	}
	return -EIO;
}

bool blk_zones_has_answer(uint8_t op)
{
	return op == KL_BLK_ZONE_APPEND || op == KL_BLK_ZONE_REPORT;
}

/* The sector must lie within the zone of the request. */
static int take_appended(const struct blk_queue *queue, const struct blk_slot *slot,
	struct blk_parent *parent)
{
	const struct kl_blk_request *request = &parent->request;
	const struct blk_status *status = &queue->status[blk_slot_number(queue, slot)];
	uint64_t first = request->offset / VIRTIO_BLK_SECTOR;
	uint64_t room = (queue->blk->info.zones.zone_bytes - request->length) / VIRTIO_BLK_SECTOR;
	uint64_t sector = kl__load64(&status->append_sector);

	if (sector < first || sector - first > room)
		return -EIO;
	parent->value = sector * VIRTIO_BLK_SECTOR;
	return 0;
}

/* The count is at most what the buffer can hold. */
static int take_count(struct blk_parent *parent)
{
	uint64_t fit = (parent->request.length - sizeof(struct virtio_blk_zone_report)) /
		sizeof(struct virtio_blk_zone_descriptor);
	uint64_t count;

	memcpy(&count, parent->request.buffer, sizeof(count));
	/* The device may change it: the value that is checked is the one that is used. */
	kl__compiler_fence();
	parent->value = count < fit ? count : fit;
	return 0;
}

int blk_zones_take_answer(const struct blk_queue *queue, const struct blk_slot *slot,
	struct blk_parent *parent)
{
	return parent->request.op == KL_BLK_ZONE_APPEND ? take_appended(queue, slot, parent) :
							  take_count(parent);
}
