/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/eal_wraps.h"

#include <time.h>

#include <rte_cycles.h>

#include <kickless/discover.h>

#define NS_PER_SECOND 1000000000
#define SPAN_NS 10000000
#define LOOKS 8

struct instant {
	uint64_t ticks;
	uint64_t ns;
};

unsigned int __wrap_eal_cpu_socket_id(unsigned int cpu)
{
	int node = kl_numa_from_cpu(cpu);

	return node < 0 ? 0 : (unsigned int)node;
}

static uint64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Both clocks at once: of several looks the one that was interrupted least. */
static struct instant read_clocks(void)
{
	struct instant best = {0};
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < LOOKS; i++) {
		uint64_t before = rte_rdtsc();
		uint64_t ns = raw_ns();
		uint64_t took = rte_rdtsc() - before;

		if (took >= shortest)
			continue;
		shortest = took;
		best = (struct instant){before + took / 2, ns};
	}
	return best;
}

uint64_t __wrap_get_tsc_freq(void)
{
	const struct timespec span = {.tv_nsec = SPAN_NS};
	struct instant begin = read_clocks(), end;

	do {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
		end = read_clocks();
	} while (end.ns - begin.ns < SPAN_NS / 2);
	return (uint64_t)((double)(end.ticks - begin.ticks) * NS_PER_SECOND /
		(double)(end.ns - begin.ns));
}
