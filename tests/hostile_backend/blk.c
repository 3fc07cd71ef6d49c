/* SPDX-License-Identifier: BSD-3-Clause */
/* A disk in memory. */
#include <string.h>

#include <linux/virtio_blk.h>

#include "back_end.h"

#define DISK_BYTES (16u << 20)
#define SECTOR 512
#define SEG_MAX 32

static uint8_t disk[DISK_BYTES];

static void config(uint8_t *bytes, uint32_t size)
{
	struct virtio_blk_config config = {
		.capacity = DISK_BYTES / SECTOR,
		.seg_max = SEG_MAX,
		.num_queues = 1,
	};

	memset(bytes, 0, size);
	memcpy(bytes, &config, sizeof(config));
}

/* Between the header and the status. Returns what was written for the driver. */
static uint32_t move_data(const struct chain *chain, uint64_t sector, bool is_read, uint8_t *status)
{
	uint64_t at = sector * SECTOR;
	uint32_t moved = 0;

	for (unsigned int i = 1; i + 1 < chain->segments; i++) {
		const struct segment *segment = &chain->segment[i];

		if (at > DISK_BYTES || segment->bytes > DISK_BYTES - at ||
			segment->writable != is_read) {
			*status = VIRTIO_BLK_S_IOERR;
			return moved;
		}
		if (is_read)
			memcpy(segment->at, disk + at, segment->bytes);
		else
			memcpy(disk + at, segment->at, segment->bytes);
		moved += is_read ? segment->bytes : 0;
		at += segment->bytes;
	}
	return moved;
}

static uint32_t execute_request(const struct chain *chain, uint8_t *status)
{
	struct virtio_blk_outhdr header;

	memcpy(&header, chain->segment[0].at, sizeof(header));
	*status = VIRTIO_BLK_S_OK;
	switch (header.type) {
	case VIRTIO_BLK_T_IN:
		return move_data(chain, header.sector, true, status);
	case VIRTIO_BLK_T_OUT:
		return move_data(chain, header.sector, false, status);
	case VIRTIO_BLK_T_FLUSH:
		return 0;
	default:
		*status = VIRTIO_BLK_S_UNSUPP;
		return 0;
	}
}

static bool is_request(const struct chain *chain)
{
	const struct segment *last = &chain->segment[chain->segments - 1];

	return chain->segments >= 2 &&
		chain->segment[0].bytes == sizeof(struct virtio_blk_outhdr) &&
		!chain->segment[0].writable && last->writable && last->bytes == 1;
}

static void serve_request(struct back_end *back_end, struct ring *ring, struct chain *chain)
{
	uint32_t written;
	uint8_t status;

	if (!is_request(chain)) {
		back_end->faults += !ring->is_overwritten;
		return;
	}
	written = execute_request(chain, &status);
	if (back_end_is_due(back_end, ring, "status-unknown"))
		status = 0x77;
	if (!back_end_is_due(back_end, ring, "status-unwritten"))
		*chain->segment[chain->segments - 1].at = status;
	back_end->good++;
	back_end_count_fresh(back_end);
	back_end_complete(back_end, ring, chain, written + 1);
}

static void serve(struct back_end *back_end)
{
	struct ring *ring = &back_end->ring[0];
	struct chain *chain;

	if (!back_end_fill(back_end, ring))
		return;
	while (!ring->waits_for_doorbell && !ring->ignores_buffers &&
		(chain = ring_take(ring)) != NULL)
		serve_request(back_end, ring, chain);
}

const struct device blk_device = {
	.name = "blk",
	.features = 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_FLUSH,
	.rings = 1,
	.config = config,
	.serve = serve,
};
