/* SPDX-License-Identifier: BSD-3-Clause */
/* Every field of the configuration is checked before it is used. virtio 1.x, 5.2.4, 5.2.5. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <kickless/driver/config.h>
#include <kickless/log.h>

#include "ring/clock.h"
#include "state.h"

#define FIELD(name) offsetof(struct virtio_blk_config, name)
#define FIELDS_MAX 24
#define MIN_BLOCK 512u
#define MAX_BLOCK 65536u
/* The largest file offset that a program can use. */
#define MAX_SECTORS ((uint64_t)INT64_MAX / VIRTIO_BLK_SECTOR)

/* True if a feature can be relied on: offered before the negotiation, accepted after it. */
typedef bool has_fn(const struct kl_device *device, unsigned int bit);

static const char *name_of(const struct kl_blk *blk)
{
	return kl_device_info(blk->device)->name;
}

/*
 * 2.5.1: only fields whose feature is there may be read. BLK-04: the cache mode
 * only after FEATURES_OK.
 */
static size_t add_fields(const struct kl_device *device, has_fn *has, bool is_negotiated,
	struct virtio_blk_config *config, struct kl_config_field *fields)
{
	const struct {
		int feature;
		struct kl_config_field field;
	} all[] = {
		{-1, {FIELD(capacity), 8, 1, &config->capacity}},
		{VIRTIO_BLK_F_SIZE_MAX, {FIELD(size_max), 4, 1, &config->size_max}},
		{VIRTIO_BLK_F_SEG_MAX, {FIELD(seg_max), 4, 1, &config->seg_max}},
		{VIRTIO_BLK_F_GEOMETRY,
			{FIELD(geometry.cylinders), 2, 1, &config->geometry.cylinders}},
		{VIRTIO_BLK_F_GEOMETRY, {FIELD(geometry.heads), 1, 2, &config->geometry.heads}},
		{VIRTIO_BLK_F_BLK_SIZE, {FIELD(blk_size), 4, 1, &config->blk_size}},
		{VIRTIO_BLK_F_TOPOLOGY,
			{FIELD(topology), 1, 2, &config->topology.physical_block_exp}},
		{VIRTIO_BLK_F_TOPOLOGY,
			{FIELD(topology.min_io_size), 2, 1, &config->topology.min_io_size}},
		{VIRTIO_BLK_F_TOPOLOGY,
			{FIELD(topology.opt_io_size), 4, 1, &config->topology.opt_io_size}},
		{VIRTIO_BLK_F_MQ, {FIELD(num_queues), 2, 1, &config->num_queues}},
		{VIRTIO_BLK_F_DISCARD,
			{FIELD(max_discard_sectors), 4, 3, &config->max_discard_sectors}},
		{VIRTIO_BLK_F_WRITE_ZEROES,
			{FIELD(max_write_zeroes_sectors), 4, 2, &config->max_write_zeroes_sectors}},
		{VIRTIO_BLK_F_WRITE_ZEROES,
			{FIELD(write_zeroes_may_unmap), 1, 1, &config->write_zeroes_may_unmap}},
		{VIRTIO_BLK_F_SECURE_ERASE,
			{FIELD(max_secure_erase_sectors), 4, 3, &config->max_secure_erase_sectors}},
		{VIRTIO_BLK_F_ZONED, {FIELD(zoned), 4, 5, &config->zoned.zone_sectors}},
		{VIRTIO_BLK_F_ZONED, {FIELD(zoned.model), 1, 1, &config->zoned.model}},
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].feature < 0 || has(device, (unsigned int)all[i].feature))
			fields[count++] = all[i].field;
	if (is_negotiated && has(device, VIRTIO_BLK_F_CONFIG_WCE))
		fields[count++] = (struct kl_config_field){FIELD(writeback), 1, 1,
			&config->writeback};
	return count;
}

static int set_block_size(struct kl_blk *blk, const struct virtio_blk_config *config,
	bool is_offered)
{
	uint32_t size = is_offered ? config->blk_size : MIN_BLOCK;

	if (size < MIN_BLOCK || size > MAX_BLOCK || (size & (size - 1)) != 0) {
		kl_error("%s: blk_size is %u; allowed are the powers of two from 512 to 65536",
			name_of(blk), size);
		return -EPROTO;
	}
	blk->info.block_size = size;
	return 0;
}

static void set_capacity(struct kl_blk *blk, uint64_t sectors)
{
	uint64_t bytes;

	if (sectors > MAX_SECTORS)
		sectors = MAX_SECTORS;
	bytes = sectors * VIRTIO_BLK_SECTOR & ~(uint64_t)(blk->info.block_size - 1);
	blk->info.capacity = bytes;
	blk->info.tail_bytes = (uint32_t)(sectors * VIRTIO_BLK_SECTOR - bytes);
	kl__store64(&blk->capacity, bytes);
}

/*
 * 5.2.5: a segment that can't hold a block is useless. 0 was observed to mean that there
 * is no limit.
 */
static void set_segments(struct kl_blk *blk, const struct virtio_blk_config *config, has_fn *has)
{
	struct kl_blk_info *info = &blk->info;

	info->seg_max = has(blk->device, VIRTIO_BLK_F_SEG_MAX) && config->seg_max > 0 ?
		config->seg_max :
		1;
	info->size_max = has(blk->device, VIRTIO_BLK_F_SIZE_MAX) ? config->size_max : 0;
	if (info->size_max == 0 || info->size_max >= info->block_size)
		return;
	kl_notice("%s: size_max is %u, less than a block; %u is used", name_of(blk), info->size_max,
		info->block_size);
	info->size_max = info->block_size;
}

/* For people and partition tables only: nothing here is computed from it. */
static void set_geometry(struct kl_blk *blk, const struct virtio_blk_config *config,
	bool is_offered)
{
	blk->info.cylinders = is_offered ? config->geometry.cylinders : 0;
	blk->info.heads = is_offered ? config->geometry.heads : 0;
	blk->info.sectors_per_track = is_offered ? config->geometry.sectors : 0;
}

/* Exponents from the device: clamped before anything is shifted by them. */
static void set_topology(struct kl_blk *blk, const struct virtio_blk_config *config,
	bool is_offered)
{
	struct kl_blk_info *info = &blk->info;
	unsigned int exponent = is_offered ? config->topology.physical_block_exp : 0;

	if (exponent > 15)
		exponent = 0;
	info->physical_block_size = info->block_size << exponent;
	info->alignment_offset = is_offered ? config->topology.alignment_offset * info->block_size :
					      0;
	info->min_io_size = is_offered ? (uint64_t)config->topology.min_io_size * info->block_size :
					 0;
	info->opt_io_size = is_offered ? (uint64_t)config->topology.opt_io_size * info->block_size :
					 0;
}

/* A limit of 0 means none. A range must hold at least a block, and a request a range. */
static void set_range(const struct kl_blk *blk, struct kl_blk_range_limits *limits, bool is_offered,
	uint32_t sectors, uint32_t ranges, uint32_t alignment)
{
	uint64_t block = blk->info.block_size;
	uint64_t bytes = (uint64_t)(sectors != 0 ? sectors : UINT32_MAX) * VIRTIO_BLK_SECTOR;

	*limits = (struct kl_blk_range_limits){.is_offered = is_offered};
	if (!is_offered)
		return;
	bytes &= ~(block - 1);
	limits->max_bytes = bytes != 0 ? bytes : block;
	limits->max_ranges = ranges == 0 ? 1 : ranges < BLK_RANGES_MAX ? ranges : BLK_RANGES_MAX;
	limits->alignment = (uint64_t)alignment * VIRTIO_BLK_SECTOR;
}

static void set_ranges(struct kl_blk *blk, const struct virtio_blk_config *config, has_fn *has)
{
	struct kl_blk_info *info = &blk->info;

	set_range(blk, &info->discard, has(blk->device, VIRTIO_BLK_F_DISCARD),
		config->max_discard_sectors, config->max_discard_seg,
		config->discard_sector_alignment);
	set_range(blk, &info->write_zeroes, has(blk->device, VIRTIO_BLK_F_WRITE_ZEROES),
		config->max_write_zeroes_sectors, config->max_write_zeroes_seg, 0);
	set_range(blk, &info->secure_erase, has(blk->device, VIRTIO_BLK_F_SECURE_ERASE),
		config->max_secure_erase_sectors, config->max_secure_erase_seg,
		config->secure_erase_sector_alignment);
	info->write_zeroes_may_unmap = info->write_zeroes.is_offered &&
		config->write_zeroes_may_unmap != 0;
}

/*
 * 5.2.5.1: without either feature the cache is writethrough, with FLUSH alone it may be writeback.
 */
static void set_cache(struct kl_blk *blk, const struct virtio_blk_config *config, has_fn *has,
	bool is_negotiated)
{
	struct kl_blk_info *info = &blk->info;

	info->has_flush = has(blk->device, VIRTIO_BLK_F_FLUSH);
	info->cache_can_be_set = info->has_flush && has(blk->device, VIRTIO_BLK_F_CONFIG_WCE);
	info->is_writeback = info->has_flush;
	if (is_negotiated && info->cache_can_be_set)
		info->is_writeback = config->writeback != 0;
	/*
	 * Always flush: a device was observed that reports writethrough and keeps data volatile
	 * all the same.
	 */
	info->fua_is_emulated = info->has_flush;
}

static int set_queues(struct kl_blk *blk, const struct virtio_blk_config *config, bool has_several)
{
	uint16_t count = kl_device_queue_count(blk->device);

	if (has_several && config->num_queues == 0) {
		kl_error("%s: num_queues is 0; a block device has at least one", name_of(blk));
		return -EPROTO;
	}
	blk->info.max_queues = has_several ? config->num_queues : 1;
	if (blk->info.max_queues > count)
		blk->info.max_queues = count;
	blk->info.ring_max = kl_device_queue_max_size(blk->device, 0);
	return 0;
}

/* Each value that is a divisor or a limit later is checked here. */
static int check_zones(const struct kl_blk *blk, const struct virtio_blk_config *config)
{
	uint32_t block = blk->info.block_size, granularity = config->zoned.write_granularity;
	uint64_t bytes = (uint64_t)config->zoned.zone_sectors * VIRTIO_BLK_SECTOR;

	if (granularity < block || granularity > BLK_SUBREQUEST_BYTES || granularity % block != 0) {
		kl_error(
			"%s: write_granularity is %u; allowed are multiples of the block size, %u, up "
			"to %u",
			name_of(blk), granularity, block, BLK_SUBREQUEST_BYTES);
		return -EPROTO;
	}
	if (bytes == 0 || bytes % granularity != 0) {
		kl_error(
			"%s: zone_sectors is %u; allowed are multiples of the write granularity, %u "
			"bytes",
			name_of(blk), config->zoned.zone_sectors, granularity);
		return -EPROTO;
	}
	return 0;
}

/* 5.2.5.1: a host-aware disk can be used as any other disk, and is. */
static int set_zones(struct kl_blk *blk, const struct virtio_blk_config *config, bool has_zones)
{
	struct kl_blk_zones *zones = &blk->info.zones;
	int rc;

	*zones = (struct kl_blk_zones){0};
	if (!has_zones || config->zoned.model != VIRTIO_BLK_Z_HOST_MANAGED)
		return 0;
	rc = check_zones(blk, config);
	if (rc != 0)
		return rc;
	zones->zone_bytes = (uint64_t)config->zoned.zone_sectors * VIRTIO_BLK_SECTOR;
	zones->max_open = config->zoned.max_open_zones;
	zones->max_active = config->zoned.max_active_zones;
	zones->max_append_bytes = (uint64_t)config->zoned.max_append_sectors * VIRTIO_BLK_SECTOR;
	zones->write_granularity = config->zoned.write_granularity;
	if (zones->max_append_bytes > zones->zone_bytes)
		zones->max_append_bytes = zones->zone_bytes;
	return 0;
}

static int read_config(struct kl_blk *blk, has_fn *has, bool is_negotiated)
{
	struct virtio_blk_config config = {0};
	struct kl_config_field fields[FIELDS_MAX];
	size_t count = add_fields(blk->device, has, is_negotiated, &config, fields);
	int rc = kl_device_config_read(blk->device, fields, count);

	if (rc == 0)
		rc = set_block_size(blk, &config, has(blk->device, VIRTIO_BLK_F_BLK_SIZE));
	if (rc == 0)
		rc = set_zones(blk, &config, has(blk->device, VIRTIO_BLK_F_ZONED));
	if (rc == 0)
		rc = set_queues(blk, &config, has(blk->device, VIRTIO_BLK_F_MQ));
	if (rc != 0)
		return rc;
	if (config.capacity > MAX_SECTORS)
		kl_notice("%s: a capacity of %" PRIu64
			  " sectors is more than offsets can express; the first "
			  "%" PRIu64 " are used",
			name_of(blk), config.capacity, MAX_SECTORS);
	set_capacity(blk, config.capacity);
	set_segments(blk, &config, has);
	set_geometry(blk, &config, has(blk->device, VIRTIO_BLK_F_GEOMETRY));
	set_topology(blk, &config, has(blk->device, VIRTIO_BLK_F_TOPOLOGY));
	set_ranges(blk, &config, has);
	set_cache(blk, &config, has, is_negotiated);
	blk->info.has_lifetime = has(blk->device, VIRTIO_BLK_F_LIFETIME);
	blk->info.is_read_only = has(blk->device, VIRTIO_BLK_F_RO);
	return 0;
}

int blk_config_probe(struct kl_blk *blk)
{
	return read_config(blk, kl_device_offers, false);
}

int blk_config_negotiated(struct kl_blk *blk)
{
	return read_config(blk, kl_device_has, true);
}

/* A device may change it all the time, so only some changes in a period are logged. */
static void log_capacity(struct kl_blk *blk, uint64_t before)
{
	uint64_t now = kl__clock();
	char unlogged[48] = "";

	if (now - blk->logged_since >= BLK_LOGGED_SECONDS * blk->ticks_per_second) {
		blk->logged_since = now;
		blk->logged = 0;
	}
	if (blk->logged == BLK_LOGGED_MOST) {
		if (blk->unlogged++ == 0)
			kl_warning(
				"%s: its capacity changes all the time; further changes within %d s are only "
				"counted",
				name_of(blk), BLK_LOGGED_SECONDS);
		return;
	}
	if (blk->unlogged > 0)
		snprintf(unlogged, sizeof(unlogged), ", after %" PRIu64 " further changes",
			blk->unlogged);
	blk->unlogged = 0;
	blk->logged++;
	kl_notice("%s: its capacity changed from %" PRIu64 " to %" PRIu64 " bytes%s", name_of(blk),
		before, blk->info.capacity, unlogged);
}

/*
 * 5.2.6.1: the capacity may change at any time. A device that needs a reset interrupts in
 * this way too.
 */
void blk_config_changed(struct kl_device *device)
{
	struct kl_blk *blk = kl_device_private(device);
	uint64_t before = blk->info.capacity, sectors;
	const struct kl_config_field field = {FIELD(capacity), 8, 1, &sectors};

	if (kl_device_state(blk->device) != KL_DEVICE_RUNNING)
		return;
	if (kl_device_check(device) != KL_DEVICE_RUNNING)
		return;
	/* A failure has been logged; the last good state stays. */
	if (kl_device_config_read(device, &field, 1) != 0)
		return;
	set_capacity(blk, sectors);
	if (blk->info.capacity != before)
		log_capacity(blk, before);
}

int kl_blk_writeback_set(struct kl_blk *blk, bool is_writeback)
{
	struct virtio_blk_config config;
	const struct kl_config_field field = {FIELD(writeback), 1, 1, &config.writeback};
	int rc;

	if (kl_device_state(blk->device) != KL_DEVICE_RUNNING)
		return -EINVAL;
	if (!blk->info.cache_can_be_set)
		return -ENOTSUP;
	rc = kl_device_config_write(blk->device, FIELD(writeback), 1, is_writeback);
	if (rc == 0)
		rc = kl_device_config_read(blk->device, &field, 1);
	if (rc != 0)
		return rc;
	blk->info.is_writeback = config.writeback != 0;
	return blk->info.is_writeback == is_writeback ? 0 : -ENOTSUP;
}
