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
	double seconds; /* real duration */
	uint32_t lcores;
	struct progress progress;
	bool has_failed; /* the device did not come back */
	double ended; /* since when it only waits for requests in flight; 0 before */
};

/* Runs all jobs to their end. Main lcore only. Returns 0, or an error after a message. */
int perf_lcores_run(struct perf_run *run);

#endif
