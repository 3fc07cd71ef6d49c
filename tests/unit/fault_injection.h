/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fault injection: of all that a driver asks for, on the heap, of eventfds and the like, and of its host for
 * memory that the device can reach, the n-th is refused. A program that uses this is linked with scarce_wraps; the
 * fake device is a library of its own, so its allocations are not counted.
 */
#ifndef UNIT_FAULT_INJECTION_H
#define UNIT_FAULT_INJECTION_H

#include "fake_device.h"

/* From now on the n-th thing is refused; 0: nothing. */
void fault_injection_begin(unsigned int n);
/* What was refused, or NULL; and how many more blocks of the heap are taken now. */
const char *fault_injection_end(int *blocks);

struct fault_trial {
	struct fake_device *fake;
	/* Opens and starts a device. 0 or an error. */
	int (*start)(void);
	/* Undoes what start did, all of it or what came before the error. */
	void (*close)(void);
	void (*expect_works)(void);
};

/*
 * Starts with the first thing refused, then with the second, until nothing is left to refuse. What
 * fails must have said why, and leave no memory taken and no queue enabled; what starts all the same
 * must say what it lacks, and work. Returns how many things were refused.
 */
unsigned int fault_injection_try_all(const struct fault_trial *trial);

#endif
