/* SPDX-License-Identifier: BSD-3-Clause */
/* A performance run: one job per queue, shared out to lcores, and one report. */
#ifndef BLK_APP_PERF_H
#define BLK_APP_PERF_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "progress.h"
#include "tool.h"

/* What all jobs do; constant during a run but for the two wishes. */
struct perf_plan {
	struct tool *tool;
	uint32_t io_bytes;
	uint32_t depth;
	uint32_t batch;
	uint64_t base; /* the part of the device that is used */
	uint64_t units; /* of io_bytes in it */
	bool is_random;
	uint8_t op; /* of enum kl_blk_op; of the writes where reads are mixed in */
	uint8_t flags;
	uint64_t read_share; /* of 2^32, where both are mixed; else 0 */
	uint64_t rate_ticks; /* between two requests of one job; 0: as fast as it goes */
	uint64_t end_ticks; /* when no more is submitted */
	bool stop; /* set by the main lcore, read by all: submit no more */
	bool is_lost; /* as stop: don't wait for what is in flight either */
};

/* One queue's work. Written by its lcore only. */
struct perf_job {
	const struct perf_plan *plan;
	uint16_t queue;
	uint32_t free_count;
	uint32_t filled_count;
	uint32_t in_flight;
	uint32_t *free; /* tags */
	struct kl_blk_request *filled;
	uint64_t *started; /* on the clock, by tag */
	uint8_t *buffers;
	uint64_t next_unit;
	uint64_t random;
	uint64_t due_ticks;
	uint64_t requests;
	uint64_t bytes;
	uint64_t errors;
	int first_error;
	struct histogram latency; /* in ticks */
	struct kl_blk_queue_stats before;
	struct kl_blk_queue_stats after;
};

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

/* perf_job.c: 0 or -ENOMEM after a message. */
int perf_job_create(struct perf_run *run, uint16_t queue);
void perf_job_free(struct perf_job *job);
/* perf_job.c: polls, fills and submits once; false when the job has ended. Its lcore. */
bool perf_job_turn(struct perf_job *job);

/* perf_lcores.c: runs all jobs to their end; 0 or an error after a message. */
int perf_lcores_run(struct perf_run *run);

/* perf_report.c */
void perf_report(struct perf_run *run);

#endif
