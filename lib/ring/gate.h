/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps the control thread and a queue's thread out of each other's way at the price of two stores
 * and a load. The queue's thread says that it is inside, then looks whether the gate is open; the
 * control thread shuts the gate, then looks whether somebody is inside. One of both must see the
 * other, which takes a store-load fence on both sides: the control thread runs membarrier(2) for
 * both, and the data path needs none.
 */
#ifndef KL_RING_GATE_H
#define KL_RING_GATE_H

#include <stdalign.h>
#include <stdbool.h>

#include "ring/barrier.h"
#include "ring/queue.h"

#define KL__GATE_OPEN 0 /* any other state is shut, and its meaning the driver's */

struct kl__gate {
	uint16_t state;
	bool needs_fence; /* the control thread has no membarrier(2) */
	/* Written by the queue's thread: it is within a call. */
	alignas(KL__CACHE_LINE) uint16_t inside;
};

/* True when the queue may be used until kl__gate_leave. When false, that is due all the same. */
static inline bool kl__gate_enter(struct kl__gate *gate)
{
	kl__store(&gate->inside, 1);
	if (KL__UNLIKELY(gate->needs_fence))
		kl__full_fence();
	kl__compiler_fence();
	/* Pairs with the release when the gate is opened: all that was rebuilt is seen. */
	return KL__LIKELY(kl__load_acquire(&gate->state) == KL__GATE_OPEN);
}

static inline void kl__gate_leave(struct kl__gate *gate)
{
	/*
	 * Pairs with the control thread's acquire: what we did is seen by whom we leave the queue
	 * to.
	 */
	kl__store_release(&gate->inside, 0);
}

static inline void kl__gate_set(struct kl__gate *gate, uint16_t state)
{
	kl__store_release(&gate->state, state);
}

/* Registers for membarrier(2); false when the kernel has none, and gates need the fence. */
bool kl__gates_prepare(void);

/*
 * After gates were shut: from now on who did not see that has made known that he is inside.
 */
void kl__gates_fence(void);

/* Waits until nobody is inside; false when that has not come when the clock reads deadline. */
bool kl__gate_wait(const struct kl__gate *gate, uint64_t deadline);

/* How long a thread may stay within a call. */
#define KL__GATE_PATIENCE_SECONDS 5

#endif
