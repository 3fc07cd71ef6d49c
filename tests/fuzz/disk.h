/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk whose features, configuration and answers come from the input, behind the transport
 * contract.
 */
#ifndef FUZZ_DISK_H
#define FUZZ_DISK_H

#include <kickless/blk.h>

#include "core/device.h"
#include "host.h"
#include "input.h"

#define QUEUES 2
#define OUTSTANDING 256
#define DATA_BYTES (64u << 10)

struct disk {
	struct kl__transport transport;
	struct fuzz_host host;
	struct input input;
	struct kl_features offered;
	struct kl__queue_setup queue[QUEUES];
	bool is_enabled[QUEUES];
	uint16_t used[QUEUES];
	uint8_t config[96];
	uint8_t status;
	uint8_t reported; /* as the status, last */
	uint8_t generation;
	unsigned int invalid_reads; /* of the status that are left: each costs a wait */

	/* The driver's side. */
	struct kl_device *device;
	struct kl_blk *blk;
	bool has_queues; /* some start went well, so there is something to poll */
	bool is_out[OUTSTANDING];
	unsigned int out;
};

/* Data of the requests. */
extern uint8_t disk_data[DATA_BYTES];

void disk_make(struct disk *disk, const uint8_t *bytes, size_t size);
/* Frees what the driver did not free. */
void disk_free(struct disk *disk);

/* Completes the oldest request of a queue. */
void disk_complete(struct disk *disk, unsigned int queue, uint8_t status);
/* Writes a byte of the input anywhere in the queue's rings. */
void disk_scribble(struct disk *disk, unsigned int queue);

#endif
