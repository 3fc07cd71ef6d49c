/* SPDX-License-Identifier: BSD-3-Clause */
/* Results: rounds become a median, rows become a table or JSON. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdio.h>

#include "measure.h"

#define MAX_ROUNDS 1001

struct row {
	const struct ring_form *form;
	bool is_tx;
	struct load load;
	double ours; /* median cycles per packet */
	double dpdk;
	double ratio; /* of the medians */
	double spread; /* of the rounds' ratios: half of them lie within so much */
};

/* From the costs of rounds rounds; ours[i] and dpdk[i] were measured side by side. Sorts both. */
void row_settle(struct row *row, double *ours, double *dpdk, unsigned int rounds);

void rows_print(FILE *out, const struct row *rows, unsigned int count);
/* paths: what each form of ring ran with, ours and DPDK's. False when file can't be written. */
bool rows_write_json(const char *file, const struct row *rows, unsigned int count,
	char (*paths)[2][128], unsigned int rounds);

#endif
