/* SPDX-License-Identifier: BSD-3-Clause */
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <kickless/bus.h>
#include <kickless/memory.h>

#include "progress.h"
#include "say.h"
#include "signals.h"
#include "signature.h"

#define WAIT_NS UINT64_C(100000000)

int target_open(struct tool *tool)
{
	int rc = kl_device_open(tool->options.device, &tool->device);

	if (rc != 0)
		return rc;
	tool->blk = kl_blk_of(tool->device);
	if (tool->blk != NULL)
		return 0;
	say_error("%s is a %s device, not a block device", kl_device_info(tool->device)->name,
		kl_device_info(tool->device)->driver);
	return -ENOTSUP;
}

void target_close(struct tool *tool)
{
	kl_device_close(tool->device);
	tool->device = NULL;
}

int target_start(struct tool *tool, uint16_t queues)
{
	const struct kl_blk_conf conf = {
		.queues = queues,
		.kick = {.mode = KL_KICK_AUTO},
		.timeout_ms = tool->options.timeout_ms,
	};

	return kl_blk_start(tool->blk, &conf);
}

int target_tend(struct tool *tool)
{
	switch (kl_blk_state(tool->blk)) {
	case KL_BLK_HALTED:
		return kl_blk_recover(tool->blk);
	case KL_BLK_RUNNING:
		return 0;
	default:
		return -EIO;
	}
}

void target_hurry(struct tool *tool, double *since, double seconds)
{
	double now = clock_seconds();

	if (*since == 0)
		*since = now;
	if (now - *since < seconds || kl_blk_state(tool->blk) == KL_BLK_STOPPED ||
		kl_blk_state(tool->blk) == KL_BLK_LOST)
		return;
	say_error("what is in flight has not come back in %.0f s; the device is reset", seconds);
	kl_blk_stop(tool->blk);
}

/* What is in flight must come back before its memory goes, so a signal only limits the patience. */
static int wait_for(struct tool *tool, struct kl_blk_completion *completion)
{
	double since = 0;

	for (;;) {
		int n = kl_blk_wait(tool->blk, 0, completion, 1, 1, WAIT_NS);

		if (n > 0)
			return completion->result;
		if (signals_stop_wanted())
			target_hurry(tool, &since, SIGNAL_PATIENCE);
		if (target_tend(tool) == 0)
			continue;
		/* A stopped device has completed everything, a lost one never will. */
		return kl_blk_poll(tool->blk, 0, completion, 1) == 1 ? completion->result : -EIO;
	}
}

int target_run(struct tool *tool, const struct kl_blk_request *request)
{
	struct kl_blk_completion completion;

	if (signals_stop_wanted())
		return -EINTR;
	while (kl_blk_submit(tool->blk, 0, request, 1) == 0)
		if (target_tend(tool) != 0)
			return -EIO;
	return wait_for(tool, &completion);
}

int target_extent(const struct tool *tool, uint64_t *offset, uint64_t *size)
{
	const struct kl_blk_info *info = kl_blk_info(tool->blk);
	const struct options *options = &tool->options;

	*offset = options->offset;
	if (*offset % info->block_size != 0 || options->size % info->block_size != 0) {
		say_error("--offset and --size must be multiples of the block size, %u",
			info->block_size);
		return -EINVAL;
	}
	if (*offset >= info->capacity || options->size > info->capacity - *offset) {
		say_error("%" PRIu64 " bytes at %" PRIu64 " are beyond the device's %" PRIu64,
			options->size, *offset, info->capacity);
		return -EINVAL;
	}
	*size = options->size != 0 ? options->size : info->capacity - *offset;
	return 0;
}

static int read_start(struct tool *tool, void *buffer, uint64_t bytes)
{
	const struct kl_blk_request request = {.op = KL_BLK_READ,
		.buffer = buffer,
		.length = bytes};
	int rc = target_run(tool, &request);

	if (rc != 0)
		say_error("the device's first %" PRIu64 " bytes can't be read: %s", bytes,
			strerror(-rc));
	return rc;
}

/* Looks for what somebody may still want; buffer holds SIGNATURE_BYTES. */
static int look_for_signature(struct tool *tool, uint8_t *buffer)
{
	const struct kl_blk_info *info = kl_blk_info(tool->blk);
	uint64_t bytes = info->capacity < SIGNATURE_BYTES ? info->capacity : SIGNATURE_BYTES;
	const char *found;
	int rc;

	if (bytes == 0)
		return 0;
	rc = read_start(tool, buffer, bytes);
	if (rc != 0)
		return rc;
	found = signature_find(buffer, bytes, info->block_size);
	if (found == NULL)
		return 0;
	say_error("%s holds %s; --force overwrites it", kl_device_info(tool->device)->name, found);
	return -EEXIST;
}

int target_may_write(struct tool *tool)
{
	uint8_t *buffer;
	int rc;

	if (kl_blk_info(tool->blk)->is_read_only) {
		say_error("%s is read-only", kl_device_info(tool->device)->name);
		return -EROFS;
	}
	if (tool->options.force)
		return 0;
	buffer = kl_memory_alloc(SIGNATURE_BYTES, 4096, -1);
	if (buffer == NULL)
		return -ENOMEM;
	rc = look_for_signature(tool, buffer);
	/* What a lost device may still write to stays its own. */
	if (kl_blk_state(tool->blk) != KL_BLK_LOST)
		kl_memory_free(buffer);
	return rc;
}

char *target_text(const struct tool *tool, char *text, size_t size)
{
	const struct kl_device_info *info = kl_device_info(tool->device);
	struct kl_blk_queue_info queue;

	if (kl_blk_queue_info(tool->blk, 0, &queue) == 0)
		snprintf(text, size, "%s (%s, %s ring, %s)", info->name, info->transport,
			queue.ring, queue.path);
	else
		snprintf(text, size, "%s (%s)", info->name, info->transport);
	return text;
}
