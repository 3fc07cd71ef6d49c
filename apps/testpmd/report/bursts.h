/* SPDX-License-Identifier: BSD-3-Clause */
/* How full the bursts were, in one line: testpmd's --record-burst-stats. */
#ifndef TESTPMD_BURSTS_H
#define TESTPMD_BURSTS_H

#include <stdint.h>

#include "port/sizes.h"

/* spread[n] bursts had n packets. Prints nothing when there was none. */
void bursts_print(const char *direction, const uint64_t spread[MAX_BURST + 1]);

#endif
