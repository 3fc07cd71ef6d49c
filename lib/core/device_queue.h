/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue as its device keeps it. */
#ifndef KL_CORE_DEVICE_QUEUE_H
#define KL_CORE_DEVICE_QUEUE_H

#include <assert.h>
#include <stddef.h>

#include "core/device.h"
#include "ring/create.h"

/*
 * A queue: its record and the two blocks of memory that it lives in. The record stays until the
 * device is closed, since any thread may read its counters; the blocks go with each reset. Of the
 * three only the rings are within the device's reach.
 */
struct kl__device_queue {
	struct kl_queue queue; /* of no queue while the device has none of this index */
	struct kl__queue_shape shape;
	uint16_t index;
	uint16_t vector; /* 0: none */
	struct kl_dma shared; /* rings and indirect tables */
	void *own; /* arrays of the record */
	struct kl__device_queue *next;
};

static_assert(offsetof(struct kl__device_queue, queue) == 0, "an entry begins with its record");

/* core/queues.c: sets the addresses of the queue in the device, which then owns it. */
int kl__device_enable_queue(struct kl_device *device, struct kl__device_queue *entry);

#endif
