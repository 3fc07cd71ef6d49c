/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress.h"

#include <stdio.h>

void progress_begin(struct progress *progress, const char *what, uint64_t total, double seconds)
{
	*progress = (struct progress){
		.what = what,
		.total = total,
		.seconds = seconds,
		.started = clock_seconds(),
	};
	progress_line_begin(&progress->line, true);
}

static double seconds_left(const struct progress *progress, uint64_t done, double elapsed)
{
	if (progress->seconds > 0)
		return progress->seconds > elapsed ? progress->seconds - elapsed : 0;
	if (progress->total == 0 || done == 0)
		return -1;
	return elapsed * (double)(progress->total - done) / (double)done;
}

void progress_update(struct progress *progress, uint64_t done, uint64_t requests)
{
	double elapsed, left;

	if (!progress->line.is_enabled ||
		!progress_line_renew(&progress->line, clock_ns(), SECOND_NS / 2))
		return;
	elapsed = clock_seconds() - progress->started;
	left = seconds_left(progress, done, elapsed);
	fprintf(stderr, "%s: ", progress->what);
	if (progress->total > 0)
		fprintf(stderr, "%.0f %%, ", 100.0 * (double)done / (double)progress->total);
	if (requests > 0)
		fprintf(stderr, "%.0f IOPS, ", (double)requests / elapsed);
	fprintf(stderr, "%.1f MiB/s", (double)done / elapsed / (1 << 20));
	if (left >= 0)
		fprintf(stderr, ", %.0f s left", left);
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	progress_line_end(&progress->line);
}
