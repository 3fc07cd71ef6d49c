/* SPDX-License-Identifier: BSD-3-Clause */
/* The verb copy: what from where to where. */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include <sys/stat.h>

#include "common/number.h"
#include "progress.h"
#include "common/message.h"
#include "target.h"

#define DEFAULT_CHUNK 65536

static int open_file(struct copy *copy)
{
	const struct options *options = &copy->tool->options;
	bool is_in = options->from != NULL;
	struct stat status;

	copy->name = is_in ? options->from : options->to;
	if (strcmp(copy->name, "-") == 0)
		copy->fd = dup(is_in ? STDIN_FILENO : STDOUT_FILENO);
	else
		copy->fd = is_in ? open(copy->name, O_RDONLY | O_CLOEXEC) :
				   open(copy->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (copy->fd < 0 || fstat(copy->fd, &status) != 0) {
		print_error("can't open %s: %s", copy->name, strerror(errno));
		return -EIO;
	}
	copy->is_regular = S_ISREG(status.st_mode) && strcmp(copy->name, "-") != 0;
	if (is_in && copy->is_regular &&
		(options->size == 0 || (uint64_t)status.st_size < copy->size)) {
		if ((uint64_t)status.st_size > copy->size) {
			print_error("%s has %llu bytes, and there are %" PRIu64 " from --offset on",
				copy->name, (unsigned long long)status.st_size, copy->size);
			return -ENOSPC;
		}
		copy->size = (uint64_t)status.st_size;
	}
	return 0;
}

static int prepare(struct copy *copy)
{
	const struct kl_blk_info *info = kl_blk_info(copy->tool->blk);
	const struct options *options = &copy->tool->options;
	int rc = target_extent(copy->tool, &copy->base, &copy->size);

	if (rc != 0)
		return rc;
	copy->chunk_bytes = options->io_bytes != 0 ? options->io_bytes : DEFAULT_CHUNK;
	copy->depth = options->depth;
	if (copy->chunk_bytes % info->block_size != 0) {
		print_error("-o %u: the device has blocks of %u bytes", copy->chunk_bytes,
			info->block_size);
		return -EINVAL;
	}
	return open_file(copy);
}

static void report(const struct copy *copy, double seconds)
{
	struct tool *tool = copy->tool;
	double rate = seconds > 0 ? (double)copy->at / seconds / (1 << 20) : 0;
	char text[32];

	fprintf(tool->out,
		"copied %" PRIu64 " bytes (%s) %s %s in %.2f s, %.1f MiB/s; %" PRIu64
		" were not zero\n",
		copy->at, size_text(copy->at, text, sizeof(text)),
		tool->options.from != NULL ? "from" : "to", copy->name, seconds, rate, copy->moved);
	if (copy->padding > 0)
		fprintf(tool->out, "the last block was filled up with %" PRIu64 " zeroes\n",
			copy->padding);
	json_object_set_new(tool->json, "bytes", json_integer((json_int_t)copy->at));
	json_object_set_new(tool->json, "data_bytes", json_integer((json_int_t)copy->moved));
	json_object_set_new(tool->json, "padding_bytes", json_integer((json_int_t)copy->padding));
	json_object_set_new(tool->json, "duration_s", json_real(seconds));
	json_object_set_new(tool->json, "mib_per_s", json_real(rate));
}

static int flush(struct copy *copy)
{
	const struct kl_blk_request request = {.op = KL_BLK_FLUSH};
	int rc = target_run(copy->tool, &request);

	if (rc != 0)
		print_error("the flush at the end failed: %s", strerror(-rc));
	return rc;
}

static int run(struct copy *copy)
{
	bool is_in = copy->tool->options.from != NULL;
	int rc = target_start(copy->tool, 1);

	if (rc == 0 && is_in)
		rc = target_may_write(copy->tool);
	if (rc == 0)
		rc = is_in ? copy_in(copy) : copy_out(copy);
	if (rc == 0 && is_in)
		rc = flush(copy);
	if (rc == -EINTR)
		print_error("stopped after %" PRIu64 " bytes", copy->at);
	return rc;
}

int verb_copy(struct tool *tool)
{
	struct copy copy = {.tool = tool, .fd = -1};
	double started = clock_seconds();
	int rc = prepare(&copy);

	if (rc == 0)
		rc = run(&copy);
	if (copy.fd >= 0 && close(copy.fd) != 0 && rc == 0) {
		print_error("%s: %s", copy.name, strerror(errno));
		rc = -EIO;
	}
	if (rc == 0)
		report(&copy, clock_seconds() - started);
	return rc;
}
