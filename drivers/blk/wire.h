/* SPDX-License-Identifier: BSD-3-Clause */
/* The block device on the wire: virtio 1.x, 5.2. All fields are little-endian. */
#ifndef KL_BLK_WIRE_H
#define KL_BLK_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Section 5: the device type. */
#define VIRTIO_ID_BLOCK 2

/* 5.2.3 */
#define VIRTIO_BLK_F_SIZE_MAX 1
#define VIRTIO_BLK_F_SEG_MAX 2
#define VIRTIO_BLK_F_GEOMETRY 4
#define VIRTIO_BLK_F_RO 5
#define VIRTIO_BLK_F_BLK_SIZE 6
#define VIRTIO_BLK_F_FLUSH 9
#define VIRTIO_BLK_F_TOPOLOGY 10
#define VIRTIO_BLK_F_CONFIG_WCE 11
#define VIRTIO_BLK_F_MQ 12
#define VIRTIO_BLK_F_DISCARD 13
#define VIRTIO_BLK_F_WRITE_ZEROES 14
#define VIRTIO_BLK_F_LIFETIME 15
#define VIRTIO_BLK_F_SECURE_ERASE 16
#define VIRTIO_BLK_F_ZONED 17

/* 5.2.3.1: legacy only, never accepted. */
#define VIRTIO_BLK_F_BARRIER 0
#define VIRTIO_BLK_F_SCSI 7

/* 5.2.4 */
struct virtio_blk_config {
	uint64_t capacity; /* in sectors of 512 bytes, whatever blk_size is */
	uint32_t size_max;
	uint32_t seg_max;
	struct {
		uint16_t cylinders;
		uint8_t heads;
		uint8_t sectors;
	} geometry;
	uint32_t blk_size;
	struct {
		uint8_t physical_block_exp;
		uint8_t alignment_offset;
		uint16_t min_io_size;
		uint32_t opt_io_size;
	} topology;
	uint8_t writeback;
	uint8_t unused0;
	uint16_t num_queues;
	uint32_t max_discard_sectors;
	uint32_t max_discard_seg;
	uint32_t discard_sector_alignment;
	uint32_t max_write_zeroes_sectors;
	uint32_t max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
	uint32_t max_secure_erase_sectors;
	uint32_t max_secure_erase_seg;
	uint32_t secure_erase_sector_alignment;
	struct {
		uint32_t zone_sectors;
		uint32_t max_open_zones;
		uint32_t max_active_zones;
		uint32_t max_append_sectors;
		uint32_t write_granularity;
		uint8_t model;
		uint8_t unused2[3];
	} zoned;
};
static_assert(offsetof(struct virtio_blk_config, size_max) == 8, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, seg_max) == 12, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, topology) == 24, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, topology.opt_io_size) == 28, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, writeback) == 32, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, num_queues) == 34, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, max_discard_sectors) == 36, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, max_write_zeroes_sectors) == 48, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, write_zeroes_may_unmap) == 56, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, max_secure_erase_sectors) == 60, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, zoned) == 72, "5.2.4");
static_assert(offsetof(struct virtio_blk_config, zoned.model) == 92, "5.2.4");
static_assert(sizeof(struct virtio_blk_config) == 96, "5.2.4");

/* 5.2.4: the model of a zoned device; 2 is host-aware, which can be used as any other disk. */
#define VIRTIO_BLK_Z_HOST_MANAGED 1

/* 5.2.6: the unit of capacity, sector and num_sectors. */
#define VIRTIO_BLK_SECTOR 512

/* 5.2.6: the start of a request; data and the status byte follow. */
struct virtio_blk_req_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};
static_assert(sizeof(struct virtio_blk_req_header) == 16, "5.2.6");
static_assert(offsetof(struct virtio_blk_req_header, sector) == 8, "5.2.6");

/* 5.2.6: types. */
#define VIRTIO_BLK_T_IN 0
#define VIRTIO_BLK_T_OUT 1
#define VIRTIO_BLK_T_FLUSH 4
#define VIRTIO_BLK_T_GET_ID 8
#define VIRTIO_BLK_T_GET_LIFETIME 10
#define VIRTIO_BLK_T_DISCARD 11
#define VIRTIO_BLK_T_WRITE_ZEROES 13
#define VIRTIO_BLK_T_SECURE_ERASE 14
#define VIRTIO_BLK_T_ZONE_APPEND 15
#define VIRTIO_BLK_T_ZONE_REPORT 16
#define VIRTIO_BLK_T_ZONE_OPEN 18
#define VIRTIO_BLK_T_ZONE_CLOSE 20
#define VIRTIO_BLK_T_ZONE_FINISH 22
#define VIRTIO_BLK_T_ZONE_RESET 24
#define VIRTIO_BLK_T_ZONE_RESET_ALL 26

/* 5.2.6: the status byte, the last that the device may write. */
#define VIRTIO_BLK_S_OK 0
#define VIRTIO_BLK_S_IOERR 1
#define VIRTIO_BLK_S_UNSUPP 2
#define VIRTIO_BLK_S_ZONE_INVALID_CMD 3
#define VIRTIO_BLK_S_ZONE_UNALIGNED_WP 4
#define VIRTIO_BLK_S_ZONE_OPEN_RESOURCE 5
#define VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE 6

/* 5.2.6: the data of discard, write zeroes and secure erase. */
struct virtio_blk_range {
	uint64_t sector;
	uint32_t num_sectors;
	uint32_t flags;
};
static_assert(sizeof(struct virtio_blk_range) == 16, "5.2.6");
static_assert(offsetof(struct virtio_blk_range, flags) == 12, "5.2.6");

#define VIRTIO_BLK_RANGE_F_UNMAP 1

/* 5.2.6: the data of get id: a string that is not terminated when it fills all. */
#define VIRTIO_BLK_ID_BYTES 20

/* 5.2.6: the data of get lifetime. */
struct virtio_blk_lifetime {
	uint16_t pre_eol_info;
	uint16_t device_lifetime_est_typ_a;
	uint16_t device_lifetime_est_typ_b;
};
static_assert(sizeof(struct virtio_blk_lifetime) == 6, "5.2.6");

/* 5.2.6: the data of a zone report: a head, then a descriptor for each zone. */
struct virtio_blk_zone_report {
	uint64_t nr_zones;
	uint8_t reserved[56];
};
struct virtio_blk_zone_descriptor {
	uint64_t z_cap;
	uint64_t z_start;
	uint64_t z_wp;
	uint8_t z_type;
	uint8_t z_state;
	uint8_t reserved[38];
};
static_assert(sizeof(struct virtio_blk_zone_report) == 64, "5.2.6");
static_assert(sizeof(struct virtio_blk_zone_descriptor) == 64, "5.2.6");
static_assert(offsetof(struct virtio_blk_zone_descriptor, z_state) == 25, "5.2.6");

#endif
