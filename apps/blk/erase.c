/* SPDX-License-Identifier: BSD-3-Clause */
/* The verbs that move no data: discard, zero, flush. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/message.h"
#include "common/number.h"
#include "progress.h"
#include "pump.h"
#include "target.h"

/* Requests are split by the driver; chunks only let a signal through and show progress. */
#define DEFAULT_CHUNK (256u << 20)
#define DEPTH 4

struct erase {
	struct tool *tool;
	uint8_t op;
	uint8_t flags;
	uint64_t at;
	uint64_t end;
	uint32_t chunk;
};

static int fill_next(void *context, struct pump_slot *slot)
{
	struct erase *erase = context;
	uint64_t left = erase->end - erase->at;

	if (left == 0)
		return 0;
	slot->request.op = erase->op;
	slot->request.flags = erase->flags;
	slot->request.buffer = NULL;
	slot->request.offset = erase->at;
	slot->request.length = left < erase->chunk ? left : erase->chunk;
	erase->at += slot->request.length;
	return 1;
}

static int check_result(void *context, struct pump_slot *slot, int result)
{
	(void)context;
	if (result != 0)
		print_error("%" PRIu64 " bytes at %" PRIu64 " failed: %s", slot->request.length,
			slot->request.offset, target_result_text(result));
	return result == -EINVAL ? -EIO : result;
}

static int flush_device(struct tool *tool)
{
	const struct kl_blk_request request = {.op = KL_BLK_FLUSH};
	int rc = target_run(tool, &request);

	if (rc != 0)
		print_error("the flush failed: %s", target_result_text(rc));
	return rc == -EINVAL ? -EIO : rc;
}

static int check_offer(const struct tool *tool, const struct kl_blk_range_limits *limits)
{
	if (limits->is_offered)
		return 0;
	print_error("%s does not offer %s", kl_device_info(tool->device)->name,
		verb_name(tool->options.verb));
	return -ENOTSUP;
}

static int prepare_erase(struct tool *tool, struct erase *erase)
{
	const struct kl_blk_info *info = kl_blk_info(tool->blk);
	bool is_zero = tool->options.verb == VERB_ZERO;
	uint64_t size;
	int rc;

	*erase = (struct erase){
		.tool = tool,
		.op = is_zero ? KL_BLK_WRITE_ZEROES : KL_BLK_DISCARD,
		.flags = tool->options.unmap ? KL_BLK_UNMAP : 0,
		.chunk = tool->options.io_bytes != 0 ? tool->options.io_bytes : DEFAULT_CHUNK,
	};
	if (erase->chunk % info->block_size != 0) {
		print_error("-o %u: not a multiple of the block size, %u", erase->chunk,
			info->block_size);
		return -EINVAL;
	}
	rc = target_extent(tool, &erase->at, &size);
	erase->end = erase->at + size;
	return rc != 0 ? rc : check_offer(tool, is_zero ? &info->write_zeroes : &info->discard);
}

static void report_erase(struct tool *tool, uint64_t bytes, double seconds)
{
	char text[32];

	fprintf(tool->out, "%s %" PRIu64 " bytes (%s) in %.2f s\n",
		tool->options.verb == VERB_ZERO ? "zeroed" : "discarded", bytes,
		size_text(bytes, text, sizeof(text)), seconds);
	json_object_set_new(tool->json, "bytes", json_integer((json_int_t)bytes));
	json_object_set_new(tool->json, "duration_s", json_real(seconds));
}

int verb_erase(struct tool *tool)
{
	struct erase erase;
	double started = clock_seconds();
	int rc = prepare_erase(tool, &erase);
	uint64_t first = erase.at;
	const struct pump_source source = {fill_next, check_result, &erase,
		verb_name(tool->options.verb), erase.end - erase.at};

	if (rc == 0)
		rc = target_start(tool, 1);
	if (rc == 0)
		rc = target_may_write(tool);
	if (rc == 0)
		rc = pump_run(tool, DEPTH, 64, &source);
	if (rc == 0)
		rc = flush_device(tool);
	if (rc == 0)
		report_erase(tool, erase.end - first, clock_seconds() - started);
	return rc;
}

int verb_flush(struct tool *tool)
{
	double started = clock_seconds();
	int rc = target_start(tool, 1);

	if (rc == 0)
		rc = flush_device(tool);
	if (rc != 0)
		return rc;
	fprintf(tool->out, "flushed\n");
	json_object_set_new(tool->json, "has_flush",
		json_boolean(kl_blk_info(tool->blk)->has_flush));
	json_object_set_new(tool->json, "duration_s", json_real(clock_seconds() - started));
	return 0;
}
