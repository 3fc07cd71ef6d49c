/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue without a device around it: our ring on one side, the model's on the other. */
#ifndef UNIT_RING_RIG_H
#define UNIT_RING_RIG_H

#include "finish.h"
#include "model.h"
#include "ring/kick.h"
#include "ring/ring.h"
#include "ring/verbs.h"

#define RIG_PIECE_BYTES 64

/* A case for each form of ring; its body takes the kind, to which it may add KL__RING_CHAINED. */
#define RING_TEST(suite, name) \
	static void suite##_##name(unsigned int kind); \
	Test(suite, name) \
	{ \
		suite##_##name(0); \
	} \
	Test(suite, name##_packed) \
	{ \
		suite##_##name(KL__RING_PACKED); \
	} \
	Test(suite, name##_in_order) \
	{ \
		suite##_##name(KL__RING_IN_ORDER); \
	} \
	Test(suite, name##_packed_in_order) \
	{ \
		suite##_##name(KL__RING_PACKED | KL__RING_IN_ORDER); \
	} \
	static void suite##_##name(unsigned int kind)

struct ring_rig {
	struct model *model;
	struct kl_queue *queue;
	struct kl__queue_shape shape;
	void *own, *shared;
	uint8_t *data; /* one piece per descriptor */
	uint64_t data_iova;
	uint64_t posted, taken; /* buffers, by the test's own count; their names count from 1 */
};

/*
 * With event_idx the device asks for the first place. A device that completes in order puts up to
 * RIG_BATCH buffers into one used element.
 */
#define RIG_BATCH 5
/* Ticks per second. The cycle counter goes at a few GHz: with these a second lasts longer than any test. */
#define SLOW_TICKS 10000000000u
void ring_open(struct ring_rig *rig, struct kl__queue_shape shape);
void ring_close(struct ring_rig *rig);

/* Adds the next buffer: pieces of a few bytes each. Returns what kl__queue_add says. */
int ring_add(struct ring_rig *rig, unsigned int readable, unsigned int writable);
/* Adds count buffers of one writable piece, publishes and kicks. */
void ring_post(struct ring_rig *rig, unsigned int count);
void ring_kick(struct ring_rig *rig);
/* Takes all that are there; returns how many. */
unsigned int ring_take(struct ring_rig *rig);
/* How often the device was rung for. */
uint64_t ring_doorbells(const struct ring_rig *rig);
/* So far the driver has broken no rule and believes the device; ends the case if not. */
void ring_assert_sound(const struct ring_rig *rig);
/* Expects posted = done + failed + in flight, and as many kicks as the model has seen. */
void ring_expect_law(const struct ring_rig *rig);

#endif
