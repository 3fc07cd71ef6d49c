/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of exactly_once, which checks that a driver delivers each buffer once, whatever its
 * device does meanwhile.
 */
#ifndef EXACTLY_ONCE_H
#define EXACTLY_ONCE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* So many in a row show that traffic passes again. */
#define FRESH_ENOUGH 50

/* A device type's side. All but poll is for the control thread. */
struct side {
	bool (*open)(const char *spec, bool is_isolated);
	/* Brings the device back, as the header of its type says that an application does. */
	void (*control)(void);
	/* One turn of the queue's thread. */
	void (*poll)(void);
	/* Stops and closes; the queue's thread has ended. Checks that nothing is missing. */
	void (*close)(void);
};

extern const struct side net_side, blk_side;

/* Written by the threads with atomic operations, printed by "stat". */
struct counters {
	uint64_t turns; /* of the queue's thread */
	uint64_t good; /* packets delivered, or blocks read as they were written */
	uint64_t fresh; /* of those, begun since the last command "honest" */
	uint64_t recovered_us; /* from there until FRESH_ENOUGH were fresh; 0: not yet */
	uint64_t failed; /* requests that completed with an error */
	uint64_t changed; /* blocks that the device changed while it was allowed to */
	uint64_t recoveries;
	uint64_t restarts; /* of a device that had failed */
	uint64_t refused_starts;
	uint64_t slowest_us; /* call of a queue's function */
	uint64_t violations;
};

extern struct counters counters;

void count(uint64_t *counter);
/* A packet or block that is good; is_fresh when it was begun in the present honest phase. */
void count_good(bool is_fresh);
/* Prints what the driver has done that it must not. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An odd number while the device must be honest; it changes with each command. */
unsigned int phase_now(void);
static inline bool phase_is_honest(unsigned int phase)
{
	return phase % 2 == 1;
}

uint64_t clock_us(void);
bool is_stopping(void);

/*
 * A pool that knows the owner of each of its packet buffers. Call pool_check_* from the
 * application's thread.
 */
struct rte_mempool *pool_create(unsigned int buffers, bool is_isolated);
/* Checks a packet that the driver has delivered: false when it is not the driver's to deliver. */
bool pool_check_delivered(struct rte_mbuf *packet);
/* The application is about to hand it to the driver, or to free it. */
void pool_check_given(struct rte_mbuf *packet);
/* The driver did not take it. */
void pool_check_returned(struct rte_mbuf *packet);
/* Checks that all buffers are in the pool again, and frees it. */
void pool_close(void);

#endif
