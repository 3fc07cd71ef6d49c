/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distribution of jobs over lcores. The main lcore is the device's control thread: it handles the
 * device between the turns of its own jobs, or sleeps when it has none.
 */
#include "perf_lcores.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "common/message.h"
#include "common/signals.h"
#include "target.h"

/* Turns between two reads of the clock. */
#define CONTROL_TURNS 256

struct share {
	struct perf_run *run;
	unsigned int lcore;
	uint32_t count;
	struct perf_job *jobs[]; /* those that have not ended come first */
};

static void turn_jobs(struct share *share)
{
	for (uint32_t i = 0; i < share->count;) {
		if (perf_job_turn(share->jobs[i]))
			i++;
		else
			share->jobs[i] = share->jobs[--share->count];
	}
}

static int run_share(void *context)
{
	struct share *share = context;

	while (share->count > 0)
		turn_jobs(share);
	return 0;
}

static void sum_progress(const struct perf_run *run, uint64_t *requests)
{
	*requests = 0;
	for (uint16_t i = 0; i < run->job_count; i++)
		*requests += __atomic_load_n(&run->jobs[i]->requests, __ATOMIC_RELAXED);
}

static void control_run(struct perf_run *run)
{
	struct perf_plan *plan = &run->plan;
	uint64_t requests;

	if (signals_stop_requested())
		__atomic_store_n(&plan->stop, true, __ATOMIC_RELAXED);
	if (plan->stop || rte_rdtsc() >= plan->end_ticks)
		target_abort_after(plan->tool, &run->ended,
			plan->stop ? SIGNAL_TIMEOUT : DRAIN_TIMEOUT);
	if (target_poll_events(plan->tool) != 0) {
		run->has_failed = true;
		__atomic_store_n(&plan->stop, true, __ATOMIC_RELAXED);
		/* Stopped: all has completed and can be polled. Lost: nothing ever will. */
		if (kl_blk_state(plan->tool->blk) == KL_DEVICE_LOST)
			__atomic_store_n(&plan->is_lost, true, __ATOMIC_RELAXED);
	}
	/* Nothing but errors would follow. */
	if (!plan->stop && target_check_resized(plan->tool, plan->base, plan->io_bytes) != 0) {
		run->has_failed = true;
		__atomic_store_n(&plan->stop, true, __ATOMIC_RELAXED);
	}
	sum_progress(run, &requests);
	progress_update(&run->progress, requests * plan->io_bytes, requests);
}

static void run_share_and_control(struct share *share)
{
	uint64_t period = rte_get_tsc_hz() / 20, next = 0;

	for (uint32_t turns = 0; share->count > 0; turns++) {
		turn_jobs(share);
		if (turns % CONTROL_TURNS != 0 || rte_rdtsc() < next)
			continue;
		control_run(share->run);
		next = rte_rdtsc() + period;
	}
}

static bool are_others_running(struct share **shares, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (shares[i]->lcore != rte_get_main_lcore() &&
			rte_eal_get_lcore_state(shares[i]->lcore) == RUNNING)
			return true;
	return false;
}

/*
 * Parses LIST, such as 0,2-3; NULL means all of EAL's lcores. Returns how many were
 * chosen, or -EINVAL.
 */
static int choose_lcores(const char *list, unsigned int *chosen)
{
	unsigned int first, last, lcore;
	int count = 0, used;

	if (list == NULL) {
		chosen[count++] = rte_get_main_lcore();
		RTE_LCORE_FOREACH_WORKER(lcore)
			chosen[count++] = lcore;
		return count;
	}
	while (*list != '\0') {
		if (sscanf(list, "%u%n", &first, &used) != 1)
			return -EINVAL;
		list += used;
		last = first;
		if (*list == '-' && sscanf(list, "-%u%n", &last, &used) == 1)
			list += used;
		for (lcore = first; lcore <= last; lcore++) {
			if (lcore >= RTE_MAX_LCORE || !rte_lcore_is_enabled(lcore))
				return -EINVAL;
			chosen[count++] = lcore;
		}
		if (*list == ',')
			list++;
		else if (*list != '\0')
			return -EINVAL;
	}
	return count > 0 ? count : -EINVAL;
}

static void free_shares(struct share **shares, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(shares[i]);
}

static int make_shares(struct perf_run *run, const unsigned int *lcores, uint32_t count,
	struct share **shares)
{
	for (uint32_t i = 0; i < count; i++) {
		shares[i] = calloc(1,
			sizeof(**shares) + run->job_count * sizeof(struct perf_job *));
		if (shares[i] == NULL) {
			free_shares(shares, i);
			return -ENOMEM;
		}
		shares[i]->run = run;
		shares[i]->lcore = lcores[i];
		for (uint16_t job = (uint16_t)i; job < run->job_count; job += count)
			shares[i]->jobs[shares[i]->count++] = run->jobs[job];
	}
	return 0;
}

static void run_shares(struct perf_run *run, struct share **shares, uint32_t count)
{
	struct share *mine = NULL;

	for (uint32_t i = 0; i < count; i++) {
		if (shares[i]->lcore == rte_get_main_lcore())
			mine = shares[i];
		else
			rte_eal_remote_launch(run_share, shares[i], shares[i]->lcore);
	}
	if (mine != NULL)
		run_share_and_control(mine);
	while (are_others_running(shares, count)) {
		control_run(run);
		usleep(10000);
	}
	rte_eal_mp_wait_lcore();
}

int perf_lcores_run(struct perf_run *run)
{
	unsigned int lcores[RTE_MAX_LCORE];
	struct share *shares[RTE_MAX_LCORE];
	int count = choose_lcores(run->plan.tool->options.cores, lcores), rc;
	double started = clock_seconds();

	if (count < 0) {
		print_error("-c %s: allowed: a list of EAL's lcores, such as 0,2-3",
			run->plan.tool->options.cores);
		return -EINVAL;
	}
	if (count > run->job_count)
		count = run->job_count;
	rc = make_shares(run, lcores, (uint32_t)count, shares);
	if (rc != 0)
		return rc;
	run_shares(run, shares, (uint32_t)count);
	run->seconds = clock_seconds() - started;
	run->lcores = (uint32_t)count;
	free_shares(shares, (uint32_t)count);
	for (uint16_t i = 0; i < run->job_count; i++)
		kl_blk_queue_stats_get(run->plan.tool->blk, i, &run->jobs[i]->after);
	return 0;
}
