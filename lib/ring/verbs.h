/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The functions of a queue that need no template: add a buffer of many segments, take one, empty
 * the queue after a reset. They are for low-rate queues and slow paths, and each works for every
 * kind of ring.
 */
#ifndef KL_RING_VERBS_H
#define KL_RING_VERBS_H

#include "ring/queue.h"

/*
 * Adds a buffer: first readable segments that the device reads, then writable ones that it writes.
 * Uses an indirect table where the queue has them and it fits, else a chain. Nothing is visible
 * before a publish. virtio 1.x, 2.7.4 to 2.7.5.3.
 *
 * Returns 0, or:
 *	-ENOSPC	too few descriptors are free: harvest used buffers and try again
 *	-EINVAL	it can never fit: no segment, an empty one, more than the queue allows, or 4 GiB or
 *		more in total
 *	-EIO	the queue is broken
 */
int kl__queue_add(struct kl_queue *queue, const struct kl__segment *segments, unsigned int readable,
	unsigned int writable, void *buffer);

/* The largest number of segments that kl__queue_add can take. */
uint16_t kl__queue_max_segments(const struct kl_queue *queue);

/* kl__ring_publish for any kind of queue. */
void kl__queue_publish(struct kl_queue *queue);

/*
 * Takes the next used buffer; NULL when there is none or the queue is broken. *length is the number
 * of bytes that the device wrote; a number larger than the buffer is malformed and reads as 0.
 */
void *kl__queue_take(struct kl_queue *queue, uint32_t *length);

/* True when the buffer that starts at descriptor id is in flight. */
bool kl__queue_holds(const struct kl_queue *queue, uint16_t id);

/*
 * The buffers in flight, also those that are not published, one per call; NULL after the last. *at
 * is 0 at the first call. Nothing is changed.
 */
void *kl__queue_next_in_flight(const struct kl_queue *queue, uint32_t *at);

/*
 * After a reset whose status read back 0: the next buffer that was in flight, published or not;
 * NULL when all have been returned. Each counts as failed.
 */
void *kl__queue_drain(struct kl_queue *queue);

/* kl__ring_arm and kl__ring_disarm for any kind of queue. */
bool kl__queue_arm(struct kl_queue *queue);
void kl__queue_disarm(struct kl_queue *queue);

#endif
