/* SPDX-License-Identifier: BSD-3-Clause */
/* When this process was started: before its first instruction, as the kernel knows it. */
#ifndef TESTPMD_START_H
#define TESTPMD_START_H

#include <stdint.h>

/* On the clock of clock_ns, to a hundredth of a second; 0 when /proc does not tell. */
uint64_t start_ns(void);

#endif
