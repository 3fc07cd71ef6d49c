/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device's side of a host-managed disk, for the fixture: 16 zones of 512 KiB, the first of them
 * conventional. It checks the driver against the zone rules of 5.2.6.1.
 */
#ifndef UNIT_ZONE_DISK_H
#define UNIT_ZONE_DISK_H

#include "blk_fixture.h"

#define ZONES 16
#define ZONE_SECTORS (FIXTURE_DISK_BYTES / 512 / ZONES)
#define ZONE_BYTES (ZONE_SECTORS * 512ul)
#define GRANULARITY 4096

struct zone_disk {
	struct virtio_blk_zone_descriptor zone[ZONES];
	/* The reported value instead of the real one, when not 0. */
	uint64_t malformed_append;
	uint64_t malformed_count;
};

/* Of the one fixture that there is. */
extern struct zone_disk zone_disk;

/* A fixture with such a disk; nothing is opened yet. */
void zone_disk_prepare(struct blk_fixture *fixture);

#endif
