/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verb verify: write a pattern, make it stable, read it back in another order, until the time
 * is over.
 */
#include "verify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "progress.h"
#include "common/message.h"
#include "common/signals.h"
#include "target.h"

#define DEFAULT_CHUNK 65536

static int prepare(struct verify *verify)
{
	struct tool *tool = verify->tool;
	uint32_t block = kl_blk_info(tool->blk)->block_size;
	int rc = target_extent(tool, &verify->base, &verify->size);

	if (rc != 0)
		return rc;
	verify->chunk_bytes = tool->options.io_bytes != 0 ? tool->options.io_bytes : DEFAULT_CHUNK;
	if (verify->chunk_bytes % block != 0) {
		print_error("-o %u: the device has blocks of %u bytes", verify->chunk_bytes, block);
		return -EINVAL;
	}
	verify->chunks = (verify->size + verify->chunk_bytes - 1) / verify->chunk_bytes;
	verify->pattern = (struct pattern){.seed = tool->options.seed, .block_bytes = block};
	return 0;
}

static int flush(struct verify *verify)
{
	const struct kl_blk_request request = {.op = KL_BLK_FLUSH};
	int rc = target_run(verify->tool, &request);

	if (rc != 0)
		print_error("the flush after writing failed: %s", strerror(-rc));
	return rc;
}

static int write_and_read(struct verify *verify)
{
	int rc;

	verify->pattern.generation++;
	rc = verify_write_pass(verify);
	if (rc == 0)
		rc = flush(verify);
	return rc == 0 ? verify_read_pass(verify) : rc;
}

static int check_only(struct verify *verify)
{
	if (verify->pattern.generation != 0)
		return verify_read_pass(verify);
	print_error("no pattern with seed %" PRIu64
		    " is to be found there: a run without --read-only writes it",
		verify->pattern.seed);
	return -ENODATA;
}

static bool is_time_left(const struct verify *verify, double started)
{
	double seconds = verify->tool->options.seconds;

	return seconds > 0 && clock_seconds() - started < seconds && !signals_stop_requested();
}

/*
 * A pattern that is there already gets the next generation, so that a lost write can be told from a
 * good one.
 */
static int run(struct verify *verify)
{
	double started = clock_seconds();
	int rc = verify_find_generation(verify, &verify->pattern.generation);

	if (rc != 0)
		return rc;
	do {
		rc = verify->tool->options.read_only ? check_only(verify) : write_and_read(verify);
		verify->passes += rc == 0;
	} while (rc == 0 && is_time_left(verify, started));
	return rc;
}

static void forget(struct verify *verify)
{
	for (unsigned int i = 0; i < VERDICTS; i++)
		blocks_free(&verify->found[i]);
	blocks_free(&verify->unread_chunks);
	blocks_free(&verify->unreadable);
}

int verb_verify(struct tool *tool)
{
	struct verify verify = {.tool = tool};
	int rc = prepare(&verify);

	if (rc == 0)
		rc = target_start(tool, 1);
	if (rc == 0 && options_write(&tool->options))
		rc = target_may_write(tool);
	if (rc == 0) {
		rc = run(&verify);
		if (rc == -EINTR)
			print_error("stopped before the end");
		/* What was found until then counts. */
		if (!verify_report(&verify) && rc == 0)
			rc = 1;
	}
	forget(&verify);
	return rc;
}
