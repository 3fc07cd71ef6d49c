/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver's own record of a virtqueue. Decisions rest on private fields. The shared parts are
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
#include "ring/reach.h"
#include "spec/ring.h"

#define KL__CACHE_LINE 64

/* The smaller of two values without side effects. */
#define KL__MIN(a, b) ((a) < (b) ? (a) : (b))

/* One segment of a buffer, by bus address. */
struct kl__segment {
	uint64_t address;
	uint32_t length;
};

/* The private record of one descriptor id, besides the buffer. */
struct kl__slot {
	/* How many bytes the device may write into the buffer. */
	uint32_t writable;
	/* Ring descriptors of the buffer that starts here. */
	uint16_t count;
	/* In a chain: the next descriptor id. */
	uint16_t next;
};

/*
 * The adaptive state of KL_KICK_AUTO. There is one for a ring that was empty before the publish,
 * and one for a ring that was not.
 */
struct kl__kick_adaptive {
	/* Waiting pays: kicks are deferred. */
	bool pays;
	/* Deadlines in a row that ended with a doorbell write. */
	uint8_t misses;
	/* In a row, since waiting was abandoned. */
	uint8_t failed_probes;
	/* Made eagerly since the last probe. */
	uint16_t decisions;
};

/* The state of the kick decision, of a deferred one, and of the lost-kick watchdog. */
struct kl__kick_state {
	struct kl_kick_policy policy;
	/* A deferred decision is pending. */
	bool is_pending;
	/* The last decision wrote the doorbell. */
	bool last_sent;
	bool has_watchdog;
	bool repeats_first_kick;
	/* The watchdog wrote the doorbell a short while ago, and nothing has moved yet. */
	bool watchdog_kicked;
	uint8_t watchdog_shift;
	uint8_t adaptive_index;
	/* Publishes since the decision became pending. */
	uint32_t deferred;
	/* Published at the last decision. */
	uint16_t decided;
	/* The used index when it was last seen to move. */
	uint16_t pending_used;
	uint16_t watchdog_used;
	uint32_t polls;
	uint64_t deadline;
	uint64_t wait_ticks;
	/* The watchdog times a device that does not move: see kl__kick_watchdog. */
	bool is_watching;
	uint64_t checked_at;
	uint64_t watchdog_kicked_at;
	/* Since the device moved, or since the watchdog's last doorbell write. */
	uint64_t watchdog_waited;
	uint64_t watchdog_ticks;
	/* Since the device moved. */
	uint64_t stalled;
	/* The stall timeout; 0: the device may take as long as it likes. */
	uint64_t stall_ticks;
	struct kl__kick_adaptive adaptive[2];
};

/*
 * The kinds of ring, as bits. Data paths are templates over a kind that is constant where they are
 * instantiated; elsewhere queue->kind holds it at run time.
 */
#define KL__RING_PACKED 1u
/* Some buffers take several ring descriptors. */
#define KL__RING_CHAINED 2u
#define KL__RING_IN_ORDER 4u
#define KL__RING_KINDS 8u

/*
 * The one list of the kinds: X(name, bits). A template is instantiated once per entry, under a
 * name that ends in the entry's. The first list is of those rings where each buffer takes one ring
 * descriptor, as a packet does with indirect tables.
 */
#define KL__RING_UNCHAINED_KINDS_X(X) \
	X(split, 0) \
	X(packed, KL__RING_PACKED) \
	X(split_inorder, KL__RING_IN_ORDER) \
	X(packed_inorder, KL__RING_PACKED | KL__RING_IN_ORDER)
#define KL__RING_KINDS_X(X) \
	KL__RING_UNCHAINED_KINDS_X(X) \
	X(split_chained, KL__RING_CHAINED) \
	X(packed_chained, KL__RING_PACKED | KL__RING_CHAINED) \
	X(split_chained_inorder, KL__RING_CHAINED | KL__RING_IN_ORDER) \
	X(packed_chained_inorder, KL__RING_PACKED | KL__RING_CHAINED | KL__RING_IN_ORDER)

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
	 * By descriptor id, the pointer that the caller added, never NULL. Entries of ids that are
	 * not in flight are NULL, unless is_sorted.
	 */
	void **buffer;
	struct kl__slot *slot;
	/*
	 * The free list: a ring of descriptor (packed: buffer) ids in the order of use. A buffer
	 * takes the ids at the places that it occupies, and its own ids are put there when it is
	 * returned. In a split ring where every buffer takes one ring descriptor, avail->ring holds
	 * the same ids. A device that completes in order never changes it.
	 */
	uint16_t *order;
	uint16_t size;
	/* Split: size - 1. */
	uint16_t mask;
	uint8_t kind;
	bool event_idx;
	/* ORDER_PLATFORM: see barrier.h. */
	bool is_on_bus;
	uint16_t index;

	/*
	 * From here on written by the queue's thread. Indices run free, modulo 2^16. The first is
	 * that of the buffers added.
	 */
	alignas(KL__CACHE_LINE) uint16_t avail_idx;
	/* Of those, published to the device. */
	uint16_t published;
	/* The end of the last kick decision's window, in the device's unit: kl__kick_reach. */
	uint16_t checked;
	/* Buffers returned to the caller. */
	uint16_t used_idx;
	/* The device's used index as last read, between used_idx and published. */
	uint16_t used_seen;
	/* Chained: descriptors taken by buffers. */
	uint16_t taken;
	/* Chained: descriptors that came back. */
	uint16_t returned;
	/* Split: the used_idx for which used_event was last written. */
	uint16_t parked;
	/* enum kl_queue_fault. */
	uint8_t fault;
	/*
	 * So far all buffers were used in the order in which they were added, and each takes one
	 * ring descriptor. So place i of the ring has always had id i, and the ids in flight are
	 * those from the next used place on.
	 */
	bool is_sorted;
	/* In order: the device named batch_last, and the buffers before it are used too. */
	bool in_batch;
	uint16_t batch_last;
	uint32_t batch_length;

	/*
	 * Packed: places in the ring, each with the flags that make a descriptor available or used
	 * there. The flags stand for the wrap counter of 2.8.1.
	 */
	uint16_t avail_place;
	uint16_t avail_flags;
	uint16_t used_place;
	uint16_t used_flags;
	/* The first descriptor that is not published; its flags are written last. */
	uint16_t head_place;
	uint16_t head_flags;
	/* The place that belongs to used_seen. */
	uint16_t seen_place;
	uint16_t seen_flags;

	/* Split. */
	uint16_t *avail_event;
	uint16_t *used_event;
	struct kl_notifier notifier;
	struct kl__kick_state kick;
	struct kl_queue_stats stats;

	/* Indirect tables, one per descriptor id, in device-visible memory. */
	struct virtq_desc *indirect;
	uint64_t indirect_iova;
	/* Per table; 0: there are none. */
	uint16_t indirect_entries;
	/* Descriptor ids that a drain has passed. */
	uint16_t drained;

	/*
	 * Called when the queue breaks, once, by the thread that finds it broken. NULL: not called.
	 * These are set by the owner of the record and outlive the queue.
	 */
	void (*on_break)(struct kl_queue *queue);
	void *owner;
	/* The memory that buffers may lie in, where bus addresses are virtual; else all of it. */
	struct kl__window window;
};

/* A record may be of no queue: before the first start, and while its device is stopped. */
static inline bool kl__queue_exists(const struct kl_queue *queue)
{
	return queue != NULL && queue->size != 0;
}

/* The second half of a descriptor of either format, which is written and read as one word. */
static inline uint64_t kl__desc_rest(uint32_t length, uint16_t third, uint16_t fourth)
{
	return length | (uint64_t)third << 32 | (uint64_t)fourth << 48;
}

#define KL__PACKED_WRAP (VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED)

/* 2.8.1: the flags in the first lap, where both wrap counters are 1. */
#define KL__PACKED_FIRST_AVAIL VIRTQ_DESC_F_AVAIL
#define KL__PACKED_FIRST_USED KL__PACKED_WRAP

/* Packed: the place that is count places on; the flags turn over with each lap. */
static inline uint16_t kl__packed_advance(uint16_t place, uint16_t count, uint16_t size,
	uint16_t *flags)
{
	/* Both are at most 32768, so the sum fits. */
	place += count;
	if (place < size)
		return place;
	*flags ^= KL__PACKED_WRAP;
	return place - size;
}

/* For a person: the ring's format. */
static inline const char *kl__queue_format(const struct kl_queue *queue)
{
	return (queue->kind & KL__RING_PACKED) != 0 ? "packed" : "split";
}

/*
 * True when the device reaches size bytes at address, which is the bus address too. The queue's
 * thread.
 */
static inline bool kl__queue_reaches(struct kl_queue *queue, uint64_t address, uint64_t size)
{
	return kl__window_covers(&queue->window, address, size) ||
		kl__window_move(&queue->window, address, size);
}

/* Buffers that are with the device now. */
static inline uint16_t kl__queue_in_flight(const struct kl_queue *queue)
{
	return queue->published - queue->used_idx;
}

#endif
