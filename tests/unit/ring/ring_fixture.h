/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue without a device around it: our ring on one side, the fake device's on the other. */
#ifndef UNIT_RING_FIXTURE_H
#define UNIT_RING_FIXTURE_H

#include "finish.h"
#include "fake_device.h"
#include "ring/create.h"
#include "ring/kick.h"
#include "ring/used.h"
#include "ring/verbs.h"

#define FIXTURE_SEGMENT_BYTES 64

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

struct ring_fixture {
	struct fake_device *fake;
	struct kl_queue *queue;
	struct kl__queue_shape shape;
	void *own, *shared;
	uint8_t *data; /* one segment per descriptor */
	uint64_t data_iova;
	uint64_t posted, taken; /* buffers, by the test's own count; their names count from 1 */
};

/*
 * With event_idx the device requests the first place. A device that completes in order puts up to
 * FIXTURE_BATCH buffers into one used element.
 */
#define FIXTURE_BATCH 5
/*
 * Ticks per second. The cycle counter goes at a few GHz: with these a second lasts longer
 * than any test.
 */
#define SLOW_TICKS 10000000000u
void ring_open(struct ring_fixture *fixture, struct kl__queue_shape shape);
void ring_close(struct ring_fixture *fixture);

/* Adds the next buffer: segments of a few bytes each. Returns the value of kl__queue_add. */
int ring_add(struct ring_fixture *fixture, unsigned int readable, unsigned int writable);
/* Adds count buffers of one writable segment, publishes and kicks. */
void ring_post(struct ring_fixture *fixture, unsigned int count);
void ring_kick(struct ring_fixture *fixture);
/* Takes all that are there; returns how many. */
unsigned int ring_take(struct ring_fixture *fixture);
/* The doorbell writes of the queue. */
uint64_t ring_doorbells(const struct ring_fixture *fixture);
/* So far the driver has broken no rule and believes the device; ends the case if not. */
void ring_assert_sound(const struct ring_fixture *fixture);
/* Expects posted = done + failed + in flight, and as many kicks as the fake device has seen. */
void ring_expect_law(const struct ring_fixture *fixture);

#endif
