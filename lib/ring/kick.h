/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When to ring the doorbell. Publishing and kicking are two verbs: a burst publishes once and then
 * makes one decision, eagerly or when waiting has shown that the device does not come by itself.
 */
#ifndef KL_RING_KICK_H
#define KL_RING_KICK_H

#include "ring/packed.h"

/* For a policy that waits: the decision is owed from now on. */
void kl__kick_defer(struct kl_queue *queue);
/* Makes the owed decision now; the publishes that shared it were spared theirs. */
void kl__kick_decide_pending(struct kl_queue *queue);
/* Looks at an owed decision: void, made now, or still waiting. */
void kl__kick_pending(struct kl_queue *queue);
/*
 * Looks at a device that has work and does not move. Rings the doorbell when that lasts, since the
 * last bell may have been spared by mistake or lost by the device; then it takes twice as long to
 * ring as where the last decision was not to. Breaks the queue when the device can't be right: it
 * used a packed ring's descriptor out of its turn, or took longer than the queue's stall_ms.
 */
void kl__kick_watchdog(struct kl_queue *queue);

/* Polls without a look at the clock between two looks for a lost wake-up. */
#define KL__WATCHDOG_POLLS 4096

/* A device's wish counts available entries; on a packed ring, descriptors. */
static inline bool kl__kick_counts_descriptors(const struct kl_queue *queue)
{
	return (queue->kind & (KL__RING_PACKED | KL__RING_CHAINED)) ==
		(KL__RING_PACKED | KL__RING_CHAINED);
}

/* How far the driver got, in what the device's wish counts. */
static inline uint16_t kl__kick_reach(const struct kl_queue *queue)
{
	return kl__kick_counts_descriptors(queue) ? queue->taken : queue->published;
}

/* Does the device want to hear of one of the last window entries? 2.7.7.2, 2.7.10.1, 2.8.10. */
static inline bool kl__kick_wanted(const struct kl_queue *queue, uint16_t window)
{
	uint16_t published = queue->published;

	if ((queue->kind & KL__RING_PACKED) != 0)
		return kl__packed_kick_wanted(queue, window);
	if (queue->event_idx)
		return virtq_need_event(kl__load(queue->avail_event), published,
			published - window);
	return (kl__load(&queue->used->flags) & VIRTQ_USED_F_NO_NOTIFY) == 0;
}

/*
 * The device has used all below used, so it has seen them, and a wish to hear of one of them is
 * void. So the window of the decision may start there. It also must not grow past 2^16 entries (or
 * the size of a packed ring), where the comparison would no longer mean anything; exactly 2^16 are
 * what a window of 0 stands for, since there is something to decide about.
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

static inline void kl__kick_doorbell(struct kl_queue *queue)
{
	bool is_packed = (queue->kind & KL__RING_PACKED) != 0;

	queue->stats.kicks_sent++;
	kl_notify(&queue->notifier, is_packed ? kl__packed_position(queue) : queue->published);
}

/*
 * The decision. The remembered index moves at every check, sent or not: a driver that remembers the
 * last kick instead loses a wake-up once 2^16 buffers have passed without one.
 */
static inline void kl__kick_check(struct kl_queue *queue)
{
	uint16_t window;

	kl__kick_consumed(queue, queue->used_seen);
	window = kl__kick_reach(queue) - queue->checked;
	kl__kick_decided(queue);

	/*
	 * The index we published must be visible before the device's wish is read. Pairs with the
	 * device's fence between arming its notification and looking at the index again.
	 */
	kl__device_fence(queue->is_on_bus);
	queue->kick.last_sent = kl__kick_wanted(queue, window);
	if (queue->kick.last_sent)
		kl__kick_doorbell(queue);
	else
		queue->stats.kicks_suppressed++;
}

/* After a publish: decide, or owe the decision. */
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
	if (KL__UNLIKELY(queue->kick.owed))
		kl__kick_pending(queue);
	if (KL__UNLIKELY(++queue->kick.polls >= KL__WATCHDOG_POLLS))
		kl__kick_watchdog(queue);
}

/* Before the owner stops polling: nothing may stay owed. */
static inline void kl__kick_flush(struct kl_queue *queue)
{
	if (queue->kick.owed)
		kl__kick_decide_pending(queue);
}

#endif
