/* SPDX-License-Identifier: BSD-3-Clause */
/* State of a block device and of its queues. */
#ifndef KL_BLK_STATE_H
#define KL_BLK_STATE_H

#include <stdalign.h>

#include <kickless/blk.h>
#include <kickless/driver/dma.h>
#include <kickless/driver/driver.h>
#include <kickless/driver/lifecycle.h>
#include <kickless/driver/queues.h>

#include "ring/gate.h"
#include "ring/queue.h"
#include "wire.h"

/*
 * Entries of a slot's indirect table. A block of an odd number of cache lines spreads over
 * the cache's sets.
 */
#define BLK_TABLE_ENTRIES 35
/* The first entry is the header, the last the status byte. */
#define BLK_SEGMENTS_MAX (BLK_TABLE_ENTRIES - 2)
/*
 * First entry of the ranges. They lie behind the three entries of a table with one data segment,
 * which carries them.
 */
#define BLK_RANGES_ENTRY 3
#define BLK_RANGES_MAX (BLK_TABLE_ENTRIES - BLK_RANGES_ENTRY)
/*
 * Data of one request to the device: large enough to stream, small enough for a deadline. A
 * multiple of every legal block size.
 */
#define BLK_SUBREQUEST_BYTES (4u << 20)

/*
 * The part of a slot that the device reads. With one data segment, header and table are the first
 * cache line and nothing more. The status byte is elsewhere, on a line that only the device writes
 * while the slot is in flight.
 */
struct blk_slot_memory {
	struct virtio_blk_req_header header;
	struct virtq_desc table[BLK_TABLE_ENTRIES];
};
static_assert(sizeof(struct blk_slot_memory) == 9 * KL__CACHE_LINE, "an odd number of lines");
static_assert(sizeof(struct virtio_blk_range) == sizeof(struct virtq_desc),
	"ranges lie in a table's place");

struct blk_status {
	alignas(KL__CACHE_LINE) uint8_t value;
	uint64_t append_sector; /* of a zone append; for the device it lies before the status */
};

/*
 * The status byte's initial value, which 5.2.6 does not define: a device that writes
 * none leaves it.
 */
#define BLK_STATUS_NONE 0xff

/*
 * The private record of a slot. Slot number, ring head and descriptor id are one and the same. Its
 * table is within the device's reach, so nothing is read back from there.
 */
struct blk_slot {
	uint64_t user_data;
	uint64_t since; /* on the clock, when it was submitted to the device */
	/* By origin. */
	union {
		const void *buffer;
		const struct iovec *iov;
		struct blk_parent *parent;
	};
	uint32_t bytes; /* that it moves */
	uint8_t shape; /* data segments that the table is laid out for */
	uint8_t origin;
	uint16_t count; /* of iov */
};
static_assert(BLK_TABLE_ENTRIES <= UINT8_MAX, "shape");
static_assert(sizeof(struct blk_slot) == 32, "a slot's number is found by a shift");

/* A slot's origin: a whole request, as in struct kl_blk_request, or a part of one. */
#define BLK_FROM_BUFFER 0
#define BLK_FROM_IOV 1
#define BLK_FROM_PARENT 2

/* The position of the next subrequest in a request. */
struct blk_cursor {
	uint64_t done; /* bytes of the request; for a range operation, of the range at index */
	uint32_t index; /* of iov or range */
	uint64_t skip; /* bytes of the iov at index that are behind us */
};

enum blk_phase {
	BLK_PHASE_DATA,
	BLK_PHASE_FLUSH, /* the data of a write with FUA has completed */
	BLK_PHASE_END, /* all has been submitted to the device, or nothing more will be */
};

/* A request of several subrequests. */
struct blk_parent {
	struct kl_blk_request request;
	struct blk_cursor cursor;
	uint64_t bytes; /* moved by subrequests that succeeded */
	uint16_t in_flight;
	uint8_t phase;
	bool is_waiting; /* is in the queue's list for free slots */
	bool needs_flush; /* after its data */
	int result; /* of the first subrequest that failed */
	uint64_t value; /* of its completion */
	struct blk_parent *next;
};

/* Written by the queue's thread. */
struct blk_counters {
	uint64_t requests;
	uint64_t bytes;
	uint64_t errors;
	uint64_t timeouts;
	uint64_t polls;
	uint64_t empty_polls;
	uint32_t max_in_flight;
};

/* It lives as long as the device, since any thread may read its counters. */
struct blk_queue {
	struct kl__gate gate;

	/* Constant while the gate is open; read by every call. */
	struct kl_queue *ring;
	struct blk_slot_memory *block; /* one per slot */
	struct blk_status *status;
	struct blk_slot *slot;
	uint64_t block_iova;
	uint64_t status_iova;
	struct kl_blk *blk;
	uint32_t plain_ops; /* a bit per operation that submit.c adds without a check of segments */
	uint32_t plain_bytes; /* the most that one data segment can hold */
	uint64_t block_mask; /* block size less one */
	bool iova_is_virtual;
	uint64_t timeout_ticks;
	uint16_t segments; /* data segments of one subrequest */
	uint16_t index;

	/* Written by the queue's thread; by the control thread while the gate is closed. */
	alignas(KL__CACHE_LINE) uint32_t ready_count;
	uint32_t ready_mask;
	uint32_t ready_first;
	uint64_t oldest; /* no request in flight was submitted before */
	uint64_t checked_at; /* when late requests were last looked for */
	uint64_t grace_until; /* no request is late before */
	struct blk_parent *waiting;
	struct blk_parent *waiting_last;
	struct blk_parent *free_parents;
	/*
	 * Completions that the device did not write, of subrequests, of errors, or of a recovery.
	 */
	struct kl_blk_completion *ready;
	struct blk_counters count;

	/* Of the control thread. */
	alignas(KL__CACHE_LINE) struct kl_dma shared; /* blocks, then status bytes */
	void *own; /* slots, parents, ready completions: out of the device's reach */
	uint32_t possible_plain_ops; /* plain_ops, but while too many completions are ready */
	uint16_t size; /* slots that the memory has */
};

/*
 * While a ring's worth of completions waits to be polled, as after recoveries without a poll, each
 * request takes the route that checks for room.
 */
static inline void blk_set_plain_ops(struct blk_queue *queue)
{
	queue->plain_ops = queue->ready_count < queue->size ? queue->possible_plain_ops : 0;
}

struct kl_blk {
	struct kl_device *device;
	uint64_t capacity; /* in bytes; read by the queues' threads */

	struct kl_blk_info info;
	struct kl_blk_conf conf; /* as started: nothing left to default */
	uint64_t ticks_per_second;
	uint64_t halted_at; /* on the clock */
	uint64_t spin_ticks;
	struct blk_queue **queues; /* the table is large enough for all that a device can have */
	struct kl_dma answer; /* for the serial number, from the first time that it is checked */
	char id[KL_BLK_ID_BYTES]; /* the last that was read since the start */
	bool has_id;
	bool is_checked; /* id and has_id are known */
	uint64_t logged_since; /* on the clock: the period in which changes are counted */
	uint64_t unlogged; /* changes that were not logged since the last one that was */
	unsigned int logged;
	struct kl_features features; /* that were accepted at the last start or recovery */
	bool is_starting; /* by the application; false in a recovery */
	uint16_t queue_count; /* of the last start */
	uint16_t queues_made; /* queues are made by the first start that has so many, and stay */
};

/* Changes of the capacity that are logged in a period. */
#define BLK_LOGGED_MOST 5
#define BLK_LOGGED_SECONDS 10

/* True if the queue exists; it then stays until the device is closed. */
static inline bool blk_has_queue(const struct kl_blk *blk, uint16_t queue)
{
	/* Pairs with the release in make_records. */
	return KL__LIKELY(queue < kl__load_acquire(&blk->queues_made));
}

#endif
