/* SPDX-License-Identifier: BSD-3-Clause */
/* A job of a performance run: one queue that is kept at its depth. */
#ifndef BLK_APP_PERF_JOB_H
#define BLK_APP_PERF_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "io_memory.h"
#include "tool.h"

/* The work of all jobs; constant during a run, except the two requests to stop. */
struct perf_plan {
	struct tool *tool;
	uint32_t io_bytes;
	uint32_t depth;
	uint32_t batch;
	uint64_t base; /* the part of the device that is used */
	uint64_t units; /* of io_bytes in it */
	bool is_random;
	uint8_t op; /* an enum kl_blk_op; of the writes where reads are mixed in */
	uint8_t flags;
	uint64_t read_share; /* of 2^32, where both are mixed; else 0 */
	uint64_t rate_ticks; /* between two requests of one job; 0 for no limit */
	uint64_t end_ticks; /* end of submission */
	bool stop; /* written by the main lcore: submit nothing more */
	bool is_lost; /* as stop, and don't wait for requests in flight */
};

/* The job of one queue. Written by its lcore only. */
struct perf_job {
	const struct perf_plan *plan;
	uint16_t queue;
	uint32_t free_count;
	uint32_t filled_count;
	uint32_t in_flight;
	uint32_t *free; /* tags */
	struct kl_blk_request *filled;
	uint64_t *started; /* on the clock, by tag */
	struct io_memory memory;
	uint8_t *buffers; /* its bytes */
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

/* Makes a job for a queue of the started device. Returns NULL after a message. */
struct perf_job *perf_job_create(const struct perf_plan *plan, uint16_t queue);
void perf_job_free(struct perf_job *job);

/* Polls, fills and submits once. Returns false when the job has ended. The job's lcore only. */
bool perf_job_turn(struct perf_job *job);

#endif
