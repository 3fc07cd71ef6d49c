/* SPDX-License-Identifier: BSD-3-Clause */
/* The verb perf: what is to be done, and by how many. */
#include "perf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "common/message.h"
#include "common/signals.h"
#include "target.h"

#define DEFAULT_IO_BYTES 4096
#define DEFAULT_SECONDS 10

static uint8_t op_of(enum workload workload)
{
	switch (workload) {
	case WORKLOAD_READ:
	case WORKLOAD_RANDREAD:
		return KL_BLK_READ;
	case WORKLOAD_FLUSH:
		return KL_BLK_FLUSH;
	case WORKLOAD_DISCARD:
		return KL_BLK_DISCARD;
	case WORKLOAD_WRITE_ZEROES:
		return KL_BLK_WRITE_ZEROES;
	default:
		return KL_BLK_WRITE;
	}
}

static bool is_random(enum workload workload)
{
	return workload == WORKLOAD_RANDREAD || workload == WORKLOAD_RANDWRITE ||
		workload == WORKLOAD_RANDRW;
}

static bool is_mixed(enum workload workload)
{
	return workload == WORKLOAD_RW || workload == WORKLOAD_RANDRW;
}

static int check_sizes(const struct perf_plan *plan, uint64_t size)
{
	const struct kl_blk_info *info = kl_blk_info(plan->tool->blk);

	if (plan->io_bytes % info->block_size != 0) {
		print_error("-o %u: the device has blocks of %u bytes", plan->io_bytes,
			info->block_size);
		return -EINVAL;
	}
	if (plan->units == 0) {
		print_error("-o %u is more than the %" PRIu64 " bytes that are to be used",
			plan->io_bytes, size);
		return -EINVAL;
	}
	return 0;
}

static int check_op(const struct perf_plan *plan)
{
	const struct kl_blk_info *info = kl_blk_info(plan->tool->blk);

	if ((plan->op == KL_BLK_DISCARD && !info->discard.is_offered) ||
		(plan->op == KL_BLK_WRITE_ZEROES && !info->write_zeroes.is_offered)) {
		print_error("the device does not offer %s",
			workload_name(plan->tool->options.workload));
		return -ENOTSUP;
	}
	return 0;
}

static int make_plan(struct tool *tool, struct perf_plan *plan)
{
	const struct options *options = &tool->options;
	uint64_t size;
	int rc;

	*plan = (struct perf_plan){
		.tool = tool,
		.io_bytes = options->io_bytes != 0 ? options->io_bytes : DEFAULT_IO_BYTES,
		.depth = options->depth,
		.batch = options->batch != 0 ? options->batch : 1,
		.is_random = is_random(options->workload),
		.op = op_of(options->workload),
		.flags = options->fua && op_of(options->workload) == KL_BLK_WRITE ? KL_BLK_FUA : 0,
	};
	rc = target_extent(tool, &plan->base, &size);
	if (rc != 0)
		return rc;
	plan->units = size / plan->io_bytes;
	if (is_mixed(options->workload))
		plan->read_share = ((uint64_t)options->read_percent << 32) / 100;
	if (plan->batch > plan->depth)
		plan->batch = plan->depth;
	rc = check_sizes(plan, size);
	return rc != 0 ? rc : check_op(plan);
}

static void warn_of_depth(const struct perf_plan *plan)
{
	struct kl_blk_queue_info queue;

	if (kl_blk_queue_info_get(plan->tool->blk, 0, &queue) == 0 && plan->depth > queue.size)
		print_error(
			"-q %u is more than the %u entries of a queue; %u are in flight at most",
			plan->depth, queue.size, queue.size);
}

static int make_jobs(struct perf_run *run, uint16_t queues)
{
	run->jobs = calloc(queues, sizeof(*run->jobs));
	if (run->jobs == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < queues; i++) {
		int rc = perf_job_create(run, i);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static void start_clock(struct perf_run *run)
{
	const struct options *options = &run->plan.tool->options;
	double seconds = options->seconds > 0 ? options->seconds : DEFAULT_SECONDS;
	uint64_t hz = rte_get_tsc_hz();

	if (options->rate != 0)
		run->plan.rate_ticks = hz * run->job_count / options->rate;
	run->plan.end_ticks = rte_rdtsc() + (uint64_t)(seconds * (double)hz);
	progress_begin(&run->progress, workload_name(options->workload), 0, seconds);
}

static uint16_t count_queues(const struct tool *tool)
{
	struct kl_blk_queue_info queue;
	uint16_t count = 0;

	while (kl_blk_queue_info_get(tool->blk, count, &queue) == 0)
		count++;
	return count;
}

static int measure(struct perf_run *run)
{
	struct tool *tool = run->plan.tool;
	int rc;

	warn_of_depth(&run->plan);
	rc = make_jobs(run, count_queues(tool));
	if (rc == 0) {
		start_clock(run);
		rc = perf_lcores_run(run);
		progress_end(&run->progress);
	}
	if (rc == 0) {
		perf_report(run);
		rc = run->has_failed;
		for (uint16_t i = 0; i < run->job_count; i++)
			rc |= run->jobs[i]->errors > 0;
	}
	for (uint16_t i = 0; i < run->job_count; i++)
		perf_job_free(run->jobs[i]);
	free(run->jobs);
	return rc;
}

int verb_perf(struct tool *tool)
{
	struct perf_run run = {0};
	int rc = make_plan(tool, &run.plan);

	if (rc == 0)
		rc = target_start(tool, (uint16_t)tool->options.queues);
	if (rc == 0 && options_write(&tool->options))
		rc = target_may_write(tool);
	return rc != 0 ? rc : measure(&run);
}
