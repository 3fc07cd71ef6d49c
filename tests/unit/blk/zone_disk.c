/* SPDX-License-Identifier: BSD-3-Clause */
#include "zone_disk.h"

#include <string.h>

struct zone_disk zone_disk;

/* BZN-07: size and start aligned. */
static void check_write(struct blk_fixture *disk, const struct fixture_request *request)
{
	if (request->sector * 512 % GRANULARITY != 0 || request->bytes % GRANULARITY != 0)
		fixture_violate(disk, "BZN-07: a write that is not aligned to the granularity");
}

static uint8_t advance(struct virtio_blk_zone_descriptor *zone, uint64_t bytes)
{
	if (zone->z_type == KL_BLK_ZONE_CONVENTIONAL)
		return VIRTIO_BLK_S_OK;
	zone->z_wp += bytes / 512;
	zone->z_state = zone->z_wp == zone->z_start + zone->z_cap ? KL_BLK_ZONE_FULL :
								    KL_BLK_ZONE_OPEN_BY_WRITE;
	return VIRTIO_BLK_S_OK;
}

static uint8_t write_zone(struct blk_fixture *disk, struct fixture_request *request,
	const struct fake_chain *chain, unsigned int segments)
{
	struct virtio_blk_zone_descriptor *zone = &zone_disk.zone[request->sector / ZONE_SECTORS];
	struct fixture_request place = *request;

	if (request->type == VIRTIO_BLK_T_ZONE_APPEND)
		place.sector = zone->z_wp;
	for (unsigned int i = 1; i <= segments; i++)
		request->bytes += chain->segment[i].length;
	check_write(disk, request);
	if (zone->z_type == KL_BLK_ZONE_SEQUENTIAL &&
		(place.sector != zone->z_wp ||
			zone->z_wp + request->bytes / 512 > zone->z_start + zone->z_cap))
		return VIRTIO_BLK_S_ZONE_UNALIGNED_WP;
	for (unsigned int i = 1; i <= segments; i++) {
		if (chain->segment[i].is_writable)
			fixture_violate(disk, "BIO-20: data flagged for the wrong direction");
		fixture_move(disk, &place, &chain->segment[i], place.bytes);
		place.bytes += chain->segment[i].length;
	}
	return advance(zone, request->bytes);
}

/* BZN-05, BZN-08 */
static uint8_t append(struct blk_fixture *disk, struct fixture_request *request,
	const struct fake_chain *chain)
{
	const struct fake_segment *place = &chain->segment[chain->count - 2];
	uint64_t sector = zone_disk.zone[request->sector / ZONE_SECTORS].z_wp;

	if (request->sector % ZONE_SECTORS != 0)
		fixture_violate(disk, "BZN-05: an append that does not name a zone's start");
	if (place->length != 8 || !place->is_writable)
		fixture_violate(disk, "BZN-08: no room for the sector before the status");
	if (zone_disk.malformed_append != 0)
		sector = zone_disk.malformed_append;
	memcpy(place->data, &sector, 8);
	return write_zone(disk, request, chain, chain->count - 3);
}

/* BZN-02 */
static uint8_t report(struct fixture_request *request, const struct fake_chain *chain)
{
	static uint8_t text[64 * (ZONES + 1)];
	uint64_t first = request->sector / ZONE_SECTORS, count = ZONES - first;
	size_t at = 0, length = 64 * (count + 1);

	memset(text, 0, sizeof(text));
	memcpy(text + 64, &zone_disk.zone[first], 64 * count);
	if (zone_disk.malformed_count != 0)
		count = zone_disk.malformed_count;
	memcpy(text, &count, 8);
	for (unsigned int i = 1; i + 1 < chain->count && at < length; i++) {
		const struct fake_segment *segment = &chain->segment[i];
		size_t bytes = segment->length < length - at ? segment->length : length - at;

		memcpy(segment->data, text + at, bytes);
		at += bytes;
	}
	return VIRTIO_BLK_S_OK;
}

static void reset_zone(struct virtio_blk_zone_descriptor *zone)
{
	if (zone->z_type != KL_BLK_ZONE_SEQUENTIAL)
		return;
	zone->z_wp = zone->z_start;
	zone->z_state = KL_BLK_ZONE_EMPTY;
}

/* BZN-03 */
static uint8_t manage(struct blk_fixture *disk, const struct fixture_request *request)
{
	struct virtio_blk_zone_descriptor *zone = &zone_disk.zone[request->sector / ZONE_SECTORS];

	if (request->sector % ZONE_SECTORS != 0)
		fixture_violate(disk, "BZN-03: not the first sector of a zone");
	if (zone->z_type == KL_BLK_ZONE_CONVENTIONAL)
		return VIRTIO_BLK_S_ZONE_INVALID_CMD;
	if (request->type == VIRTIO_BLK_T_ZONE_RESET)
		reset_zone(zone);
	else if (request->type == VIRTIO_BLK_T_ZONE_OPEN)
		zone->z_state = KL_BLK_ZONE_OPENED;
	else if (request->type == VIRTIO_BLK_T_ZONE_CLOSE)
		zone->z_state = KL_BLK_ZONE_CLOSED;
	else
		zone->z_state = KL_BLK_ZONE_FULL;
	return VIRTIO_BLK_S_OK;
}

static uint8_t serve(struct blk_fixture *disk, struct fixture_request *request,
	const struct fake_chain *chain)
{
	switch (request->type) {
	case VIRTIO_BLK_T_OUT:
		return write_zone(disk, request, chain, chain->count - 2);
	case VIRTIO_BLK_T_ZONE_APPEND:
		return append(disk, request, chain);
	case VIRTIO_BLK_T_ZONE_REPORT:
		return report(request, chain);
	case VIRTIO_BLK_T_ZONE_RESET_ALL:
		for (unsigned int i = 0; i < ZONES; i++)
			reset_zone(&zone_disk.zone[i]);
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_IN:
		for (unsigned int i = 1; i + 1 < chain->count; i++) {
			fixture_move(disk, request, &chain->segment[i], request->bytes);
			request->bytes += chain->segment[i].length;
		}
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_FLUSH:
		return VIRTIO_BLK_S_OK;
	}
	return manage(disk, request);
}

static void make_zones(void)
{
	zone_disk.malformed_append = 0;
	zone_disk.malformed_count = 0;
	for (uint64_t i = 0; i < ZONES; i++)
		zone_disk.zone[i] = (struct virtio_blk_zone_descriptor){.z_cap = ZONE_SECTORS -
				(i > 0) * 8,
			.z_start = i * ZONE_SECTORS,
			.z_wp = i * ZONE_SECTORS,
			.z_type = i == 0 ? KL_BLK_ZONE_CONVENTIONAL : KL_BLK_ZONE_SEQUENTIAL,
			.z_state = i == 0 ? KL_BLK_ZONE_NOT_WP : KL_BLK_ZONE_EMPTY};
}

void zone_disk_prepare(struct blk_fixture *fixture)
{
	make_zones();
	fixture_prepare(fixture);
	fake_offer(fixture->fake, VIRTIO_BLK_F_ZONED);
	fixture->serve = serve;
	fixture->config.zoned.zone_sectors = ZONE_SECTORS;
	fixture->config.zoned.max_open_zones = 3;
	fixture->config.zoned.max_active_zones = 4;
	fixture->config.zoned.max_append_sectors = 256;
	fixture->config.zoned.write_granularity = GRANULARITY;
	fixture->config.zoned.model = VIRTIO_BLK_Z_HOST_MANAGED;
}
