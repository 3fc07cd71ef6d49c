/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kick decision: whether the device needs an available buffer notification. Publishing and
 * kicking are separate: a burst publishes once and then makes one decision, at once or deferred
 * until waiting has shown that the device does not come by itself. kl_notify, called here, is the
 * only trap to the hypervisor on the data path.
 */
#ifndef KL_RING_KICK_H
#define KL_RING_KICK_H

#include "ring/available.h"

/* For a policy that waits: the decision is pending from now on. */
void kl__kick_defer(struct kl_queue *queue);

/* Makes the pending decision now; the publishes that shared it were spared theirs. */
void kl__kick_decide_pending(struct kl_queue *queue);

/* Checks a pending decision: it is cancelled, made now, or stays pending. */
void kl__kick_pending(struct kl_queue *queue);

/*
 * The lost-kick watchdog: checks for a device that has work and does not move. Writes the doorbell
 * when that lasts for the watchdog's timeout, since a kick may have been suppressed by mistake, or
 * the device may have lost one. After a decision that wrote the doorbell the timeout is twice as
 * long as after one that did not. Breaks the queue when the device is certainly wrong: it used a
 * packed ring's descriptor out of its turn, or has not moved for longer than the queue's stall_ms.
 */
void kl__kick_watchdog(struct kl_queue *queue);

/* Polls between two checks of the watchdog, which reads the clock. */
#define KL__WATCHDOG_POLLS 4096

/* A notification request counts available entries; on a packed ring, descriptors. */
static inline bool kl__kick_counts_descriptors(const struct kl_queue *queue)
{
	return (queue->kind & (KL__RING_PACKED | KL__RING_CHAINED)) ==
		(KL__RING_PACKED | KL__RING_CHAINED);
}

/* The driver's position, in the unit of the device's notification request. */
static inline uint16_t kl__kick_reach(const struct kl_queue *queue)
{
	return kl__kick_counts_descriptors(queue) ? queue->taken : queue->published;
}

/*
 * 2.7.7.2, 2.7.10: true when the move of a free-running index from old to new passes event, that is
 * when entry number event lies in [old, new). All arithmetic is modulo 2^16.
 */
static inline bool kl__kick_need_event(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

/* 2.8.10, packed: true when the device requests a kick for one of the last window descriptors. */
bool kl__packed_kick_wanted(const struct kl_queue *queue, uint16_t window);

/* 2.7.7.2, 2.7.10.1: true when the device requests a kick for one of the last window entries. */
static inline bool kl__kick_wanted(const struct kl_queue *queue, uint16_t window)
{
	uint16_t published = queue->published;

	if ((queue->kind & KL__RING_PACKED) != 0)
		return kl__packed_kick_wanted(queue, window);
	if (queue->event_idx)
		return kl__kick_need_event(kl__load(queue->avail_event), published,
			published - window);
	return (kl__load(&queue->used->flags) & VIRTQ_USED_F_NO_NOTIFY) == 0;
}

/*
 * The device has used all entries below used, so it has seen them, and a notification request for
 * one of them is void. So the window of the decision may start there. It also must not grow past
 * 2^16 entries (or the size of a packed ring), where the comparison would no longer mean anything.
 * A window of 0 stands for exactly 2^16 entries, since there is always one to decide about.
 */
static inline void kl__kick_consumed(struct kl_queue *queue, uint16_t used)
{
	uint16_t reach = kl__kick_reach(queue);

	if (kl__kick_counts_descriptors(queue))
		used = queue->returned;
	if ((uint16_t)(reach - used) <= (uint16_t)(reach - queue->checked - 1))
		queue->checked = used;
}

static inline void kl__kick_decided(struct kl_queue *queue)
{
	queue->checked = kl__kick_reach(queue);
	queue->kick.decided = queue->published;
}

/* Writes the doorbell. */
static inline void kl__kick_doorbell(struct kl_queue *queue)
{
	bool is_packed = (queue->kind & KL__RING_PACKED) != 0;

	queue->stats.kicks_sent++;
	kl_notify(&queue->notifier, is_packed ? kl__packed_position(queue) : queue->published);
}

/*
 * The decision. The remembered index moves at every check, whether or not a kick is sent. A driver
 * that remembers the last kick instead loses a wake-up once 2^16 buffers have passed without one.
 */
static inline void kl__kick_check(struct kl_queue *queue)
{
	uint16_t window;

	kl__kick_consumed(queue, queue->used_seen);
	window = kl__kick_reach(queue) - queue->checked;
	kl__kick_decided(queue);

	/*
	 * The index we published must be visible before the device's notification request is read.
	 * Pairs with the device's fence between writing its request and reading the index again.
	 */
	kl__device_fence(queue->is_on_bus);
	queue->kick.last_sent = kl__kick_wanted(queue, window);
	if (queue->kick.last_sent)
		kl__kick_doorbell(queue);
	else
		queue->stats.kicks_suppressed++;
}

/* After a publish: decides now, or defers the decision. */
static inline void kl__kick(struct kl_queue *queue)
{
	if (queue->kick.policy.mode == KL_KICK_EAGER)
		kl__kick_check(queue);
	else
		kl__kick_defer(queue);
}

/* At each poll of the queue, whether or not anything was published. */
static inline void kl__kick_poll(struct kl_queue *queue)
{
	if (KL__UNLIKELY(queue->kick.is_pending))
		kl__kick_pending(queue);
	if (KL__UNLIKELY(++queue->kick.polls >= KL__WATCHDOG_POLLS))
		kl__kick_watchdog(queue);
}

/* Before the owner stops polling: no decision may stay pending. */
static inline void kl__kick_flush(struct kl_queue *queue)
{
	if (queue->kick.is_pending)
		kl__kick_decide_pending(queue);
}

#endif
