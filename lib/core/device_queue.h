/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue as its device keeps it. */
#ifndef KL_CORE_DEVICE_QUEUE_H
#define KL_CORE_DEVICE_QUEUE_H

#include "core/device.h"
#include "ring/create.h"

/* A queue and the two blocks of memory that it lives in. */
struct kl__device_queue {
	struct kl_queue *queue;
	struct kl__queue_shape shape;
	uint16_t vector; /* 0: none */
	struct kl_dma shared;
	struct kl_dma own;
	struct kl__device_queue *next;
};

/* core/queues.c: tells the device where the queue lies, which then is its own. */
int kl__device_enable_queue(struct kl_device *device, struct kl__device_queue *entry);

#endif
