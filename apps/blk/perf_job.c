/* SPDX-License-Identifier: BSD-3-Clause */
/* The per-request path of perf: it does as little as possible. */
#include "perf_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "common/message.h"

#define COMPLETIONS 64

static uint64_t next_random(struct perf_job *job)
{
	/* xorshift64*, Vigna 2016. */
	job->random ^= job->random >> 12;
	job->random ^= job->random << 25;
	job->random ^= job->random >> 27;
	return job->random * UINT64_C(2685821657736338717);
}

static void fill_buffers(struct perf_job *job, size_t bytes)
{
	for (size_t at = 0; at + 8 <= bytes; at += 8) {
		uint64_t word = next_random(job);

		memcpy(job->buffers + at, &word, 8);
	}
}

static struct perf_job *allocate_job(const struct perf_plan *plan)
{
	struct perf_job *job = aligned_alloc(64, (sizeof(*job) + 63) / 64 * 64);

	if (job == NULL)
		return NULL;
	memset(job, 0, sizeof(*job));
	job->plan = plan;
	job->free = calloc(plan->depth, sizeof(*job->free));
	job->filled = calloc(plan->depth, sizeof(*job->filled));
	job->started = calloc(plan->depth, sizeof(*job->started));
	(void)io_memory_alloc(plan->tool, (size_t)plan->depth * plan->io_bytes, &job->memory);
	job->buffers = job->memory.bytes;
	if (job->free != NULL && job->filled != NULL && job->started != NULL &&
		job->buffers != NULL)
		return job;
	perf_job_free(job);
	return NULL;
}

struct perf_job *perf_job_create(const struct perf_plan *plan, uint16_t queue)
{
	struct perf_job *job = allocate_job(plan);

	if (job == NULL) {
		print_error(
			"no memory for %u buffers of %u bytes; reduce the depth (-q) or the size (-o)",
			plan->depth, plan->io_bytes);
		return NULL;
	}
	job->queue = queue;
	job->random = (plan->tool->options.seed + queue) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	/* Sequential jobs start at different places; otherwise all would read the same blocks. */
	job->next_unit = plan->units / (queue + 1u) % plan->units;
	for (uint32_t i = 0; i < plan->depth; i++)
		job->free[job->free_count++] = plan->depth - 1 - i;
	if (plan->op == KL_BLK_WRITE)
		fill_buffers(job, (size_t)plan->depth * plan->io_bytes);
	histogram_clear(&job->latency);
	kl_blk_queue_stats_get(plan->tool->blk, queue, &job->before);
	return job;
}

void perf_job_free(struct perf_job *job)
{
	/* A lost device may still write to its buffers, so they stay allocated. */
	if (job->in_flight == 0)
		io_memory_free(job->plan->tool, &job->memory);
	free(job->free);
	free(job->filled);
	free(job->started);
	free(job);
}

static uint64_t next_offset(struct perf_job *job)
{
	const struct perf_plan *plan = job->plan;
	uint64_t unit;

	if (plan->is_random) {
		unit = (uint64_t)((unsigned __int128)next_random(job) * plan->units >> 64);
	} else {
		unit = job->next_unit;
		job->next_unit = unit + 1 < plan->units ? unit + 1 : 0;
	}
	return plan->base + unit * plan->io_bytes;
}

static void fill_one(struct perf_job *job)
{
	const struct perf_plan *plan = job->plan;
	uint32_t tag = job->free[--job->free_count];
	bool is_read = plan->read_share != 0 && next_random(job) >> 32 < plan->read_share;
	struct kl_blk_request *request = &job->filled[job->filled_count++];

	*request = (struct kl_blk_request){
		.user_data = tag,
		.op = is_read ? KL_BLK_READ : plan->op,
		.flags = is_read ? 0 : plan->flags,
		.buffer = job->buffers + (size_t)tag * plan->io_bytes,
	};
	if (plan->op == KL_BLK_FLUSH)
		return;
	request->offset = next_offset(job);
	request->length = plan->io_bytes;
}

static void fill_free(struct perf_job *job, uint64_t now)
{
	uint64_t step = job->plan->rate_ticks;

	while (job->free_count > 0) {
		if (step != 0) {
			if (now < job->due_ticks)
				return;
			/* Late requests are caught up with, except after a long pause. */
			if (now - job->due_ticks > 1000 * step)
				job->due_ticks = now;
			job->due_ticks += step;
		}
		fill_one(job);
	}
}

static void submit_filled(struct perf_job *job, uint64_t now)
{
	uint16_t count = (uint16_t)job->filled_count, taken;

	for (uint32_t i = 0; i < count; i++)
		job->started[job->filled[i].user_data] = now;
	taken = kl_blk_submit(job->plan->tool->blk, job->queue, job->filled, count);
	job->in_flight += taken;
	job->filled_count -= taken;
	if (taken > 0 && job->filled_count > 0)
		memmove(job->filled, job->filled + taken, job->filled_count * sizeof(*job->filled));
}

static void count_error(struct perf_job *job, int result)
{
	if (job->errors++ == 0)
		job->first_error = result;
}

static void complete_requests(struct perf_job *job, const struct kl_blk_completion *completions,
	uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++) {
		uint32_t tag = (uint32_t)completions[i].user_data;

		histogram_add(&job->latency, now - job->started[tag]);
		if (__builtin_expect(completions[i].result != 0, 0))
			count_error(job, completions[i].result);
		job->free[job->free_count++] = tag;
	}
	job->in_flight -= n;
	job->requests += n;
}

/*
 * Ends a job that submits nothing more, after n completions just now. True while requests
 * are in flight.
 */
static bool drain_job(struct perf_job *job, uint16_t n)
{
	while (job->filled_count > 0)
		job->free[job->free_count++] = (uint32_t)job->filled[--job->filled_count].user_data;
	return job->in_flight > 0 &&
		(n > 0 || !__atomic_load_n(&job->plan->is_lost, __ATOMIC_RELAXED));
}

bool perf_job_turn(struct perf_job *job)
{
	const struct perf_plan *plan = job->plan;
	struct kl_blk_completion completions[COMPLETIONS];
	uint16_t n = kl_blk_poll(plan->tool->blk, job->queue, completions, COMPLETIONS);
	uint64_t now = rte_rdtsc();

	if (n > 0)
		complete_requests(job, completions, n, now);
	if (now >= plan->end_ticks || __atomic_load_n(&plan->stop, __ATOMIC_RELAXED))
		return drain_job(job, n);
	fill_free(job, now);
	if (job->filled_count >= plan->batch || (job->in_flight == 0 && job->filled_count > 0))
		submit_filled(job, now);
	return true;
}
