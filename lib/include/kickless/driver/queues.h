/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The virtqueues of a device, for drivers inside this tree; not installed. virtio 1.x, 2.6.
 */
#ifndef KICKLESS_DRIVER_QUEUES_H
#define KICKLESS_DRIVER_QUEUES_H

#include <stdbool.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/queue.h>
#include <kickless/version.h>

struct kl_queue;

/** The configuration of a queue. */
struct kl_queue_conf {
	uint16_t index; /* the queue's number in the device's type */
	uint16_t size; /* entries; 0 takes the user's queue_size, or the device's maximum */
	/* The user's queue_size= is for other queues: a size of 0 takes the device's maximum. */
	bool has_own_size;
	/* Entries of the indirect table of each buffer, at most the queue's size; 0: no tables. */
	uint16_t indirect_entries;
	bool chained; /* buffers of several ring descriptors will be added */
	/*
	 * Buffers lie in the queue until the device needs them, as for receiving. The queue is
	 * kicked eagerly, and one that does not move is not suspicious. Only its first doorbell
	 * write is repeated a few times while the device has used nothing.
	 */
	bool is_supply;
	/* A queue that breaks does not halt the device: its driver deals with it. */
	bool breaks_alone;
	uint16_t vector; /* interrupt vector from 1; 0: none, the queue is only polled */
	/*
	 * The queue is broken (KL_QUEUE_STALLED) when buffers have been in flight and nothing has
	 * moved for so long, as far as it is polled; 0: the device may take any time.
	 */
	uint32_t stall_ms;
	struct kl_kick_policy kick; /* the user's kick= has precedence */
};

/**
 * The number of queues that the device has; may depend on the accepted features. Thread: control.
 */
KL_API uint16_t kl_device_queue_count(struct kl_device *device);
/** The largest size of a queue, 0 when there is no such queue. Thread: control. */
KL_API uint16_t kl_device_queue_max_size(struct kl_device *device, uint16_t index);

/**
 * The size that kl_device_queue_add would give a queue: requested, or, when that is 0, the user's
 * or the device's. For queues without has_own_size. Where the ring's form is not negotiated yet it
 * is the larger one. 0 when there is no such queue. Thread: control.
 */
KL_API uint16_t kl_device_queue_size(struct kl_device *device, uint16_t index, uint16_t requested);

/**
 * Makes a queue on the device's NUMA node and enables it. The device owns it until its next reset.
 *
 * Thread: control, within create_queues.
 * Ownership: the record that *queue points to lives as long as the device and is used again by
 * later starts; its memory goes with each reset.
 * Returns: 0; after a message -EINVAL (no such queue, or a size that is not possible), -ENOMEM,
 * -EPROTO (the device refuses it), -EBUSY (it is enabled already).
 */
KL_API int kl_device_queue_add(struct kl_device *device, const struct kl_queue_conf *conf,
	struct kl_queue **queue);

/**
 * Resets one queue while the others run (RING_RESET), and waits for its end, at most for the
 * device's timeout_ms. No thread may use the queue. What was in flight can be drained afterwards.
 *
 * Thread: control, within a callback or a change (kl_device_change_begin).
 * Returns: 0; after a message -ENOTSUP without the feature; -EPROTO, -EIO or -ETIMEDOUT when the
 * device does not do it: then it is halted.
 * Spec: 2.6.1.
 */
KL_API int kl_device_queue_stop(struct kl_device *device, struct kl_queue *queue);

/**
 * Enables a queue again that kl_device_queue_stop has reset and that has been drained. It is empty,
 * and has the size and the counters that it had.
 *
 * Thread: control, within a callback or a change (kl_device_change_begin).
 * Returns: 0; after a message -EPROTO, -EBUSY.
 */
KL_API int kl_device_queue_start(struct kl_device *device, struct kl_queue *queue);

#endif
