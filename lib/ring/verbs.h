/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verbs of a queue that need no template: create, add a buffer of many pieces, take one back,
 * empty it after a reset. Low-rate queues and slow paths use these; each works for every kind of
 * ring.
 */
#ifndef KL_RING_VERBS_H
#define KL_RING_VERBS_H

#include "ring/queue.h"

/* What a queue is made of. */
struct kl__queue_shape {
	uint16_t index;
	uint16_t size; /* 1 to 32768; of a split ring a power of two */
	uint16_t indirect_entries; /* per buffer; 0: none; at most size */
	unsigned int kind; /* KL__RING_* */
	bool event_idx;
	bool is_on_bus; /* ORDER_PLATFORM */
	bool has_watchdog;
	uint32_t
		stall_ms; /* the queue is broken when the device has not moved for so long; 0: never */
	bool is_legacy; /* split, laid out as devices from before virtio 1.0 know it */
	struct kl_kick_policy kick;
	uint64_t ticks_per_second; /* of kl__clock */
};

/* Where the parts lie in one block of device-visible memory; offsets in bytes. 2.6 */
struct kl__queue_layout {
	size_t desc; /* descriptor area */
	size_t driver; /* driver area: available ring, or driver event suppression */
	size_t device; /* device area: used ring, or device event suppression */
	size_t indirect;
	size_t bytes;
};

/* Alignment of the block. */
#define KL__LAYOUT_ALIGN 4096

void kl__queue_layout(const struct kl__queue_shape *shape, struct kl__queue_layout *layout);

/* Bytes of private memory for a queue, cache-line aligned. */
size_t kl__queue_private_bytes(const struct kl__queue_shape *shape);

/*
 * Builds a queue in its two zeroed blocks: privately in memory, shared at shared, which the device
 * sees at iova. The notifier is filled in by the caller. Returns memory.
 */
struct kl_queue *kl__queue_init(void *memory, void *shared, uint64_t iova,
	const struct kl__queue_shape *shape);

/* One piece of a buffer, by bus address. */
struct kl__segment {
	uint64_t address;
	uint32_t length;
};

/*
 * Adds a buffer: first readable pieces that the device reads, then writable ones that it writes.
 * Takes an indirect table where the queue has them and it fits, else a chain. Nothing is visible
 * before a publish. 0; -ENOSPC when too few descriptors are free (take used buffers back and try
 * again); -EINVAL when the buffer can never fit: no piece, an empty piece, more pieces than the
 * queue allows, 4 GiB or more in total; -EIO when the queue is broken. virtio 1.x, 2.7.4
 * to 2.7.5.3.
 */
int kl__queue_add(struct kl_queue *queue, const struct kl__segment *pieces, unsigned int readable,
	unsigned int writable, void *buffer);

/*
 * One entry of an indirect table in the form that the queue's format wants: flags are NEXT, WRITE or
 * none; next counts in the table. 2.7.5.3, 2.8.8.
 */
void kl__queue_set_entry(const struct kl_queue *queue, struct virtq_desc *entry,
	struct kl__segment piece, uint16_t flags, uint16_t next);

/* The largest number of pieces that kl__queue_add can take. */
uint16_t kl__queue_max_segments(const struct kl_queue *queue);

/* kl__ring_publish for any kind of queue. */
void kl__queue_publish(struct kl_queue *queue);

/*
 * Takes the next used buffer back, NULL when there is none or the queue is broken. *length is what
 * the device wrote; more than it was given is a lie and reads as 0.
 */
void *kl__queue_take(struct kl_queue *queue, uint32_t *length);

/* Whether the buffer that starts at descriptor id is in flight. */
bool kl__queue_holds(const struct kl_queue *queue, uint16_t id);

/* kl__ring_harvest and kl__ring_park for any kind of queue; what came back is not counted yet. */
uint16_t kl__queue_harvest(struct kl_queue *queue, void **buffers, uint32_t *lengths,
	uint32_t *writables, uint16_t max);

/*
 * After a reset whose status read back 0: the next buffer that was in flight, published or not,
 * NULL when all have been taken back. Each counts as failed.
 */
void *kl__queue_drain(struct kl_queue *queue);

/* kl__ring_arm and kl__ring_disarm for any kind of queue. */
bool kl__queue_arm(struct kl_queue *queue);
void kl__queue_disarm(struct kl_queue *queue);

/* For a person: the ring's format. */
static inline const char *kl__queue_format(const struct kl_queue *queue)
{
	return (queue->kind & KL__RING_PACKED) != 0 ? "packed" : "split";
}

/* Buffers that are with the device now. */
static inline uint16_t kl__queue_in_flight(const struct kl_queue *queue)
{
	return queue->published - queue->used_idx;
}

#endif
