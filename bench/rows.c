/* SPDX-License-Identifier: BSD-3-Clause */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_version.h>

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

void row_set_medians(struct row *row, double *ours, double *dpdk, double *isolated,
	unsigned int rounds)
{
	double ratios[MAX_ROUNDS];

	for (unsigned int i = 0; i < rounds; i++)
		ratios[i] = ours[i] / dpdk[i];
	qsort(ours, rounds, sizeof(*ours), compare_doubles);
	qsort(dpdk, rounds, sizeof(*dpdk), compare_doubles);
	qsort(ratios, rounds, sizeof(*ratios), compare_doubles);
	row->ours = ours[rounds / 2];
	row->dpdk = dpdk[rounds / 2];
	row->ratio = row->ours / row->dpdk;
	row->spread = ratios[rounds * 3 / 4] - ratios[rounds / 4];
	if (isolated == NULL)
		return;
	qsort(isolated, rounds, sizeof(*isolated), compare_doubles);
	row->isolated = isolated[rounds / 2];
	row->isolated_ratio = row->isolated / row->ours;
}

void rows_print(FILE *out, const struct row *rows, unsigned int count)
{
	bool has_isolated = count > 0 && rows->isolated > 0;

	fprintf(out, "%-17s %-4s %5s %7s %10s %10s %6s %7s%s\n", "ring", "dir", "burst", "bytes",
		"ours", "DPDK", "ratio", "spread", has_isolated ? "   isolated  to ours" : "");
	for (const struct row *row = rows; row < rows + count; row++) {
		fprintf(out, "%-17s %-4s %5u %5u%-2s %10.1f %10.1f %6.2f %7.2f", row->form->name,
			row->is_tx ? "tx" : "rx", row->load.burst, row->load.bytes,
			row->load.segments > 1 ? "x4" : "", row->ours, row->dpdk, row->ratio,
			row->spread);
		if (has_isolated)
			fprintf(out, " %10.1f %8.2f", row->isolated, row->isolated_ratio);
		fputc('\n', out);
	}
}

static json_t *row_to_json(const struct row *row)
{
	json_t *object = json_pack("{s:s, s:s, s:i, s:i, s:i, s:f, s:f, s:f, s:f}", "ring",
		row->form->name, "dir", row->is_tx ? "tx" : "rx", "burst", row->load.burst, "bytes",
		row->load.bytes, "segments", row->load.segments, "ours_cycles", row->ours,
		"dpdk_cycles", row->dpdk, "ratio", row->ratio, "spread", row->spread);

	if (row->isolated > 0) {
		json_object_set_new(object, "isolated_cycles", json_real(row->isolated));
		json_object_set_new(object, "isolated_ratio", json_real(row->isolated_ratio));
	}
	return object;
}

bool rows_write_json(const char *file, const struct row *rows, unsigned int count,
	char (*paths)[2][128], unsigned int rounds)
{
	json_t *list = json_array(), *forms = json_object(), *all;
	FILE *out = strcmp(file, "-") == 0 ? stdout : fopen(file, "w");
	bool is_good;

	for (const struct row *row = rows; row < rows + count; row++) {
		char(*path)[128] = paths[row->form - ring_forms];

		json_array_append_new(list, row_to_json(row));
		json_object_set_new(forms, row->form->name,
			json_pack("{s:s, s:s}", "ours", path[0], "dpdk", path[1]));
	}
	all = json_pack("{s:s, s:i, s:o, s:o}", "dpdk", rte_version(), "rounds", rounds, "settings",
		forms, "rows", list);
	is_good = out != NULL && json_dumpf(all, out, JSON_INDENT(1) | JSON_REAL_PRECISION(4)) == 0;
	json_decref(all);
	if (out != NULL && out != stdout)
		is_good = fclose(out) == 0 && is_good;
	if (!is_good)
		perror(file);
	return is_good;
}
