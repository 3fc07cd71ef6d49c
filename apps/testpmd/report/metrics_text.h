/* SPDX-License-Identifier: BSD-3-Clause */
/* All counters in Prometheus' text format 0.0.4. */
#ifndef TESTPMD_METRICS_TEXT_H
#define TESTPMD_METRICS_TEXT_H

#include <stdio.h>

struct testpmd;

void metrics_write_text(const struct testpmd *pmd, FILE *file);

#endif
