/* SPDX-License-Identifier: BSD-3-Clause */
/* The verb perf: the plan of a run, and its report. */
#include "perf_lcores.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "common/message.h"
#include "common/results.h"
#include "common/signals.h"
#include "target.h"

#define DEFAULT_IO_BYTES 4096
#define DEFAULT_SECONDS 10

static uint8_t choose_op(enum workload workload)
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
		print_error("-o %u: not a multiple of the block size, %u", plan->io_bytes,
			info->block_size);
		return -EINVAL;
	}
	if (plan->units == 0) {
		print_error("-o %u: more than the %" PRIu64 " bytes of %s", plan->io_bytes, size,
			plan->tool->options.size != 0 ? "--size" : "the disk");
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

/* Without --io-size: a whole number of blocks, and no more than there is. */
static uint32_t choose_io_bytes(const struct tool *tool, uint64_t size)
{
	const uint32_t block = kl_blk_info(tool->blk)->block_size;

	if (tool->options.io_bytes != 0)
		return (uint32_t)tool->options.io_bytes;
	if (block > DEFAULT_IO_BYTES)
		return block;
	return size < DEFAULT_IO_BYTES ? (uint32_t)size : DEFAULT_IO_BYTES;
}

static int make_plan(struct tool *tool, struct perf_plan *plan)
{
	const struct options *options = &tool->options;
	uint64_t size;
	int rc;

	*plan = (struct perf_plan){
		.tool = tool,
		.depth = options->depth,
		.batch = options->batch != 0 ? options->batch : 1,
		.is_random = is_random(options->workload),
		.op = choose_op(options->workload),
		.flags = options->fua && choose_op(options->workload) == KL_BLK_WRITE ? KL_BLK_FUA :
											0,
	};
	rc = target_extent(tool, &plan->base, &size);
	if (rc != 0)
		return rc;
	plan->io_bytes = choose_io_bytes(tool, size);
	plan->units = size / plan->io_bytes;
	if (is_mixed(options->workload))
		plan->read_share = ((uint64_t)options->read_percent << 32) / 100;
	if (plan->batch > plan->depth)
		plan->batch = plan->depth;
	rc = check_sizes(plan, size);
	return rc != 0 ? rc : check_op(plan);
}

struct sum {
	uint64_t requests;
	uint64_t errors;
	uint64_t timeouts;
	uint64_t resets;
	uint64_t polls;
	uint64_t empty_polls;
	uint32_t max_in_flight;
	int first_error;
	struct kl_queue_stats queue;
	struct histogram latency;
};

static const struct {
	const char *text;
	const char *key;
	double share;
} percentiles[] = {
	{"p50", "lat_p50_us", 0.5},
	{"p90", "lat_p90_us", 0.9},
	{"p99", "lat_p99_us", 0.99},
	{"p99.9", "lat_p99_9_us", 0.999},
	{"p99.99", "lat_p99_99_us", 0.9999},
	{"max", "lat_max_us", 1.0},
};
#define PERCENTILES (sizeof(percentiles) / sizeof(percentiles[0]))

static void add_queue(struct kl_queue_stats *sum, const struct kl_queue_stats *after,
	const struct kl_queue_stats *before)
{
	sum->posted += after->posted - before->posted;
	sum->done += after->done - before->done;
	sum->failed += after->failed - before->failed;
	sum->kicks_sent += after->kicks_sent - before->kicks_sent;
	sum->kicks_suppressed += after->kicks_suppressed - before->kicks_suppressed;
	sum->kicks_spared += after->kicks_spared - before->kicks_spared;
	sum->watchdog_kicks += after->watchdog_kicks - before->watchdog_kicks;
	sum->ring_full += after->ring_full - before->ring_full;
	sum->bad_used += after->bad_used - before->bad_used;
}

static void add_job(struct sum *sum, const struct perf_job *job)
{
	sum->requests += job->requests;
	if (sum->errors == 0)
		sum->first_error = job->first_error;
	sum->errors += job->errors;
	sum->timeouts += job->after.timeouts - job->before.timeouts;
	sum->resets += job->after.resets - job->before.resets;
	sum->polls += job->after.polls - job->before.polls;
	sum->empty_polls += job->after.empty_polls - job->before.empty_polls;
	if (job->after.max_in_flight > sum->max_in_flight)
		sum->max_in_flight = job->after.max_in_flight;
	add_queue(&sum->queue, &job->after.queue, &job->before.queue);
	histogram_merge(&sum->latency, &job->latency);
}

static double to_microseconds(double ticks)
{
	return ticks * 1e6 / (double)rte_get_tsc_hz();
}

static double divide_by_requests(const struct sum *sum, uint64_t count)
{
	return sum->requests > 0 ? (double)count / (double)sum->requests : 0;
}

static double compute_mib_per_s(const struct perf_run *run, const struct sum *sum)
{
	uint64_t bytes = (sum->requests - sum->errors) * run->plan.io_bytes;

	if (run->plan.op == KL_BLK_FLUSH || run->seconds <= 0)
		return 0;
	return (double)bytes / run->seconds / (1 << 20);
}

static double compute_iops(const struct perf_run *run, const struct sum *sum)
{
	return run->seconds > 0 ? (double)sum->requests / run->seconds : 0;
}

static void print_latency(FILE *out, const struct sum *sum)
{
	fprintf(out, "latency us  mean %.1f", to_microseconds(histogram_mean(&sum->latency)));
	for (size_t i = 0; i < PERCENTILES; i++)
		fprintf(out, "  %s %.1f", percentiles[i].text,
			to_microseconds(
				(double)histogram_percentile(&sum->latency, percentiles[i].share)));
	fputc('\n', out);
}

static void print_kicks(FILE *out, const struct sum *sum)
{
	const struct kl_queue_stats *queue = &sum->queue;

	fprintf(out,
		"kicks       %.4f per request: %" PRIu64 " sent, %" PRIu64
		" suppressed by the device, %" PRIu64 " spared by waiting, %" PRIu64
		" by the watchdog\n",
		divide_by_requests(sum, queue->kicks_sent + queue->watchdog_kicks),
		queue->kicks_sent, queue->kicks_suppressed, queue->kicks_spared,
		queue->watchdog_kicks);
}

static void print_faults(FILE *out, const struct sum *sum)
{
	if (sum->errors > 0)
		fprintf(out, "errors      %" PRIu64 ", the first: %s\n", sum->errors,
			target_result_text(sum->first_error));
	if (sum->timeouts > 0 || sum->resets > 0)
		fprintf(out, "resets      %" PRIu64 ", for %" PRIu64 " late requests\n",
			sum->resets, sum->timeouts);
	if (sum->queue.bad_used > 0)
		fprintf(out, "bad used    %" PRIu64 " invalid used elements\n",
			sum->queue.bad_used);
}

static void print_report(const struct perf_run *run, const struct sum *sum)
{
	const struct options *options = &run->plan.tool->options;
	FILE *out = run->plan.tool->out;
	char text[SHOWN_BYTES + 128];

	fprintf(out, "device      %s, %u queue%s on %u lcore%s\n",
		target_text(run->plan.tool, text, sizeof(text)), run->job_count,
		run->job_count > 1 ? "s" : "", run->lcores, run->lcores > 1 ? "s" : "");
	fprintf(out, "workload    %s", workload_name(options->workload));
	if (run->plan.op != KL_BLK_FLUSH)
		fprintf(out, ", %u bytes", run->plan.io_bytes);
	fprintf(out, ", depth %u, %.2f s\n", run->plan.depth, run->seconds);
	fprintf(out, "requests    %" PRIu64 "  IOPS %.0f  MiB/s %.2f  in flight at most %u\n",
		sum->requests, compute_iops(run, sum), compute_mib_per_s(run, sum),
		sum->max_in_flight);
	print_latency(out, sum);
	print_kicks(out, sum);
	fprintf(out, "polls       %" PRIu64 ", %.1f %% empty; ring full %" PRIu64 " times\n",
		sum->polls,
		sum->polls > 0 ? 100.0 * (double)sum->empty_polls / (double)sum->polls : 0,
		sum->queue.ring_full);
	print_faults(out, sum);
}

static void set_integer(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_real(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, json_real(value));
}

static void add_workload(const struct perf_run *run, json_t *json)
{
	const struct options *options = &run->plan.tool->options;
	struct kl_blk_queue_info queue;

	json_object_set_new(json, "device",
		json_text(kl_device_info(run->plan.tool->device)->name));
	json_object_set_new(json, "transport",
		json_string(kl_device_info(run->plan.tool->device)->transport));
	if (kl_blk_queue_info_get(run->plan.tool->blk, 0, &queue) == 0) {
		json_object_set_new(json, "ring", json_string(queue.ring));
		json_object_set_new(json, "path", json_string(queue.path));
		set_integer(json, "ring_size", queue.size);
	}
	json_object_set_new(json, "workload", json_string(workload_name(options->workload)));
	set_integer(json, "io_bytes", run->plan.io_bytes);
	set_integer(json, "depth", run->plan.depth);
	set_integer(json, "queues", run->job_count);
	set_integer(json, "lcores", run->lcores);
	set_real(json, "duration_s", run->seconds);
}

static void add_results(const struct perf_run *run, const struct sum *sum, json_t *json)
{
	set_integer(json, "requests", sum->requests);
	set_real(json, "iops", compute_iops(run, sum));
	set_real(json, "mib_per_s", compute_mib_per_s(run, sum));
	set_real(json, "lat_mean_us", to_microseconds(histogram_mean(&sum->latency)));
	for (size_t i = 0; i < PERCENTILES; i++)
		set_real(json, percentiles[i].key,
			to_microseconds(
				(double)histogram_percentile(&sum->latency, percentiles[i].share)));
	set_integer(json, "max_in_flight", sum->max_in_flight);
	set_integer(json, "kicks_sent", sum->queue.kicks_sent);
	set_integer(json, "kicks_suppressed", sum->queue.kicks_suppressed);
	set_integer(json, "kicks_spared", sum->queue.kicks_spared);
	set_integer(json, "watchdog_kicks", sum->queue.watchdog_kicks);
	set_real(json, "kicks_per_request",
		divide_by_requests(sum, sum->queue.kicks_sent + sum->queue.watchdog_kicks));
	set_integer(json, "errors", sum->errors);
	set_integer(json, "timeouts", sum->timeouts);
	set_integer(json, "resets", sum->resets);
	set_integer(json, "bad_used", sum->queue.bad_used);
	set_integer(json, "polls", sum->polls);
	set_integer(json, "empty_polls", sum->empty_polls);
	set_integer(json, "ring_full", sum->queue.ring_full);
}

static void report_run(struct perf_run *run)
{
	struct sum *sum = calloc(1, sizeof(*sum));

	if (sum == NULL)
		return;
	histogram_clear(&sum->latency);
	for (uint16_t i = 0; i < run->job_count; i++)
		add_job(sum, run->jobs[i]);
	print_report(run, sum);
	/* A failure of the device has been reported. */
	if (sum->errors > 0 && !run->has_failed)
		print_error("%" PRIu64 " of %" PRIu64 " requests failed, the first: %s",
			sum->errors, sum->requests, target_result_text(sum->first_error));
	add_workload(run, run->plan.tool->json);
	add_results(run, sum, run->plan.tool->json);
	free(sum);
}

static void warn_of_depth(const struct perf_plan *plan)
{
	struct kl_blk_queue_info queue;

	if (kl_blk_queue_info_get(plan->tool->blk, 0, &queue) == 0 && plan->depth > queue.size)
		print_error(
			"-q %u: more than the %u entries of a queue; at most %u requests are in flight",
			plan->depth, queue.size, queue.size);
}

static int make_jobs(struct perf_run *run, uint16_t queues)
{
	run->jobs = calloc(queues, sizeof(*run->jobs));
	if (run->jobs == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < queues; i++) {
		run->jobs[i] = perf_job_create(&run->plan, i);
		if (run->jobs[i] == NULL)
			return -ENOMEM;
		run->job_count++;
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

static int run_jobs(struct perf_run *run)
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
		report_run(run);
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
	if (rc == 0 && options_change_device(&tool->options))
		rc = target_may_write(tool);
	return rc != 0 ? rc : run_jobs(&run);
}
