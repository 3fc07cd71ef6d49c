/* SPDX-License-Identifier: BSD-3-Clause */
/* A clock that never jumps, for what people read. Data paths use the time stamp counter. */
#ifndef APPS_CLOCK_H
#define APPS_CLOCK_H

#include <stdint.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)

static inline uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static inline double clock_seconds(void)
{
	return (double)clock_ns() / (double)SECOND_NS;
}

#endif
