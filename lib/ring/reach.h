/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory that a device reaches where bus addresses are virtual ones, as a table of address
 * ranges, and a window into it per queue. A queue checks each buffer against its window, which is
 * two compares as long as the buffers lie in one range.
 */
#ifndef KL_RING_REACH_H
#define KL_RING_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/barrier.h"

/* The addresses from first on; 0 bytes: none. */
struct kl__range {
	uint64_t first;
	uint64_t bytes;
};

/* Tests whether all of size bytes at address lie in the range. */
static inline bool kl__range_covers(struct kl__range range, uint64_t address, uint64_t size)
{
	uint64_t offset = address - range.first;

	return offset < range.bytes && size <= range.bytes - offset;
}

/* Tests whether two ranges have an address in common. */
static inline bool kl__range_overlaps(struct kl__range a, struct kl__range b)
{
	return a.bytes != 0 && b.bytes != 0 &&
		(a.first - b.first < b.bytes || b.first - a.first < a.bytes);
}

/* A table that any thread reads without a lock, while one that holds its lock changes it. */
struct kl__reach;

/* NULL: no memory. */
struct kl__reach *kl__reach_create(void);
/* Frees the table, which has no open windows any more. NULL is allowed. */
void kl__reach_free(struct kl__reach *reach);

/* Adds a range, which may overlap or touch others. 0, or -ENOMEM and nothing is changed. */
int kl__reach_add(struct kl__reach *reach, uint64_t first, uint64_t bytes);

/*
 * Takes a range out, also out of all windows. A buffer that is checked after the return is found to
 * be out of reach; what was checked before has to be waited for by other means.
 */
void kl__reach_remove(struct kl__reach *reach, uint64_t first, uint64_t bytes);

/* The range that address lies in, with all that touches it. Any thread. */
struct kl__range kl__reach_find(const struct kl__reach *reach, uint64_t address);

/*
 * One range of the table, the last that a queue found a buffer in. The queue's thread moves it; a
 * thread that removes ranges sets bytes to 0.
 */
struct kl__window {
	uint64_t first;
	uint64_t bytes;
	struct kl__reach *reach; /* NULL: everything is reachable */
	struct kl__window *next; /* of those open on the table */
};

/* Makes window one into the table, or for NULL one that covers everything. */
void kl__window_open(struct kl__window *window, struct kl__reach *reach);
/* Makes it one that covers nothing. Closing what was never opened, but is zeroed, is allowed. */
void kl__window_close(struct kl__window *window);

/* Tests whether the window covers size bytes at address. */
static inline bool kl__window_covers(const struct kl__window *window, uint64_t address,
	uint64_t size)
{
	struct kl__range range = {window->first, kl__load64(&window->bytes)};

	return KL__LIKELY(kl__range_covers(range, address, size));
}

/*
 * Moves the window to the range that covers size bytes at address. False: the device does not reach
 * them all. The queue's thread, or the control thread while the queue's gate is closed.
 */
bool kl__window_move(struct kl__window *window, uint64_t address, uint64_t size);

#endif
