/* SPDX-License-Identifier: BSD-3-Clause */
#include "pump.h"

#include <errno.h>
#include <stdlib.h>

#include "common/message.h"
#include "common/signals.h"
#include "io_memory.h"
#include "progress.h"
#include "target.h"

#define WAIT_NS UINT64_C(100000000)
#define COMPLETIONS 64
#define EVENTS_NS UINT64_C(50000000)

struct pump {
	struct tool *tool;
	const struct pump_source *source;
	struct pump_slot *slots;
	uint32_t *free; /* numbers of slots */
	uint32_t free_count;
	struct kl_blk_request *filled; /* not yet taken by the device, in order */
	uint32_t filled_count;
	uint32_t depth;
	uint32_t in_flight;
	struct io_memory buffers;
	uint64_t moved;
	uint64_t completed;
	bool has_ended; /* the source gets no more calls of next */
	double ended; /* since when, after an error */
	uint64_t looked_ns; /* when events were last handled */
	int rc;
	struct progress progress;
};

static int create_pump(struct pump *pump, size_t buffer_bytes)
{
	pump->slots = calloc(pump->depth, sizeof(*pump->slots));
	pump->free = calloc(pump->depth, sizeof(*pump->free));
	pump->filled = calloc(pump->depth, sizeof(*pump->filled));
	(void)io_memory_alloc(pump->tool, pump->depth * buffer_bytes, &pump->buffers);
	if (pump->slots == NULL || pump->free == NULL || pump->filled == NULL ||
		pump->buffers.bytes == NULL) {
		print_error(
			"no memory for %u buffers of %zu bytes; reduce the depth (-q) or the size (-o)",
			pump->depth, buffer_bytes);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < pump->depth; i++) {
		pump->slots[i].buffer = (uint8_t *)pump->buffers.bytes + i * buffer_bytes;
		pump->free[pump->free_count++] = pump->depth - 1 - i;
	}
	return 0;
}

static void destroy_pump(struct pump *pump)
{
	/* A lost device may still write to its buffers, so they stay allocated. */
	if (pump->in_flight == 0)
		io_memory_free(pump->tool, &pump->buffers);
	free(pump->slots);
	free(pump->free);
	free(pump->filled);
}

static void end_pump(struct pump *pump, int rc)
{
	pump->has_ended = true;
	if (pump->rc == 0)
		pump->rc = rc;
}

static void fill_slots(struct pump *pump)
{
	if (signals_stop_requested())
		end_pump(pump, -EINTR);
	while (!pump->has_ended && pump->free_count > 0) {
		uint32_t number = pump->free[pump->free_count - 1];
		struct pump_slot *slot = &pump->slots[number];
		int rc;

		slot->request = (struct kl_blk_request){.buffer = slot->buffer,
			.user_data = number};
		rc = pump->source->next(pump->source->context, slot);
		if (rc == -EAGAIN)
			return;
		if (rc <= 0) {
			end_pump(pump, rc);
			return;
		}
		pump->free_count--;
		pump->filled[pump->filled_count++] = slot->request;
	}
}

static void submit_filled(struct pump *pump)
{
	uint16_t count = pump->filled_count < UINT16_MAX ? (uint16_t)pump->filled_count :
							   UINT16_MAX;
	uint16_t taken = kl_blk_submit(pump->tool->blk, 0, pump->filled, count);

	pump->filled_count -= taken;
	pump->in_flight += taken;
	for (uint32_t i = 0; taken > 0 && i < pump->filled_count; i++)
		pump->filled[i] = pump->filled[i + taken];
}

static void complete_slot(struct pump *pump, const struct kl_blk_completion *completion)
{
	struct pump_slot *slot = &pump->slots[completion->user_data];
	int rc;

	/*
	 * A request that a reset cut off may or may not have been executed; all of ours
	 * can be repeated.
	 */
	if (pump->rc == 0 && target_may_retry(completion->result, ++slot->tries)) {
		pump->in_flight--;
		pump->filled[pump->filled_count++] = slot->request;
		return;
	}
	slot->tries = 0;
	rc = pump->source->done(pump->source->context, slot, completion->result);
	if (rc != 0)
		end_pump(pump, rc);
	if (completion->result == 0)
		pump->moved += slot->request.length;
	pump->completed++;
	pump->in_flight--;
	pump->free[pump->free_count++] = (uint32_t)completion->user_data;
}

/* False when the device is lost for good. */
static bool take_completions(struct pump *pump)
{
	struct kl_blk_completion completions[COMPLETIONS];
	int n = kl_blk_wait(pump->tool->blk, 0, completions, 1, COMPLETIONS, WAIT_NS);

	for (int i = 0; i < n; i++)
		complete_slot(pump, &completions[i]);
	if (pump->rc != 0 && n <= 0)
		target_abort_after(pump->tool, &pump->ended, SIGNAL_TIMEOUT);
	/* Under load there are always completions; events are not to wait for the end of that. */
	if (n > 0 && clock_ns() - pump->looked_ns < EVENTS_NS)
		return true;
	pump->looked_ns = clock_ns();
	if (target_poll_events(pump->tool) == 0)
		return true;
	end_pump(pump, -EIO);
	n = kl_blk_poll(pump->tool->blk, 0, completions, COMPLETIONS);
	for (int i = 0; i < n; i++)
		complete_slot(pump, &completions[i]);
	return n > 0;
}

static void run_until_end(struct pump *pump)
{
	do {
		fill_slots(pump);
		if (pump->rc != 0)
			pump->filled_count = 0;
		if (pump->filled_count > 0)
			submit_filled(pump);
		if (pump->in_flight > 0 || pump->filled_count > 0)
			if (!take_completions(pump))
				break;
		progress_update(&pump->progress, pump->moved, pump->completed);
	} while (!pump->has_ended || pump->in_flight > 0 || pump->filled_count > 0);
}

int pump_run(struct tool *tool, uint32_t depth, size_t buffer_bytes,
	const struct pump_source *source)
{
	struct pump pump = {.tool = tool, .source = source, .depth = depth};
	int rc = create_pump(&pump, buffer_bytes);

	if (rc == 0) {
		progress_begin(&pump.progress, source->what, source->total, 0);
		run_until_end(&pump);
		progress_end(&pump.progress);
		rc = pump.rc;
	}
	destroy_pump(&pump);
	return rc;
}
