/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPU's own counter: cheap enough for a data path, and the same on all cores we support. */
#ifndef KL_RING_CLOCK_H
#define KL_RING_CLOCK_H

#include <stdint.h>

static inline uint64_t kl__clock(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
#error "no cycle counter is known for this architecture"
#endif
}

#endif
