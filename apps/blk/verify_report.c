/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "target.h"
#include "verify.h"

static double mib_per_s(uint64_t bytes, double seconds)
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

static void print(const struct verify *verify, uint64_t blocks, bool is_good)
{
	FILE *out = verify->tool->out;
	uint64_t bytes = verify->size * verify->passes;
	char text[128];

	fprintf(out, "device      %s\n", target_text(verify->tool, text, sizeof(text)));
	fprintf(out, "checked     %" PRIu64 " blocks of %u bytes from %" PRIu64 " on, %u time%s\n",
		blocks, verify->pattern.block_bytes, verify->base / verify->pattern.block_bytes,
		verify->passes, verify->passes == 1 ? "" : "s");
	fprintf(out, "pattern     seed %" PRIu64 ", generation %u\n", verify->pattern.seed,
		verify->pattern.generation);
	if (verify->passes > 0 && verify->write_seconds > 0)
		fprintf(out, "written     %.1f MiB/s\n", mib_per_s(bytes, verify->write_seconds));
	fprintf(out, "read        %.1f MiB/s\n", mib_per_s(bytes, verify->read_seconds));
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
		json_real(mib_per_s(bytes, verify->write_seconds)));
	json_object_set_new(json, "read_mib_per_s",
		json_real(mib_per_s(bytes, verify->read_seconds)));
	for (unsigned int i = VERDICT_GOOD + 1; i < VERDICTS; i++)
		json_object_set_new(json, verdict_name((enum verdict)i),
			blocks_to_json(&verify->found[i]));
	json_object_set_new(json, "unreadable", blocks_to_json(&verify->unreadable));
	json_object_set_new(json, "write_errors", json_integer((json_int_t)verify->write_errors));
}

/* What the device cost: data that is good may have taken several tries. */
static void report_device(const struct verify *verify)
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

bool verify_report(struct verify *verify)
{
	/* A run that did not get to its end has checked nothing that it could vouch for. */
	uint64_t blocks = verify->passes > 0 ? verify->size / verify->pattern.block_bytes : 0;
	bool is_good = verify->passes > 0 && verify->write_errors == 0 &&
		verify->unreadable.count == 0;

	for (unsigned int i = VERDICT_GOOD + 1; i < VERDICTS; i++) {
		blocks_sort(&verify->found[i]);
		is_good = is_good && verify->found[i].count == 0;
	}
	blocks_sort(&verify->unreadable);
	print(verify, blocks, is_good);
	add_json(verify, blocks);
	report_device(verify);
	return is_good;
}
