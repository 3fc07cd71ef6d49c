/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Quicker replacements of what EAL does at every start. Programs that are linked with its archives
 * and with --wrap for both names call these instead of its own; an EAL without such functions is
 * left as it is.
 */
#ifndef KL_PLATFORM_EAL_WRAPS_H
#define KL_PLATFORM_EAL_WRAPS_H

#include <stdint.h>

/*
 * The node of a processor; 0 when it is not known or not there. EAL tries 32 files for each of 128.
 */
unsigned int __wrap_eal_cpu_socket_id(unsigned int cpu);

/* Ticks of the TSC per second, right to a thousandth; sleeps for 10 ms, where EAL takes 100. */
uint64_t __wrap_get_tsc_freq(void);

#endif
