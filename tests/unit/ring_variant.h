/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver's cases run once for each form of ring: the environment's UNIT_RING names what the
 * device of this run offers besides the usual, in words: packed, in_order, direct (no indirect
 * tables), flags (no event index), unmerged (a network device puts no packet into several buffers),
 * pinned (packets have buffers that do not follow their mbufs), mmio (registers of that transport),
 * virtual (a disk's bus addresses are virtual ones). Other words mean nothing.
 */
#ifndef UNIT_RING_VARIANT_H
#define UNIT_RING_VARIANT_H

#include "fake_device.h"

/* To be called where the usual features are offered. */
void ring_variant_offer(struct fake_device *fake);

/* Opens the transport of this run. */
int ring_variant_open(struct fake_device *fake, struct kl__transport **transport);

bool ring_is(const char *word);

/* Ends the case when it is about another form of ring. */
#define ONLY_IF(condition) \
	do { \
		if (!(condition)) \
			cr_skip_test("this ring is of another form"); \
	} while (0)

#endif
