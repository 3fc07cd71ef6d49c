/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio block device driven by polling: fill many requests, publish them with one call, take
 * completions as an array. No callbacks and no framework.
 *
 *	kl_device_open("0000:00:10.0", &device);
 *	blk = kl_blk_from_device(device);
 *	kl_blk_start(blk, &(struct kl_blk_conf){.queues = 1});
 *	request = (struct kl_blk_request){.op = KL_BLK_READ, .buffer = buffer, .length = 4096};
 *	kl_blk_submit(blk, 0, &request, 1);
 *	while (kl_blk_poll(blk, 0, &completion, 1) == 0)
 *		;
 *	kl_blk_stop(blk);
 *	kl_device_close(device);
 *
 * Threads: the functions marked "queue's thread" belong to one thread per queue at a time; queues
 * share nothing and take no lock. All else belongs to one control thread per device, which may be
 * one of the queues' threads, as long as it is not within a queue function.
 *
 * Units: offsets and lengths are bytes everywhere. They must be multiples of info->block_size.
 *
 * Order: requests have none among each other (5.2.6), not even on one queue; a flush covers the
 * writes that had completed when it was submitted.
 *
 * Memory: what a buffer or an iovec points to must be EAL's or registered (kickless/memory.h) and
 * belongs to the device from submit to completion. After a timeout too: nothing completes before
 * the device was stopped.
 */
#ifndef KICKLESS_BLK_H
#define KICKLESS_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/uio.h>

#include <kickless/device.h>
#include <kickless/queue.h>
#include <kickless/version.h>

struct kl_blk;

/* What a request can ask for; the values are the wire's. */
enum kl_blk_op {
	KL_BLK_READ = 0,
	KL_BLK_WRITE = 1,
	KL_BLK_FLUSH = 4,
	KL_BLK_GET_ID = 8, /* KL_BLK_ID_BYTES into buffer; not terminated when it fills all */
	KL_BLK_GET_LIFETIME = 10, /* a struct kl_blk_lifetime into buffer */
	KL_BLK_DISCARD = 11, /* the contents may be forgotten: what is read then is undefined */
	KL_BLK_WRITE_ZEROES = 13,
	KL_BLK_SECURE_ERASE = 14,
	/*
	 * Of a host-managed zoned disk. Those with an offset take a zone's first byte, the report any byte
	 * of the first zone that it shall have.
	 */
	KL_BLK_ZONE_APPEND = 15, /* a write at the zone's write pointer, never cut */
	KL_BLK_ZONE_REPORT = 16, /* a struct kl_blk_zone_report into buffer */
	KL_BLK_ZONE_OPEN = 18,
	KL_BLK_ZONE_CLOSE = 20,
	KL_BLK_ZONE_FINISH = 22,
	KL_BLK_ZONE_RESET = 24,
	KL_BLK_ZONE_RESET_ALL = 26, /* offset 0 */
};

/*
 * With KL_BLK_WRITE: complete when the data is stable. There is no such bit in virtio: a flush
 * follows the write, and the request completes after both.
 */
#define KL_BLK_FUA 1
/* With KL_BLK_WRITE_ZEROES: the device may free the space. */
#define KL_BLK_UNMAP 2

#define KL_BLK_ID_BYTES 20

struct kl_blk_lifetime {
	uint16_t pre_eol_info;
	uint16_t estimate_a;
	uint16_t estimate_b;
};

enum kl_blk_zone_type {
	KL_BLK_ZONE_CONVENTIONAL = 1,
	KL_BLK_ZONE_SEQUENTIAL =
		2, /* is written from its start to its end, one write after the other */
};

enum kl_blk_zone_state {
	KL_BLK_ZONE_NOT_WP = 0, /* a conventional zone: it has no write pointer */
	KL_BLK_ZONE_EMPTY = 1,
	KL_BLK_ZONE_OPEN_BY_WRITE = 2,
	KL_BLK_ZONE_OPENED = 3,
	KL_BLK_ZONE_CLOSED = 4,
	KL_BLK_ZONE_READ_ONLY = 13,
	KL_BLK_ZONE_FULL = 14,
	KL_BLK_ZONE_OFFLINE = 15,
};

/* As the device writes it, and so in its unit: sectors of 512 bytes. 5.2.6. */
struct kl_blk_zone {
	uint64_t capacity_sectors; /* that can be written, at most the zone's size */
	uint64_t start_sector;
	uint64_t write_sector; /* where the next write has to begin */
	uint8_t type; /* enum kl_blk_zone_type; unknown ones may come */
	uint8_t state; /* enum kl_blk_zone_state */
	uint8_t reserved[38];
};

/* How many zones it has is the completion's value: the device's own word may be any number. */
struct kl_blk_zone_report {
	uint64_t unchecked_count;
	uint8_t reserved[56];
	struct kl_blk_zone zones[];
};

struct kl_blk_range {
	uint64_t offset;
	uint64_t length;
};

/*
 * One request. It is read during submit only, but the arrays that iov and ranges point to must stay
 * as they are until it completes. Larger than the device's limits, it is cut to several and
 * completes once, with the first error if there was one; then any part of the data may have been
 * moved.
 */
struct kl_blk_request {
	uint64_t user_data; /* comes back with the completion */
	uint64_t offset;
	uint64_t length;
	union {
		void *buffer; /* count 0, operations that move data: length bytes */
		const struct iovec *iov; /* count > 0: together at least length bytes */
		const struct kl_blk_range
			*ranges; /* count > 0, discard, write zeroes, secure erase */
	};
	uint16_t count; /* of iov or ranges; 0 with a range operation: offset and length */
	uint8_t op; /* enum kl_blk_op */
	uint8_t flags;
};

/*
 * result is 0 or
 *	-EINVAL		offset, length, flags or arrays that are not legal for op
 *	-ERANGE		beyond the capacity
 *	-EROFS		the device is read-only
 *	-ENOTSUP	the device does not offer op, or answered that it does not know it
 *	-EFAULT		memory that the device can't reach
 *	-EIO		the device failed it
 *	-ETIMEDOUT	it was late, and the device was reset for it
 *	-ECANCELED	it was in flight when the device was stopped or reset for another reason
 * and on a host-managed disk also
 *	-EILSEQ		a write that does not begin at the zone's write pointer
 *	-EMFILE		more zones open, -EOVERFLOW more zones active, than the device can have
 * EIO, ETIMEDOUT and ECANCELED leave open what was done.
 */
struct kl_blk_completion {
	uint64_t user_data;
	int32_t result;
	uint32_t reserved;
	/* With result 0: of an append the offset that was written, of a report how many zones it has. */
	uint64_t value;
};

/* Limits of one range operation at the device; larger requests are cut to them. */
struct kl_blk_range_limits {
	bool is_offered;
	uint64_t max_bytes; /* of one range */
	uint32_t max_ranges; /* of one request */
	uint64_t alignment; /* that the device likes, in bytes; 0: none */
};

/*
 * A host-managed disk: every zone has the same size, the last may be smaller. Writes to it are multiples
 * of write_granularity, and the parts of one that must be cut are given to the device one after the
 * other; it is the caller who has to have but one write to a zone in flight. All 0 with other disks.
 */
struct kl_blk_zones {
	uint64_t zone_bytes; /* 0: not host-managed */
	uint32_t max_open; /* 0: no limit */
	uint32_t max_active; /* 0: no limit */
	uint64_t max_append_bytes; /* 0: it can't append */
	uint32_t write_granularity;
};

/*
 * What the device says of itself: as it offers before the first start, as it was negotiated after
 * that. Its capacity follows the device (kl_device_event_handle).
 */
struct kl_blk_info {
	uint64_t capacity;
	uint32_t block_size; /* a power of two, 512 to 65536 */
	uint32_t physical_block_size; /* block_size when the device does not say */
	uint32_t alignment_offset; /* of the first physical block */
	uint64_t min_io_size; /* 0 when the device does not say */
	uint64_t opt_io_size; /* 0 when the device does not say */
	uint16_t cylinders; /* of the geometry that the device claims; 0 when it does not say */
	uint8_t heads;
	uint8_t sectors_per_track;
	uint32_t seg_max; /* data segments of one request to the device */
	uint32_t size_max; /* bytes of one of them; 0: no limit */
	uint16_t max_queues;
	uint16_t ring_max; /* largest ring size, in requests */
	bool is_read_only;
	bool has_flush;
	bool is_writeback; /* a write may be lost at a power cut until it is flushed */
	bool cache_can_be_set; /* by kl_blk_writeback_set */
	bool fua_is_emulated; /* false: without flush, a completed write is stable */
	bool has_lifetime;
	bool write_zeroes_may_unmap;
	struct kl_blk_range_limits discard;
	struct kl_blk_range_limits write_zeroes;
	struct kl_blk_range_limits secure_erase;
	struct kl_blk_zones zones;
};

struct kl_blk_conf {
	uint16_t queues; /* 1 to max_queues; 0 takes the name's queues=, or 1 */
	uint16_t ring_size; /* requests in flight; 0 takes the name's queue_size=, or the maximum */
	/* Zero is eager, which is right unless the queue is polled all the time. */
	struct kl_kick_policy kick;
	uint32_t timeout_ms; /* deadline of each request to the device; 0: none */
	uint32_t spin_ns; /* how long kl_blk_wait polls before it sleeps; 0 takes 20,000 */
};

/*
 * One queue's counters since the device was opened, across restarts; written by the queue's thread
 * only. The sum law of struct kl_queue_stats holds for what was given to the device.
 */
struct kl_blk_queue_stats {
	struct kl_queue_stats queue;
	uint64_t requests; /* completed */
	uint64_t bytes; /* moved by those that succeeded */
	uint64_t errors; /* of the completed ones, those with a result other than 0 */
	uint64_t timeouts; /* requests to the device that were late */
	uint64_t resets; /* recoveries that this queue went through */
	uint64_t polls;
	uint64_t empty_polls;
	uint32_t max_in_flight; /* requests that the device had at one time */
};

struct kl_blk_queue_info {
	uint16_t size; /* requests that can be in flight when each needs one segment */
	uint16_t segments; /* data segments that a request to the device can have here */
	struct kl_kick_policy kick;
	const char *ring; /* "split" */
	const char *path; /* "indirect" or "chained" */
	enum kl_queue_fault fault;
	bool can_sleep; /* has an interrupt of its own */
};

/* The block side of a device, NULL when it is of another type. */
KL_API struct kl_blk *kl_blk_from_device(struct kl_device *device);

KL_API const struct kl_blk_info *kl_blk_info(const struct kl_blk *blk);

/*
 * Negotiates, sets the queues up and lets the device run. Returns 0, or after a message -EINVAL
 * (conf), -EBUSY (running already), -ENOTSUP, -EPROTO, -ENOMEM, -EIO, -ETIMEDOUT, -EAGAIN (its back
 * end is not there); the device is then stopped and may be started again, except after -ETIMEDOUT.
 */
KL_API int kl_blk_start(struct kl_blk *blk, const struct kl_blk_conf *conf);

/*
 * Resets the device, once all threads have left the queue functions; who sleeps in kl_blk_wait is
 * woken. What was in flight completes with -ECANCELED: poll each queue to the end to see it, before
 * the next start. 0, also when it was not running; -EIO, -ETIMEDOUT as kl_device_reset; -EAGAIN as
 * kl_blk_recover.
 */
KL_API int kl_blk_stop(struct kl_blk *blk);

/* Any thread. */
KL_API enum kl_device_state kl_blk_state(const struct kl_blk *blk);

/*
 * Brings a halted device back: waits for the queues' threads to leave their calls, resets the
 * device, completes all that was in flight with -ETIMEDOUT or -ECANCELED, and starts it again as it
 * was. Costs one load when the device is not halted, so a control thread may call it all the time.
 * More than three times within a minute it is given up, until the next start.
 * 0; or -EIO, -EPROTO, -ENOTSUP, -ENOMEM, -EINVAL when it does not come back: it is stopped then;
 * -ETIMEDOUT when it never finishes its reset: then what was in flight never completes, and its
 * memory must never be used again; -EAGAIN, to be called again later, when a queue's thread stayed
 * in a call for 5 s, or when the back end has gone away: all has completed then, and nothing is taken
 * until it is there again.
 */
KL_API int kl_blk_recover(struct kl_blk *blk);

/*
 * Hands requests over, from the front, publishes them and makes one kick decision. Returns how many
 * were taken; the others find the ring full, or the device is not running. Each one taken completes
 * exactly once, also when it is refused. Queue's thread. Virtio 1.x, 5.2.6.
 */
KL_API uint16_t kl_blk_submit(struct kl_blk *blk, uint16_t queue,
	const struct kl_blk_request *requests, uint16_t count);

/*
 * Takes up to max completions. Call it all the time while anything is in flight: it also gives the
 * device what is left of requests that were cut, makes owed kick decisions, and looks for late
 * requests. While the device is halted nothing comes; a loop that sees nothing looks at
 * kl_blk_state now and then. Queue's thread.
 */
KL_API uint16_t kl_blk_poll(struct kl_blk *blk, uint16_t queue,
	struct kl_blk_completion *completions, uint16_t max);

/*
 * Polls until there are min completions or timeout_ns (UINT64_MAX: no limit) have passed; sleeps
 * when nothing comes for conf.spin_ns, where the queue has an interrupt. Returns how many, at most
 * max; fewer than min after the time, when a signal came, or when nothing is in flight any more;
 * -ESHUTDOWN when there are none and the device is not running. Queue's thread.
 */
KL_API int kl_blk_wait(struct kl_blk *blk, uint16_t queue, struct kl_blk_completion *completions,
	uint16_t min, uint16_t max, uint64_t timeout_ns);

/*
 * Makes an owed kick decision now: before the queue's thread stops polling for a while. Queue's
 * thread.
 */
KL_API void kl_blk_kick(struct kl_blk *blk, uint16_t queue);

/*
 * For a poll loop of one's own: an eventfd that becomes readable when the armed queue has a
 * completion, or -1 when it has no interrupt. Stays the same until kl_blk_stop. Read it empty after
 * it fired.
 */
KL_API int kl_blk_queue_event_fd(const struct kl_blk *blk, uint16_t queue);
/*
 * Asks for an event at the next completion, and forces an owed kick. True when there is something
 * to poll for already: then don't sleep. Queue's thread.
 */
KL_API bool kl_blk_arm(struct kl_blk *blk, uint16_t queue);
/* After sleeping: no more events. Queue's thread. */
KL_API void kl_blk_disarm(struct kl_blk *blk, uint16_t queue);

/*
 * Switches the device's write cache. Flush after switching it off: earlier writes are not stable by
 * that (5.2.6.1). 0; -ENOTSUP when the device can't, or keeps its mode; -EINVAL when it is not
 * running.
 */
KL_API int kl_blk_writeback_set(struct kl_blk *blk, bool is_writeback);

/*
 * The serial number of a device that is stopped, which is started for it and stopped again;
 * terminated. 0; -EBUSY when it runs (use KL_BLK_GET_ID), -ETIMEDOUT when there was no answer in
 * two seconds, -ENOTSUP when it has none, or as kl_blk_start.
 */
KL_API int kl_blk_id_read(struct kl_blk *blk, char id[KL_BLK_ID_BYTES + 1]);

/* -EINVAL when there is no such queue. Control thread. */
KL_API int kl_blk_queue_stats_get(const struct kl_blk *blk, uint16_t queue,
	struct kl_blk_queue_stats *stats);
KL_API int kl_blk_queue_info_get(const struct kl_blk *blk, uint16_t queue,
	struct kl_blk_queue_info *info);

#endif
