/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtqueue as its driver keeps it. What a decision rests on is private; the shared parts are
 * written for the device and read from it, once per value, and checked against the private record.
 */
#ifndef KL_RING_QUEUE_H
#define KL_RING_QUEUE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/queue.h>

#include "ring/barrier.h"
#include "ring/notifier.h"
#include "spec/ring.h"

#define KL__CACHE_LINE 64

/* The private record of one descriptor id, besides the buffer. */
struct kl__slot {
	uint32_t writable; /* how many bytes the device may write into the buffer */
	uint16_t count; /* ring descriptors of the buffer that starts here */
	uint16_t next; /* in a chain: the next descriptor id */
};

/*
 * What waiting has taught, apart for a ring that was empty before the publish and one that was not.
 */
struct kl__kick_adaptive {
	bool pays;
	uint8_t misses; /* deadlines in a row that ended with a doorbell write */
	uint8_t failed_probes; /* in a row, since waiting was given up */
	uint16_t decisions; /* made eagerly since the last probe */
};

struct kl__kick_state {
	struct kl_kick_policy policy;
	bool owed;
	bool last_sent; /* the last decision rang the doorbell */
	bool has_watchdog;
	bool watchdog_kicked; /* a short while ago, without an answer yet */
	uint8_t watchdog_shift;
	uint8_t adaptive_index;
	uint32_t deferred; /* publishes since the decision is owed */
	uint16_t decided; /* published at the last decision */
	uint16_t watched; /* the used index when it was last seen to move */
	uint16_t watchdog_used;
	uint32_t polls;
	uint64_t deadline;
	uint64_t wait_ticks;
	/* Looks for a device that does not move; see kl__kick_watchdog. */
	bool is_watching;
	uint64_t looked_at;
	uint64_t watchdog_kicked_at;
	uint64_t watchdog_waited; /* since it moved, or since the last bell */
	uint64_t watchdog_ticks;
	uint64_t stalled; /* since it moved */
	uint64_t stall_ticks; /* 0: it may take as long as it likes */
	struct kl__kick_adaptive lesson[2];
};

/*
 * The kinds of ring, as bits. Data paths are templates over a kind that is constant where they are
 * stamped out; elsewhere queue->kind says it at run time.
 */
#define KL__RING_PACKED 1u
#define KL__RING_CHAINED 2u /* some buffers take several ring descriptors */
#define KL__RING_IN_ORDER 4u
#define KL__RING_KINDS 8u

struct kl_queue {
	/* Constant while the queue lives; read by every burst. */
	union {
		struct virtq_desc *desc;
		struct pvirtq_desc *packed;
	};
	union {
		struct virtq_avail *avail;
		struct pvirtq_event_suppress *driver_event;
	};
	union {
		struct virtq_used *used;
		struct pvirtq_event_suppress *device_event;
	};
	/*
	 * By descriptor id, the caller's name for what was added, never NULL. What stands here of ids
	 * that are not in flight is NULL, unless is_sorted.
	 */
	void **buffer;
	struct kl__slot *slot;
	/*
	 * Descriptor (packed: buffer) ids in the order of use: a buffer takes those of the places that
	 * it takes, and leaves its own there when it comes back. Split, where every buffer takes one
	 * ring descriptor, this is also what avail->ring holds. A device that completes in order
	 * leaves all of it unchanged for ever.
	 */
	uint16_t *order;
	uint16_t size;
	uint16_t mask; /* split */
	uint8_t kind;
	bool event_idx;
	bool is_on_bus; /* ORDER_PLATFORM: see barrier.h */
	uint16_t index;

	/* Written by the queue's thread. Indices run free, modulo 2^16. */
	alignas(KL__CACHE_LINE) uint16_t avail_idx; /* buffers added */
	uint16_t published; /* of those, told to the device */
	uint16_t checked; /* up to where the last kick decision went, in what the device counts */
	uint16_t used_idx; /* buffers taken back */
	uint16_t used_seen; /* how far the device is known to be; at least used_idx */
	uint16_t taken; /* chained: descriptors given to buffers */
	uint16_t returned; /* chained: descriptors given back */
	uint16_t parked; /* split: where used_event was last put */
	uint8_t fault; /* enum kl_queue_fault */
	/*
	 * All was used in the order in which it was added so far, and takes one ring descriptor each: so
	 * place i of the ring has always had id i, and in flight are those from the next used place on.
	 */
	bool is_sorted;
	bool in_batch; /* in order: the device named batch_last, and what is before it is used too */
	uint16_t batch_last;
	uint32_t batch_length;

	/*
	 * Packed: places in the ring, and the flags that make a descriptor available or used there, which
	 * are each wrap counter in the only form that is ever needed.
	 */
	uint16_t avail_place;
	uint16_t avail_flags;
	uint16_t used_place;
	uint16_t used_flags;
	uint16_t head_place; /* of the first that is not published; its flags are written last */
	uint16_t head_flags;
	uint16_t seen_place; /* where used_seen was looked for last */
	uint16_t seen_flags;

	uint16_t *avail_event; /* split */
	uint16_t *used_event;
	struct kl_notifier notifier;
	struct kl__kick_state kick;
	struct kl_queue_stats stats;

	/* Indirect tables, one per descriptor id, in device-visible memory. */
	struct virtq_desc *indirect;
	uint64_t indirect_iova;
	uint16_t indirect_entries; /* 0: none */
	uint16_t drained; /* descriptor ids that a drain has passed */
};

/* The second half of a descriptor of either format, which is written and read as one word. */
static inline uint64_t kl__desc_rest(uint32_t length, uint16_t third, uint16_t fourth)
{
	return length | (uint64_t)third << 32 | (uint64_t)fourth << 48;
}

/*
 * Whether the buffer of this id is in flight, when the one at place is the next to be used and idx
 * have been.
 */
static inline bool kl__queue_is_in_flight(const struct kl_queue *queue, uint16_t id, uint16_t idx,
	uint16_t place)
{
	unsigned int distance = id < place ? id + queue->size - place : id - place;

	if (!queue->is_sorted)
		return queue->buffer[id] != NULL;
	return distance < (uint16_t)(queue->avail_idx - idx);
}

/* Where the next buffer is added; in registers while several are. */
struct kl__add_cursor {
	uint16_t idx;
	uint16_t taken;
	uint16_t place;
	uint16_t flags;
};

#endif
