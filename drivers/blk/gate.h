/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps the control thread and a queue's thread out of each other's way at the price of two stores
 * and a load. The queue's thread says that it is inside, then looks whether the gate is open; the
 * control thread shuts the gate, then looks whether somebody is inside. One of both must see the
 * other, which takes a store-load fence on both sides: the control thread runs membarrier(2) for
 * both, and the data path needs none.
 */
#ifndef KL_BLK_GATE_H
#define KL_BLK_GATE_H

#include "ring/barrier.h"
#include "state.h"

/* Queues are made by the first start that has so many, and stay. */
static inline bool blk_has_queue(const struct kl_blk *blk, uint16_t queue)
{
	return KL__LIKELY(queue < blk->queues_made);
}

/* True when the queue may be used until blk_leave. When false, blk_leave is due all the same. */
static inline bool blk_enter(struct blk_queue *queue)
{
	kl__store(&queue->inside, 1);
	if (KL__UNLIKELY(queue->needs_fence))
		kl__full_fence();
	kl__compiler_fence();
	/* Pairs with the release when the gate is opened: all that was rebuilt is seen. */
	return kl__load_acquire(&queue->gate) == BLK_GATE_OPEN;
}

static inline void blk_leave(struct blk_queue *queue)
{
	/*
	 * Pairs with the control thread's acquire: what we did is seen by whom we leave the queue
	 * to.
	 */
	kl__store_release(&queue->inside, 0);
}

/* gate.c: registers for membarrier(2); false when the kernel has none, and queues must fence. */
bool blk_gates_prepare(void);
/*
 * gate.c: shuts all gates, wakes who sleeps and waits until nobody is inside. 0, or -EAGAIN after 5
 * s. Control thread.
 */
int blk_gates_close(struct kl_blk *blk);
/* gate.c: gate is BLK_GATE_OPEN or BLK_GATE_STOPPED. Control thread. */
void blk_gates_set(struct kl_blk *blk, enum blk_gate gate);

#endif
