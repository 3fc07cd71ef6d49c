/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block device over the model: PCI transport, core, our driver, and behind them a disk in memory
 * that does what 5.2.6 says, holds the driver to it, and fails what the test wants failed.
 */
#ifndef UNIT_BLK_RIG_H
#define UNIT_BLK_RIG_H

#include <stddef.h>

#include <kickless/blk.h>

#include "core/device.h"
#include "finish.h"
#include "model.h"
#include "ring_variant.h"
#include "wire.h"

#define RIG_DISK_BYTES (8u << 20)
#define RIG_MEMORY_BYTES (8u << 20)
#define RIG_RING 16
#define RIG_LOG 4096

/* One request as the device saw it. */
struct rig_request {
	uint32_t type;
	uint64_t sector;
	uint64_t bytes;
	unsigned int segments; /* of data */
	unsigned int ranges;
	uint32_t flags; /* of the first range */
	bool is_indirect;
};

struct blk_rig {
	struct model *model;
	struct kl_device *device;
	struct kl_blk *blk;
	struct virtio_blk_config config;
	uint8_t *disk;
	uint8_t *memory; /* that the device can reach */

	/* What the device does. */
	uint64_t bad_sector; /* reads and writes that touch it end with bad_status */
	uint8_t bad_status;
	bool writes_no_status;
	bool lies_about_length;
	const char *serial;
	/* Instead of moving data, of a zoned disk: does what the request asks for, returns the status. */
	uint8_t (*serve)(struct blk_rig *rig, struct rig_request *request,
		const struct model_chain *chain);

	struct rig_request log[RIG_LOG];
	unsigned int logged;
	uint64_t value; /* of what rig_run completed last */
};

/*
 * A model with the usual features, INDIRECT_DESC and EVENT_IDX among them; nothing is opened yet.
 */
void rig_prepare(struct blk_rig *rig);
/* Copies config to the model. */
void rig_apply_config(struct blk_rig *rig);
/* The result of the attach. */
int rig_attach(struct blk_rig *rig, const char *options);
void rig_start(struct blk_rig *rig, const struct kl_blk_conf *conf);
/* All three, one queue that holds RIG_RING requests. */
void rig_open(struct blk_rig *rig);
/* Closes, expects no violation and nothing left over. */
void rig_close(struct blk_rig *rig);

/* A piece of data to or from the disk, at bytes behind the request's sector. */
void rig_move(struct blk_rig *rig, const struct rig_request *request,
	const struct model_piece *piece, uint64_t at);
/* Tells of a broken rule, as the model does. */
void rig_violate(struct blk_rig *rig, const char *what);

/* A read or write of memory + at. */
struct kl_blk_request rig_data(struct blk_rig *rig, enum kl_blk_op op, size_t at, uint64_t offset,
	uint64_t length);
/* Submits one, which must be taken. */
void rig_submit(struct blk_rig *rig, struct kl_blk_request request);
/* Submits one on an idle queue, lets the device serve till it completes, and returns its result. */
int rig_run(struct blk_rig *rig, struct kl_blk_request request);
/* Polls until nothing comes any more, the device serving in between; returns how many. */
unsigned int rig_drain(struct blk_rig *rig, struct kl_blk_completion *completions,
	unsigned int max);
/* Expects that an idle queue reads what is on the disk. */
void rig_expect_works(struct blk_rig *rig);
/* Expects posted = done + failed + in_flight. */
void rig_expect_sum(struct blk_rig *rig, uint64_t in_flight);

#endif
