/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A gate between a queue's thread and the control thread, at the price of two stores and a load.
 * The queue's thread sets `inside`, then reads whether the gate is open. The control thread closes
 * the gate, then reads `inside`. One of both must see the other, which takes a store-load fence on
 * both sides: the control thread runs membarrier(2) for both, and the data path needs none.
 */
#ifndef KL_RING_GATE_H
#define KL_RING_GATE_H

#include <stdalign.h>
#include <stdbool.h>

#include "ring/barrier.h"
#include "ring/queue.h"

/* States of a gate. The queue may be used while it is open only. */
#define KL__GATE_OPEN 0
#define KL__GATE_CLOSED 1 /* the control thread changes the queue */
/* The device has no queues: it is stopped, away or failed. Kept completions can be taken. */
#define KL__GATE_DRAINED 2
#define KL__GATE_HALTED 3 /* until the device is recovered or stopped */
#define KL__GATE_PAUSED 4 /* for a moment: another thread reads what is in flight */

struct kl__gate {
	uint16_t state; /* KL__GATE_*; written by the control thread, HALTED by the queue's too */
	bool needs_fence; /* the process has no membarrier(2) */
	bool stays_closed; /* when the others open: this queue was stopped alone */
	/* Written by the queue's thread: it is within a call. */
	alignas(KL__CACHE_LINE) uint16_t inside;
};

/* True when the queue may be used until kl__gate_leave, which is due in both cases. */
static inline bool kl__gate_enter(struct kl__gate *gate)
{
	kl__store(&gate->inside, 1);
	if (KL__UNLIKELY(__atomic_load_n(&gate->needs_fence, __ATOMIC_RELAXED)))
		kl__full_fence();
	kl__compiler_fence();
	/* Pairs with the release when the gate is opened: all that was rebuilt is seen. */
	return KL__LIKELY(kl__load_acquire(&gate->state) == KL__GATE_OPEN);
}

static inline void kl__gate_leave(struct kl__gate *gate)
{
	/*
	 * Pairs with the control thread's acquire: it sees all that this thread wrote to the queue.
	 */
	kl__store_release(&gate->inside, 0);
}

static inline void kl__gate_set(struct kl__gate *gate, uint16_t state)
{
	kl__store_release(&gate->state, state);
}

/* Changes the state if it is from; else somebody else has changed it, and it stays as it is. */
static inline void kl__gate_exchange(struct kl__gate *gate, uint16_t from, uint16_t to)
{
	__atomic_compare_exchange_n(&gate->state, &from, to, false, __ATOMIC_ACQ_REL,
		__ATOMIC_RELAXED);
}

static inline void kl__gate_set_fence(struct kl__gate *gate, bool needs_fence)
{
	__atomic_store_n(&gate->needs_fence, needs_fence, __ATOMIC_RELAXED);
}

/* Registers for membarrier(2); false when the kernel has none, and gates need the fence. */
bool kl__gates_prepare(void);

/*
 * The control thread's fence, after it closed gates. On return each queue thread sees the closed
 * gate or has `inside` set where the control thread sees it. False: membarrier(2) failed, and this
 * holds for threads with needs_fence only.
 */
bool kl__gates_fence(void);

/*
 * The same without membarrier(2), for threads that entered before needs_fence was set. Waits until
 * their stores have left the store buffers, which takes a CPU far less than the 20 ms of this wait.
 */
void kl__gates_fence_slowly(void);

/* Waits until nobody is inside; false when that has not come when the clock reads deadline. */
bool kl__gate_wait(const struct kl__gate *gate, uint64_t deadline);

/* The time that a thread may stay within a call. */
#define KL__GATE_TIMEOUT_SECONDS 5

#endif
