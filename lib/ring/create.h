/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue's memory and its first contents: create.c. */
#ifndef KL_RING_CREATE_H
#define KL_RING_CREATE_H

#include "ring/queue.h"

/* The shape of a queue: everything that its memory and first contents depend on. */
struct kl__queue_shape {
	uint16_t index;
	/* 1 to 32768; of a split ring a power of two. */
	uint16_t size;
	/* Per buffer; 0: none; at most size. */
	uint16_t indirect_entries;
	/* KL__RING_*. */
	unsigned int kind;
	bool event_idx;
	/* ORDER_PLATFORM. */
	bool is_on_bus;
	bool has_watchdog;
	/* Without the watchdog: the first doorbell write is repeated while nothing was used. */
	bool repeats_first_kick;
	/* The queue is broken when the device has not moved for this time; 0: never. */
	uint32_t stall_ms;
	/* Split, in the layout of devices from before virtio 1.0. */
	bool is_legacy;
	struct kl_kick_policy kick;
	/* Of kl__clock. */
	uint64_t ticks_per_second;
};

/* The offsets of the parts in one block of device-visible memory, in bytes. 2.6. */
struct kl__queue_layout {
	/* Descriptor area. */
	size_t desc;
	/* Driver area: available ring, or driver event suppression. */
	size_t driver;
	/* Device area: used ring, or device event suppression. */
	size_t device;
	size_t indirect;
	size_t bytes;
};

/* Alignment of the block. */
#define KL__LAYOUT_ALIGN 4096

void kl__queue_layout(const struct kl__queue_shape *shape, struct kl__queue_layout *layout);

/* Bytes of the private arrays of a queue, cache-line aligned. */
size_t kl__queue_private_bytes(const struct kl__queue_shape *shape);

/*
 * Builds a queue: its record, its private arrays in memory, its rings at shared, which the device
 * sees at iova. Both blocks are zeroed. The record keeps its counters, on_break, owner and window.
 * The notifier is filled in by the caller.
 */
void kl__queue_init(struct kl_queue *queue, void *memory, void *shared, uint64_t iova,
	const struct kl__queue_shape *shape);

/*
 * Makes a record one of no queue, which has size 0, nothing in flight and no fault. It keeps its
 * counters, on_break, owner and window.
 */
void kl__queue_clear(struct kl_queue *queue);

#endif
