/* SPDX-License-Identifier: BSD-3-Clause */
/* A clock that never jumps, for what is told to people. Data paths use the time stamp counter. */
#ifndef TESTPMD_CLOCK_H
#define TESTPMD_CLOCK_H

#include <stdint.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)

static inline uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

#endif
