/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The clock of deadlines.
 */
#ifndef KICKLESS_DRIVER_CLOCK_H
#define KICKLESS_DRIVER_CLOCK_H

#include <stdint.h>
#include <time.h>

/**
 * The milliseconds of a clock that never jumps. It is read once per wait or check, never on a data
 * path.
 *
 * Thread: any.
 *
 * Returns: the time; 0 is that of the start of the machine.
 */
static inline uint64_t kl_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
