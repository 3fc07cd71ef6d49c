/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
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
 *	function			thread	states		returns
 *	kl_blk_from_device		any	all		the disk, or NULL
 *	kl_blk_info			any	all		properties of the device
 *	kl_blk_start			control	stopped, failed	0 or -errno
 *	kl_blk_stop			control	all		0 or -errno
 *	kl_blk_recover			control	all		0, -EAGAIN, or -errno
 *	kl_blk_state			any	all		the state
 *	kl_blk_submit			queue	all		0 unless running
 *	kl_blk_poll			queue	all		completions; new ones while running
 *	kl_blk_wait			queue	all		completions, or -ESHUTDOWN
 *	kl_blk_kick			queue	all		nothing
 *	kl_blk_arm			queue	all		true when a sleep would be wrong
 *	kl_blk_disarm			queue	all		nothing
 *	kl_blk_queue_event_fd		any	all		-1 without an interrupt
 *	kl_blk_writeback_set		control	running		0 or -errno
 *	kl_blk_id_read			control	stopped, failed	0 or -errno
 *	kl_blk_id_text			any	-		the text
 *	kl_blk_queue_stats_get		any	all		0, -EINVAL
 *	kl_blk_queue_info_get		any	all		0, -EINVAL
 *
 * Threads: "queue" is one thread at a time for each queue. Queues share nothing and take no
 * lock. "control" is one thread at a time for the device. It may be a queue's thread, but not
 * within a call of it. While it stops or recovers the device, the threads of the queues may go
 * on with their calls.
 *
 * Units: offsets and lengths are bytes everywhere. They must be multiples of info->block_size.
 *
 * Order: requests have none among each other (5.2.6), not even on one queue. A flush covers the
 * writes that had completed when it was submitted.
 *
 * Memory: the target of a buffer or an iovec must be EAL's or registered (kickless/memory.h). It
 * belongs to the device from submit to completion. After a timeout too: nothing completes before
 * the device was stopped.
 */
#ifndef KICKLESS_BLK_H
#define KICKLESS_BLK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/uio.h>

#include <kickless/device.h>
#include <kickless/queue.h>
#include <kickless/version.h>

struct kl_blk;

/** Operations of a request. The values are those of the specification. */
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
	 * Of a host-managed zoned disk. Those with an offset take a zone's first byte, the report
	 * any byte of the first zone that it shall have.
	 */
	KL_BLK_ZONE_APPEND = 15, /* a write at the zone's write pointer, never cut */
	KL_BLK_ZONE_REPORT = 16, /* a struct kl_blk_zone_report into buffer */
	KL_BLK_ZONE_OPEN = 18,
	KL_BLK_ZONE_CLOSE = 20,
	KL_BLK_ZONE_FINISH = 22,
	KL_BLK_ZONE_RESET = 24,
	KL_BLK_ZONE_RESET_ALL = 26, /* offset 0 */
};

/**
 * Flag of KL_BLK_WRITE: complete when the data is stable. There is no such bit in virtio: a flush
 * follows the write, and the request completes after both.
 */
#define KL_BLK_FUA 1
/** Flag of KL_BLK_WRITE_ZEROES: the device may free the space. */
#define KL_BLK_UNMAP 2

#define KL_BLK_ID_BYTES 20
/** Room for a serial number as kl_blk_id_text writes it. */
#define KL_BLK_ID_TEXT_BYTES (4 * KL_BLK_ID_BYTES + 1)

/** The answer to KL_BLK_GET_LIFETIME, as the device writes it. 5.2.6. */
struct kl_blk_lifetime {
	uint16_t pre_eol_info;
	uint16_t estimate_a;
	uint16_t estimate_b;
};

/** Types of zones. The values are those of the specification. */
enum kl_blk_zone_type {
	KL_BLK_ZONE_CONVENTIONAL = 1,
	/* Is written from its start to its end, one write after the other. */
	KL_BLK_ZONE_SEQUENTIAL = 2,
};

/** States of zones. The values are those of the specification. */
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

/** A zone as the device writes it, and so in its unit: sectors of 512 bytes. 5.2.6. */
struct kl_blk_zone {
	uint64_t capacity_sectors; /* that can be written, at most the zone's size */
	uint64_t start_sector;
	uint64_t write_sector; /* where the next write has to begin */
	uint8_t type; /* enum kl_blk_zone_type; unknown ones may come */
	uint8_t state; /* enum kl_blk_zone_state */
	uint8_t reserved[38];
};

/**
 * The answer to KL_BLK_ZONE_REPORT. The number of its zones is the completion's value: the device's
 * own count may be any number.
 */
struct kl_blk_zone_report {
	uint64_t unchecked_count;
	uint8_t reserved[56];
	struct kl_blk_zone zones[];
};

/** A range of bytes. */
struct kl_blk_range {
	uint64_t offset;
	uint64_t length;
};

/**
 * One request. It is read during submit only, but the arrays that iov and ranges point to must
 * stay as they are until it completes. One that exceeds the device's limits is cut. It then
 * completes once, with the first error if there was one, and after an error any part of the data
 * may have been moved.
 */
struct kl_blk_request {
	uint64_t user_data; /* comes back with the completion */
	uint64_t offset;
	uint64_t length;
	union {
		void *buffer; /* count 0, operations that move data: length bytes */
		const struct iovec *iov; /* count > 0: together at least length bytes */
		/* count > 0, discard, write zeroes, secure erase */
		const struct kl_blk_range *ranges;
	};
	uint16_t count; /* of iov or ranges; 0 with a range operation: offset and length */
	uint8_t op; /* enum kl_blk_op */
	uint8_t flags;
};

/**
 * The completion of a request. result is 0 or
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
	/* With result 0: of an append the offset written, of a report the number of its zones. */
	uint64_t value;
};

/** Limits of one range operation at the device; larger requests are cut to them. */
struct kl_blk_range_limits {
	bool is_offered;
	uint64_t max_bytes; /* of one range */
	uint32_t max_ranges; /* of one request */
	uint64_t alignment; /* that the device prefers, in bytes; 0: none */
};

/**
 * The zones of a host-managed disk; all 0 with other disks. Every zone has the same size, the last
 * may be smaller. Writes are multiples of write_granularity. The parts of a write that must be cut
 * are submitted one after the other. The caller has to keep only one write to a zone in flight.
 */
struct kl_blk_zones {
	uint64_t zone_bytes; /* 0: not host-managed */
	uint32_t max_open; /* 0: no limit */
	uint32_t max_active; /* 0: no limit */
	uint64_t max_append_bytes; /* 0: it can't append */
	uint32_t write_granularity;
};

/**
 * Properties of a block device: as it offers before the first start, as they were negotiated after
 * that. The capacity follows the device (kl_device_event_handle).
 */
struct kl_blk_info {
	uint64_t capacity; /* whole blocks */
	uint32_t tail_bytes; /* behind them, less than a block: can't be used */
	uint32_t block_size; /* a power of two, 512 to 65536 */
	uint32_t physical_block_size; /* block_size without such a field */
	uint32_t alignment_offset; /* of the first physical block */
	uint64_t min_io_size; /* 0 without such a field */
	uint64_t opt_io_size; /* 0 without such a field */
	uint16_t cylinders; /* of the geometry that the device claims; 0: none */
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

/** Settings of a start. */
struct kl_blk_conf {
	uint16_t queues; /* 1 to max_queues; 0 takes the name's queues=, or 1 */
	uint16_t ring_size; /* requests in flight; 0 takes the name's queue_size=, or the maximum */
	/* Zero is eager, which is right unless the queue is polled all the time. */
	struct kl_kick_policy kick;
	uint32_t timeout_ms; /* deadline of each request to the device; 0: none */
	uint32_t spin_ns; /* of polling in kl_blk_wait before it sleeps; 0 takes 20,000 */
};

/**
 * The counters of one queue since the device was opened, across restarts. Written by the queue's
 * thread only. The sum law of struct kl_queue_stats holds for the requests to the device.
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

/** Properties of a queue. */
struct kl_blk_queue_info {
	uint16_t size; /* requests that can be in flight when each needs one segment */
	uint16_t segments; /* data segments that a request to the device can have here */
	struct kl_kick_policy kick;
	const char *ring; /* "split" */
	const char *path; /* "indirect" or "chained" */
	enum kl_queue_fault fault;
	bool can_sleep; /* has an interrupt of its own */
};

/**
 * The block side of a device, NULL when its type is another. It lives as long as the device.
 *
 * Thread: any.
 */
KL_API struct kl_blk *kl_blk_from_device(struct kl_device *device);

/**
 * The properties of the device. The structure lives as long as the device. The control thread
 * changes it at a start and in kl_device_event_handle.
 *
 * Thread: any.
 */
KL_API const struct kl_blk_info *kl_blk_info(const struct kl_blk *blk);

/**
 * Negotiates features, sets the queues up and lets the device run. Completions of the last run that
 * were not taken are lost.
 *
 * Thread: control.
 * Returns: 0; after a message -EINVAL (conf), -EBUSY (it is started already), -ENOTSUP, -EPROTO,
 * -ENOMEM, -EIO, -EAGAIN (a thread has been within a call for 5 s, or its back end is not there or
 * does not answer); -ETIMEDOUT, it is lost. Unless it is lost, the device is stopped then and may
 * be started again.
 */
KL_API int kl_blk_start(struct kl_blk *blk, const struct kl_blk_conf *conf);

/**
 * Waits until all threads have left the functions of the queues, and resets the device. Threads
 * that sleep in kl_blk_wait are woken. Requests that were in flight complete with -ECANCELED: poll
 * each queue to the end, before the next start, to see them.
 *
 * Thread: control.
 * Returns: 0, also when it was not started; after a message -EAGAIN, a thread has been within a
 * call for 5 s, and nothing is stopped; -ETIMEDOUT, the reset did not end: the device is lost;
 * -EIO, it has left the bus: it is stopped all the same.
 */
KL_API int kl_blk_stop(struct kl_blk *blk);

/**
 * The state of the device: kl_device_state. A request that is late, a queue that is broken and a
 * device that requests a reset halt it.
 *
 * Thread: any.
 */
KL_API enum kl_device_state kl_blk_state(const struct kl_blk *blk);

/**
 * Brings back a device that is halted or away: waits until the threads have left the functions of
 * the queues, resets the device or connects to its back end again, completes everything that was in
 * flight with -ETIMEDOUT or -ECANCELED, and starts it again as it was. A device that is there gets
 * three resets a minute; one whose back end comes and goes is waited for without end.
 *
 * A device that runs costs a reading of the clock, so a control thread may call it all the time. A
 * few times a second at most it looks for an event and handles it, as kl_device_event_handle does:
 * a new capacity, a reset request, a back end that has gone. Where nothing reports them, it reads
 * the registers about once a second.
 *
 * A device that comes back with another capacity, block size, or fewer queues or features is driven
 * on, after a warning that has them by name: requests that are not possible any more fail, and
 * queues that are gone take none. A back end that comes back with another serial number is another
 * disk: the device has failed then (-ESTALE).
 *
 * Thread: control.
 * Returns: 0: it runs, or is stopped. -EAGAIN, to be called again: a thread has been within a call
 * for 5 s, or the back end has disconnected or does not answer; then everything has completed, and
 * nothing is taken until it is there again. -ETIMEDOUT: it is lost; what was in flight never
 * completes, and its memory must never be used again. Other errors: it has failed, which has been
 * logged.
 */
KL_API int kl_blk_recover(struct kl_blk *blk);

/**
 * Hands requests to the device, from the front, publishes them and makes one kick decision.
 *
 * Thread: queue.
 * Ownership: the memory of a request that was taken belongs to the device until it completes. Each
 * one taken completes exactly once, also when it is refused.
 * Returns: the number of requests taken; the others find the ring full, or the device does not run.
 * Spec: 5.2.6.
 */
KL_API uint16_t kl_blk_submit(struct kl_blk *blk, uint16_t queue,
	const struct kl_blk_request *requests, uint16_t count);

/**
 * Takes up to max completions. Call it all the time while anything is in flight: it also submits
 * the rest of requests that were cut, makes pending kick decisions, and checks for late
 * requests. While the device is halted nothing comes; a loop that gets nothing reads
 * kl_blk_state from time to time.
 *
 * Thread: queue.
 * Returns: the number of completions.
 */
KL_API uint16_t kl_blk_poll(struct kl_blk *blk, uint16_t queue,
	struct kl_blk_completion *completions, uint16_t max);

/**
 * Polls until there are min completions or timeout_ns (UINT64_MAX: no limit) have passed. Sleeps
 * when nothing comes for conf.spin_ns, where the queue has an interrupt.
 *
 * Thread: queue.
 * Returns: the number of completions, at most max; fewer than min after the time, when a signal
 * came, or when nothing is in flight any more; -ESHUTDOWN when there are none and the device
 * does not run, or came back from a recovery without this queue.
 */
KL_API int kl_blk_wait(struct kl_blk *blk, uint16_t queue, struct kl_blk_completion *completions,
	uint16_t min, uint16_t max, uint64_t timeout_ns);

/**
 * Makes a pending kick decision now: before the queue's thread stops polling for a while.
 *
 * Thread: queue.
 */
KL_API void kl_blk_kick(struct kl_blk *blk, uint16_t queue);

/**
 * An eventfd, for a poll loop of one's own, that becomes readable when the armed queue has a
 * completion. Stays the same until kl_blk_stop. Read it empty after it fired.
 *
 * Thread: any.
 * Returns: -1 when the queue has no interrupt.
 */
KL_API int kl_blk_queue_event_fd(const struct kl_blk *blk, uint16_t queue);

/**
 * Requests an event at the next completion, and makes a pending kick decision.
 *
 * Thread: queue.
 * Returns: true when there is something to poll for already: then don't sleep.
 * Spec: 2.7.7.1.
 */
KL_API bool kl_blk_arm(struct kl_blk *blk, uint16_t queue);

/**
 * Requests no more events, after a sleep.
 *
 * Thread: queue.
 */
KL_API void kl_blk_disarm(struct kl_blk *blk, uint16_t queue);

/**
 * Switches the device's write cache. Flush after switching it off: earlier writes are not
 * stable by that.
 *
 * Thread: control.
 * Returns: 0; -ENOTSUP when the device can't, or keeps its mode; -EINVAL when it does not run.
 * Spec: 5.2.6.1.
 */
KL_API int kl_blk_writeback_set(struct kl_blk *blk, bool is_writeback);

/**
 * Reads the serial number of a device that is stopped, which is started for it and stopped again.
 * It is terminated, and may hold any bytes: kl_blk_id_text makes them fit to be shown.
 *
 * Thread: control.
 * Returns: 0; -EBUSY when it runs (use KL_BLK_GET_ID), -ETIMEDOUT when there was no answer within
 * timeout_ms of the device's name, -ENOTSUP when it has none, or as kl_blk_start.
 */
KL_API int kl_blk_id_read(struct kl_blk *blk, char id[KL_BLK_ID_BYTES + 1]);

/**
 * Writes a serial number as text that is fit to be shown (kl_text_escape), and that blk:serial=
 * takes. Zeroes at its end are left out; a backslash and a comma are escaped too.
 *
 * Thread: any.
 * Returns: text.
 */
KL_API char *kl_blk_id_text(const char id[KL_BLK_ID_BYTES], char *text, size_t size);

/**
 * Copies the counters of a queue. Each is exact, but they are not of one moment while the
 * queue is polled.
 *
 * Thread: any.
 * Returns: 0; -EINVAL when there was no such queue yet.
 */
KL_API int kl_blk_queue_stats_get(const struct kl_blk *blk, uint16_t queue,
	struct kl_blk_queue_stats *stats);

/**
 * Copies the properties of a queue.
 *
 * Thread: any.
 * Returns: 0; -EINVAL when there is no such queue, or none now.
 */
KL_API int kl_blk_queue_info_get(const struct kl_blk *blk, uint16_t queue,
	struct kl_blk_queue_info *info);

#endif
