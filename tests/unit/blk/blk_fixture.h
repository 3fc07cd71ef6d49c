/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block device over the fake device: PCI transport, core, our driver, and behind them a disk in
 * memory. The disk acts as 5.2.6 defines, checks the driver's obligations, and fails the requests
 * that the test selects.
 */
#ifndef UNIT_BLK_FIXTURE_H
#define UNIT_BLK_FIXTURE_H

#include <stddef.h>

#include <kickless/blk.h>

#include "core/device.h"
#include "finish.h"
#include "fake_device.h"
#include "ring_variant.h"
#include "wire.h"

#define FIXTURE_DISK_BYTES (8u << 20)
#define FIXTURE_MEMORY_BYTES (8u << 20)
#define FIXTURE_RING 16
#define FIXTURE_LOG 4096

/* One request as the device saw it. */
struct fixture_request {
	uint32_t type;
	uint64_t sector;
	uint64_t bytes;
	unsigned int segments; /* of data */
	unsigned int ranges;
	uint32_t flags; /* of the first range */
	bool is_indirect;
};

struct blk_fixture {
	struct fake_device *fake;
	struct kl_device *device;
	struct kl_blk *blk;
	struct virtio_blk_config config;
	uint8_t *disk;
	uint8_t *memory; /* that the device can reach */

	/* Behaviour of the device. */
	uint64_t bad_sector; /* reads and writes that touch it end with bad_status */
	uint8_t bad_status;
	bool writes_no_status;
	bool malforms_length;
	uint8_t id_status; /* of the answer with it */
	const char *serial;
	const char *serial_bytes; /* all 20 of them; NULL: those of serial */
	/* Serves a request of a zoned disk instead of moving data; returns the status. */
	uint8_t (*serve)(struct blk_fixture *fixture, struct fixture_request *request,
		const struct fake_chain *chain);

	struct fixture_request log[FIXTURE_LOG];
	unsigned int logged;
	uint64_t value; /* of what fixture_run completed last */
};

/*
 * A fake device with the usual features, INDIRECT_DESC and EVENT_IDX among them. Nothing
 * is opened yet.
 */
void fixture_prepare(struct blk_fixture *fixture);
/* Before the attach: bus addresses are virtual ones, and the device reaches memory. */
void fixture_use_virtual_addresses(struct blk_fixture *fixture);
/* Copies config to the fake device. */
void fixture_apply_config(struct blk_fixture *fixture);
/* The result of the attach. */
int fixture_attach(struct blk_fixture *fixture, const char *options);
void fixture_start(struct blk_fixture *fixture, const struct kl_blk_conf *conf);
/* All three, one queue that holds FIXTURE_RING requests. */
void fixture_open(struct blk_fixture *fixture);
/* Closes, expects no violation and nothing left over. */
void fixture_close(struct blk_fixture *fixture);

/* A segment of data to or from the disk, at bytes behind the request's sector. */
void fixture_move(struct blk_fixture *fixture, const struct fixture_request *request,
	const struct fake_segment *segment, uint64_t at);
/* Records a broken rule, as the fake device does. */
void fixture_violate(struct blk_fixture *fixture, const char *what);

/* A read or write of memory + at. */
struct kl_blk_request fixture_data(struct blk_fixture *fixture, enum kl_blk_op op, size_t at,
	uint64_t offset, uint64_t length);
/* Submits one, which must be taken. */
void fixture_submit(struct blk_fixture *fixture, struct kl_blk_request request);
/* Submits one on an idle queue, lets the device serve till it completes, and returns its result. */
int fixture_run(struct blk_fixture *fixture, struct kl_blk_request request);
/* Polls until nothing comes any more, the device serving in between; returns how many. */
unsigned int fixture_drain(struct blk_fixture *fixture, struct kl_blk_completion *completions,
	unsigned int max);
/* Expects that an idle queue reads what is on the disk. */
void fixture_expect_works(struct blk_fixture *fixture);
/* Expects posted = done + failed + in_flight. */
void fixture_expect_sum(struct blk_fixture *fixture, uint64_t in_flight);

#endif
