/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define QUIET_SECONDS 2 /* shorter work tells nothing */

double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_begin(struct progress *progress, const char *what, uint64_t total, double seconds)
{
	double now = clock_seconds();

	*progress = (struct progress){
		.what = what,
		.total = total,
		.seconds = seconds,
		.started = now,
		.next = now + QUIET_SECONDS,
		.is_wanted = isatty(STDERR_FILENO) != 0,
	};
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
	double now, elapsed, left;

	if (!progress->is_wanted)
		return;
	now = clock_seconds();
	if (now < progress->next)
		return;
	progress->next = now + 0.5;
	progress->is_shown = true;
	elapsed = now - progress->started;
	left = seconds_left(progress, done, elapsed);
	fprintf(stderr, "\r\033[K%s: ", progress->what);
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
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
