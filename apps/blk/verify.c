/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verb verify: it writes a pattern, flushes it and reads it back in another order, until the
 * time is over.
 */
#include "verify_pass.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/message.h"
#include "common/signals.h"
#include "progress.h"
#include "target.h"

#define DEFAULT_CHUNK 65536

static double compute_mib_per_s(uint64_t bytes, double seconds)
{
	return seconds > 0 ? (double)bytes / seconds / (1 << 20) : 0;
}

static void print_list(FILE *out, const char *name, const struct blocks *blocks)
{
	if (blocks->count == 0)
		return;
	fprintf(out, "%-11s %" PRIu64 " blocks: ", name, blocks->count + blocks->left_out);
	blocks_print(blocks, out);
	fputc('\n', out);
}

static const char *result_name(const struct verify *verify, bool is_good)
{
	if (is_good)
		return "all good";
	return verify->passes == 0 ? "not checked to the end" : "BAD";
}

static void print_report(const struct verify *verify, uint64_t blocks, bool is_good)
{
	FILE *out = verify->tool->out;
	uint64_t bytes = verify->size * verify->passes;
	char text[SHOWN_BYTES + 128];

	fprintf(out, "device      %s\n", target_text(verify->tool, text, sizeof(text)));
	fprintf(out, "checked     %" PRIu64 " blocks of %u bytes from %" PRIu64 " on, %u time%s\n",
		blocks, verify->pattern.block_bytes, verify->base / verify->pattern.block_bytes,
		verify->passes, verify->passes == 1 ? "" : "s");
	fprintf(out, "pattern     seed %" PRIu64 ", generation %u\n", verify->pattern.seed,
		verify->pattern.generation);
	if (verify->passes > 0 && verify->write_seconds > 0)
		fprintf(out, "written     %.1f MiB/s\n",
			compute_mib_per_s(bytes, verify->write_seconds));
	fprintf(out, "read        %.1f MiB/s\n", compute_mib_per_s(bytes, verify->read_seconds));
	for (unsigned int i = VERDICT_GOOD + 1; i < VERDICTS; i++)
		print_list(out, verdict_name((enum verdict)i), &verify->found[i]);
	print_list(out, "unreadable", &verify->unreadable);
	if (verify->write_errors > 0)
		fprintf(out, "unwritten   %" PRIu64 " requests\n", verify->write_errors);
	fprintf(out, "result      %s\n", result_name(verify, is_good));
}

static void add_json(const struct verify *verify, uint64_t blocks)
{
	json_t *json = verify->tool->json;
	uint64_t bytes = verify->size * verify->passes;

	json_object_set_new(json, "blocks", json_integer((json_int_t)blocks));
	json_object_set_new(json, "block_bytes", json_integer(verify->pattern.block_bytes));
	json_object_set_new(json, "passes", json_integer(verify->passes));
	json_object_set_new(json, "seed", json_integer((json_int_t)verify->pattern.seed));
	json_object_set_new(json, "generation", json_integer(verify->pattern.generation));
	json_object_set_new(json, "write_mib_per_s",
		json_real(compute_mib_per_s(bytes, verify->write_seconds)));
	json_object_set_new(json, "read_mib_per_s",
		json_real(compute_mib_per_s(bytes, verify->read_seconds)));
	for (unsigned int i = VERDICT_GOOD + 1; i < VERDICTS; i++)
		json_object_set_new(json, verdict_name((enum verdict)i),
			blocks_to_json(&verify->found[i]));
	json_object_set_new(json, "unreadable", blocks_to_json(&verify->unreadable));
	json_object_set_new(json, "write_errors", json_integer((json_int_t)verify->write_errors));
}

/* Reports the device's errors: data that is good may have taken several tries. */
static void report_device_errors(const struct verify *verify)
{
	struct kl_blk_queue_stats stats;
	json_t *json = verify->tool->json;

	if (kl_blk_queue_stats_get(verify->tool->blk, 0, &stats) != 0)
		return;
	json_object_set_new(json, "errors", json_integer((json_int_t)stats.errors));
	json_object_set_new(json, "timeouts", json_integer((json_int_t)stats.timeouts));
	json_object_set_new(json, "resets", json_integer((json_int_t)stats.resets));
	json_object_set_new(json, "bad_used", json_integer((json_int_t)stats.queue.bad_used));
	json_object_set_new(json, "watchdog_kicks",
		json_integer((json_int_t)stats.queue.watchdog_kicks));
	if (stats.errors > 0)
		fprintf(verify->tool->out,
			"device      %" PRIu64 " failed requests, %" PRIu64
			" of them late; %" PRIu64 " resets\n",
			stats.errors, stats.timeouts, stats.resets);
}

static bool report_verify(struct verify *verify)
{
	/* An incomplete run has verified nothing. */
	uint64_t blocks = verify->passes > 0 ? verify->size / verify->pattern.block_bytes : 0;
	bool is_good = verify->passes > 0 && verify->write_errors == 0 &&
		verify->unreadable.count == 0;

	for (unsigned int i = VERDICT_GOOD + 1; i < VERDICTS; i++) {
		blocks_sort(&verify->found[i]);
		is_good = is_good && verify->found[i].count == 0;
	}
	blocks_sort(&verify->unreadable);
	print_report(verify, blocks, is_good);
	add_json(verify, blocks);
	report_device_errors(verify);
	return is_good;
}

static int prepare_verify(struct verify *verify)
{
	struct tool *tool = verify->tool;
	uint32_t block = kl_blk_info(tool->blk)->block_size;
	int rc = target_extent(tool, &verify->base, &verify->size);

	if (rc != 0)
		return rc;
	verify->chunk_bytes = tool->options.io_bytes != 0 ? tool->options.io_bytes : DEFAULT_CHUNK;
	if (verify->chunk_bytes % block != 0) {
		print_error("-o %u: not a multiple of the block size, %u", verify->chunk_bytes,
			block);
		return -EINVAL;
	}
	verify->chunks = (verify->size + verify->chunk_bytes - 1) / verify->chunk_bytes;
	verify->pattern = (struct pattern){.seed = tool->options.seed, .block_bytes = block};
	return 0;
}

static int flush_device(struct verify *verify)
{
	const struct kl_blk_request request = {.op = KL_BLK_FLUSH};
	int rc = target_run(verify->tool, &request);

	if (rc != 0)
		print_error("flush after writing failed: %s", target_result_text(rc));
	return rc;
}

static int write_and_read(struct verify *verify)
{
	int rc;

	verify->pattern.generation++;
	rc = verify_write_pass(verify);
	if (rc == 0)
		rc = flush_device(verify);
	return rc == 0 ? verify_read_pass(verify) : rc;
}

static int verify_only(struct verify *verify)
{
	if (verify->pattern.generation != 0)
		return verify_read_pass(verify);
	print_error("no pattern with seed %" PRIu64 " found; a run without --read-only writes it",
		verify->pattern.seed);
	return -ENODATA;
}

static bool is_time_left(const struct verify *verify, double started)
{
	double seconds = verify->tool->options.seconds;

	return seconds > 0 && clock_seconds() - started < seconds && !signals_stop_requested();
}

/*
 * A pattern that is present gets the next generation, so that a lost write differs from a good one.
 */
static int run_passes(struct verify *verify)
{
	double started = clock_seconds();
	int rc = verify_find_generation(verify, &verify->pattern.generation);

	if (rc != 0)
		return rc;
	do {
		rc = verify->tool->options.read_only ? verify_only(verify) : write_and_read(verify);
		verify->passes += rc == 0;
	} while (rc == 0 && is_time_left(verify, started));
	return rc;
}

static void free_blocks(struct verify *verify)
{
	for (unsigned int i = 0; i < VERDICTS; i++)
		blocks_free(&verify->found[i]);
	blocks_free(&verify->unread_chunks);
	blocks_free(&verify->unreadable);
}

int verb_verify(struct tool *tool)
{
	struct verify verify = {.tool = tool};
	int rc = prepare_verify(&verify);

	if (rc == 0)
		rc = target_start(tool, 1);
	if (rc == 0 && options_change_device(&tool->options))
		rc = target_may_write(tool);
	if (rc == 0) {
		rc = run_passes(&verify);
		if (rc == -EINTR)
			print_error("stopped before the end");
		/* Findings of an interrupted run count. */
		if (!report_verify(&verify) && rc == 0) {
			print_error(
				"not all blocks were written and read back as they should; the results list them");
			rc = 1;
		}
	}
	free_blocks(&verify);
	return rc;
}
