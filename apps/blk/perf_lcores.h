/* SPDX-License-Identifier: BSD-3-Clause */
/* The jobs of a performance run, distributed over lcores. */
#ifndef BLK_APP_PERF_LCORES_H
#define BLK_APP_PERF_LCORES_H

#include <stdbool.h>
#include <stdint.h>

#include "perf_job.h"
#include "progress.h"

struct perf_run {
	struct perf_plan plan;
	struct perf_job **jobs;
	uint16_t job_count;
	double seconds; /* that it really took */
	uint32_t lcores;
	struct progress progress;
	bool has_failed; /* the device went away from under it */
	double ended; /* when only what is in flight was left to wait for; 0 before */
};

/* Runs all jobs to their end. Main lcore. Returns 0, or an error after a message. */
int perf_lcores_run(struct perf_run *run);

#endif
