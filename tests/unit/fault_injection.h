/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fault injection: of all requests of a driver, on the heap, for eventfds and the like, and to its
 * host for memory that the device can reach, the n-th is refused. A program that uses this is
 * linked with fault_injection_wraps. The fake device is a library of its own, so its allocations
 * are not counted.
 */
#ifndef UNIT_FAULT_INJECTION_H
#define UNIT_FAULT_INJECTION_H

#include "fake_device.h"

/* From now on the n-th thing is refused; 0: nothing. */
void fault_injection_begin(unsigned int n);
/* The name of the refused call, or NULL; and the number of heap blocks still allocated. */
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
 * Starts with the first call refused, then with the second, until none is left to refuse. A start
 * that fails must have logged why, and leave no memory allocated and no queue enabled. A start that
 * succeeds all the same must log what it lacks, and work. Returns the number of refused calls.
 */
unsigned int fault_injection_try_all(const struct fault_trial *trial);

#endif
