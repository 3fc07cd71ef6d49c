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
	/* Median cycles per packet. */
	double ours;
	double dpdk;
	/* Ours with an isolated pool, and its ratio to ours; 0: not measured. */
	double isolated;
	double isolated_ratio;
	/* Of the medians. */
	double ratio;
	/* Of the rounds' ratios: the width of the middle half. */
	double spread;
};

/*
 * Sets the medians of a row from as many costs as there were rounds; ours[i] and dpdk[i] were
 * measured side by side, and isolated[i] unless it is NULL. Sorts them.
 */
void row_set_medians(struct row *row, double *ours, double *dpdk, double *isolated,
	unsigned int rounds);

void rows_print(FILE *out, const struct row *rows, unsigned int count);
/* paths: the path of each form of ring, ours and DPDK's. False when file can't be written. */
bool rows_write_json(const char *file, const struct row *rows, unsigned int count,
	char (*paths)[2][128], unsigned int rounds);

#endif
