/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * One virtqueue as an application sets and sees it: kick policy, counters, the reason why it broke.
 */
#ifndef KICKLESS_QUEUE_H
#define KICKLESS_QUEUE_H

#include <stdint.h>

#include <kickless/version.h>

struct kl_queue;

/** The times at which the driver decides whether to notify the device. */
enum kl_kick_mode {
	/* Decide at once after each publish, as the specification describes it. */
	KL_KICK_EAGER,
	/* Publish, watch the used index for wait_ns, decide only when the device did not move. */
	KL_KICK_LAZY,
	/*
	 * Lazy while waiting spares kicks or lets one kick stand for more, until the ring is full;
	 * eager after a few misses, and probing again later.
	 */
	KL_KICK_AUTO,
};

/**
 * The kick policy of a queue.
 *
 * With LAZY and AUTO a kick can be pending when a burst call returns. The queue must then be polled
 * again (a burst call with no packets is enough) or the kick forced before the application stops
 * polling.
 */
struct kl_kick_policy {
	enum kl_kick_mode mode;
	/* For LAZY, 1 to 1,000,000,000; for AUTO, 0 takes the default of 20,000. */
	uint32_t wait_ns;
};

/**
 * Parses "eager", "auto" or "lazy:NS".
 *
 * Thread: any.
 *
 * Returns: 0; -EINVAL for anything else, and then policy is unchanged.
 */
KL_API int kl_kick_policy_parse(const char *text, struct kl_kick_policy *policy);

/**
 * The reason why a queue no longer trusts its device. A broken queue moves nothing until the device
 * is reset.
 */
enum kl_queue_fault {
	KL_QUEUE_OK,
	KL_QUEUE_USED_INDEX, /* the used index claims more than is in flight */
	KL_QUEUE_USED_ID, /* a used element names a descriptor that the ring does not have */
	KL_QUEUE_USED_TWICE, /* a used element names a buffer that is not in flight */
	KL_QUEUE_USED_ORDER, /* a device that uses buffers in order named one that can't be next */
	/* A packed ring's descriptor was used out of its turn, or in the wrong lap. */
	KL_QUEUE_USED_PLACE,
	KL_QUEUE_STALLED, /* the device has not moved for longer than it was given */
	/* The device used fewer buffers together than it declared as belonging together. */
	KL_QUEUE_USED_SHORT,
};

/**
 * Names a fault, for a person.
 *
 * Thread: any.
 *
 * Returns: never NULL.
 */
KL_API const char *kl_queue_fault_name(enum kl_queue_fault fault);

/**
 * Counters since the queue was created, written by the queue's own thread only; others may read
 * them at any time and see each value whole. At every moment: posted = done + failed + in flight.
 */
struct kl_queue_stats {
	uint64_t posted; /* buffers made available to the device */
	uint64_t done; /* buffers that came back and were good */
	uint64_t failed; /* buffers that came back bad, or were reclaimed by a reset */

	uint64_t kicks_sent; /* doorbell writes, all of them */
	uint64_t kicks_suppressed; /* decisions where the device did not want one */
	uint64_t kicks_spared; /* decisions that waiting made unnecessary */
	/*
	 * Of those sent, the ones that woke a device which had missed its work; 0 without faults.
	 */
	uint64_t watchdog_kicks;

	uint64_t ring_full; /* bursts that found too few free descriptors */
	uint64_t bad_used; /* used elements or indices that were refused */
};

#endif
