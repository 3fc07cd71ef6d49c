/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/eal_wraps.h"

#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <rte_cycles.h>

#include <kickless/discover.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Against ten times the time that it takes itself. */
Test(eal_wraps, frequency)
{
	uint64_t found = __wrap_get_tsc_freq();
	uint64_t begin_ns = now_ns(), begin = rte_rdtsc();
	double expected;

	usleep(100000);
	expected = (double)(rte_rdtsc() - begin) * 1e9 / (double)(now_ns() - begin_ns);
	cr_expect_float_eq((double)found, expected, expected / 500, "%f instead of %f",
		(double)found, expected);
}

Test(eal_wraps, nodes)
{
	cr_expect_eq((int)__wrap_eal_cpu_socket_id(0), kl_numa_from_cpu(0));
	cr_expect_eq(__wrap_eal_cpu_socket_id(100000), 0);
}
