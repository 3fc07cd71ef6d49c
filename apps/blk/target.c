/* SPDX-License-Identifier: BSD-3-Clause */
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <kickless/device.h>

#include "common/message.h"
#include "common/signals.h"
#include "io_memory.h"
#include "progress.h"
#include "signature.h"

#define WAIT_NS UINT64_C(100000000)
#define RECOVER_EVERY_NS 20000000
/* Attempts for a request that a reset cut off. */
#define TRIES 4

/* The device's name, with the key isolate= of --isolate where it has none. */
static int open_device(struct tool *tool)
{
	const struct options *options = &tool->options;
	char name[1024];
	int length;

	if (strstr(options->device, "isolate=") != NULL)
		return kl_device_open_typed(options->device, "blk", &tool->device);
	length = snprintf(name, sizeof(name), "%s,isolate=%s", options->device,
		isolation_value(options->isolation));
	if (length >= (int)sizeof(name)) {
		print_error("--dev '%s' is longer than a device's name may be", options->device);
		return -EINVAL;
	}
	return kl_device_open_typed(name, "blk", &tool->device);
}

int target_open(struct tool *tool)
{
	int rc = open_device(tool);

	if (rc != 0)
		return rc;
	tool->blk = kl_blk_from_device(tool->device);
	if (tool->blk != NULL)
		return 0;
	print_error("%s is a %s device, not a block device", kl_device_info(tool->device)->name,
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

/* Recovers the device. A back end that is away is waited for, until a signal ends the run. */
static int recover_device(struct tool *tool)
{
	const struct timespec pause = {.tv_nsec = RECOVER_EVERY_NS};
	int rc = kl_blk_recover(tool->blk);

	if (rc != -EAGAIN)
		return rc;
	nanosleep(&pause, NULL);
	return signals_stop_requested() ? -EIO : 0;
}

/* Handles a change of the capacity, a reset request, a back end that disconnected. */
static void handle_events(const struct tool *tool)
{
	if (kl_device_event_is_due(tool->device))
		kl_device_event_handle(tool->device);
}

/* Requests in flight complete, if only with an error. */
static int close_on_removal(struct tool *tool)
{
	print_error("the system requests the removal of %s, as when it is unplugged; it is closed",
		kl_device_info(tool->device)->name);
	kl_blk_stop(tool->blk);
	return -ENODEV;
}

int target_poll_events(struct tool *tool)
{
	switch (kl_blk_state(tool->blk)) {
	case KL_DEVICE_HALTED:
	case KL_DEVICE_AWAY:
		return recover_device(tool);
	case KL_DEVICE_RUNNING:
		if (kl_device_removal_requested(tool->device))
			return close_on_removal(tool);
		handle_events(tool);
		return 0;
	default:
		return -EIO;
	}
}

void target_abort_after(struct tool *tool, double *since, double seconds)
{
	const enum kl_device_state state = kl_blk_state(tool->blk);
	double now = clock_seconds();

	if (*since == 0)
		*since = now;
	if (now - *since < seconds || (state != KL_DEVICE_RUNNING && state != KL_DEVICE_HALTED))
		return;
	print_error("requests in flight have not completed in %.0f s; the device is reset",
		seconds);
	kl_blk_stop(tool->blk);
}

/*
 * Requests in flight must complete before their memory is freed, so a signal only sets a timeout.
 */
static int wait_for_completion(struct tool *tool, struct kl_blk_completion *completion)
{
	double since = 0;

	for (;;) {
		int n = kl_blk_wait(tool->blk, 0, completion, 1, 1, WAIT_NS);

		if (n > 0)
			return completion->result;
		if (signals_stop_requested())
			target_abort_after(tool, &since, SIGNAL_TIMEOUT);
		if (target_poll_events(tool) == 0)
			continue;
		/* A stopped device has completed everything; a lost one never will. */
		return kl_blk_poll(tool->blk, 0, completion, 1) == 1 ? completion->result : -EIO;
	}
}

static int run_once(struct tool *tool, const struct kl_blk_request *request)
{
	struct kl_blk_completion completion;

	if (signals_stop_requested())
		return -EINTR;
	while (kl_blk_submit(tool->blk, 0, request, 1) == 0)
		if (target_poll_events(tool) != 0)
			return -EIO;
	return wait_for_completion(tool, &completion);
}

bool target_may_retry(int result, unsigned int tries)
{
	return result == -ECANCELED && tries < TRIES;
}

int target_run(struct tool *tool, const struct kl_blk_request *request)
{
	unsigned int tries = 0;
	int rc;

	do
		rc = run_once(tool, request);
	while (target_may_retry(rc, ++tries));
	return rc;
}

/* A disk without a block is no wrong usage: the same command works with others. */
static int check_capacity(const struct tool *tool)
{
	const struct kl_blk_info *info = kl_blk_info(tool->blk);
	const char *name = kl_device_info(tool->device)->name;

	if (info->capacity != 0)
		return 0;
	if (info->tail_bytes != 0)
		print_error("%s: the disk has %u bytes, less than one block of %u", name,
			info->tail_bytes, info->block_size);
	else
		print_error("%s: the disk is empty: its capacity is 0 bytes", name);
	return -ENOSPC;
}

int target_extent(const struct tool *tool, uint64_t *offset, uint64_t *size)
{
	const struct kl_blk_info *info = kl_blk_info(tool->blk);
	const struct options *options = &tool->options;
	int rc = check_capacity(tool);

	if (rc != 0)
		return rc;
	*offset = options->offset;
	if (*offset % info->block_size != 0 || options->size % info->block_size != 0) {
		print_error("--offset and --size must be multiples of the block size, %u",
			info->block_size);
		return -EINVAL;
	}
	if (*offset >= info->capacity) {
		print_error("--offset=%" PRIu64 ": the disk has only %" PRIu64
			    " bytes; allowed: 0 to %" PRIu64,
			*offset, info->capacity, info->capacity - info->block_size);
		return -EINVAL;
	}
	if (options->size > info->capacity - *offset) {
		print_error("--size=%" PRIu64 ": the disk has only %" PRIu64
			    " bytes from --offset=%" PRIu64 " on",
			options->size, info->capacity - *offset, *offset);
		return -EINVAL;
	}
	*size = options->size != 0 ? options->size : info->capacity - *offset;
	return 0;
}

int target_check_resized(const struct tool *tool, uint64_t offset, uint64_t bytes)
{
	const uint64_t capacity = kl_blk_info(tool->blk)->capacity;

	if (capacity >= offset && capacity - offset >= bytes)
		return 0;
	print_error("%s: the disk was resized to %" PRIu64 " bytes, and has none at %" PRIu64
		    " any more",
		kl_device_info(tool->device)->name, capacity, offset);
	return -ENOSPC;
}

const char *target_result_text(int result)
{
	switch (result) {
	case -ERANGE:
		return "it ends beyond the disk's capacity, which has changed";
	case -ECANCELED:
		return "it was in flight when the device was reset";
	case -ETIMEDOUT:
		return "it was not completed in time";
	default:
		return strerror(-result);
	}
}

static int read_first_bytes(struct tool *tool, void *buffer, uint64_t bytes)
{
	const struct kl_blk_request request = {.op = KL_BLK_READ,
		.buffer = buffer,
		.length = bytes};
	int rc = target_run(tool, &request);

	if (rc != 0)
		print_error("the device's first %" PRIu64 " bytes can't be read: %s", bytes,
			target_result_text(rc));
	return rc;
}

/* Checks the device's first bytes for data of value; buffer holds SIGNATURE_BYTES. */
static int check_signature(struct tool *tool, uint8_t *buffer)
{
	const struct kl_blk_info *info = kl_blk_info(tool->blk);
	uint64_t bytes = info->capacity < SIGNATURE_BYTES ? info->capacity : SIGNATURE_BYTES;
	const char *found;
	int rc;

	if (bytes == 0)
		return 0;
	rc = read_first_bytes(tool, buffer, bytes);
	if (rc != 0)
		return rc;
	found = signature_find(buffer, bytes, info->block_size);
	if (found == NULL)
		return 0;
	print_error("%s holds %s; --force overwrites it", kl_device_info(tool->device)->name,
		found);
	return -EEXIST;
}

int target_may_write(struct tool *tool)
{
	struct io_memory memory;
	int rc;

	if (kl_blk_info(tool->blk)->is_read_only) {
		print_error("%s is read-only", kl_device_info(tool->device)->name);
		return -EROFS;
	}
	if (kl_blk_info(tool->blk)->zones.zone_bytes != 0) {
		print_error(
			"%s is host-managed: its zones can only be written in order, which kickless-blk does not support",
			kl_device_info(tool->device)->name);
		return -ENOTSUP;
	}
	if (tool->options.force)
		return 0;
	rc = io_memory_alloc(tool, SIGNATURE_BYTES, &memory);
	if (rc != 0)
		return rc;
	rc = check_signature(tool, memory.bytes);
	/* A lost device may still write to its buffer, so that stays allocated. */
	if (kl_blk_state(tool->blk) != KL_DEVICE_LOST)
		io_memory_free(tool, &memory);
	return rc;
}

char *target_text(const struct tool *tool, char *text, size_t size)
{
	const struct kl_device_info *info = kl_device_info(tool->device);
	struct kl_blk_queue_info queue;
	char name[SHOWN_BYTES];

	show_text(info->name, name);
	if (kl_blk_queue_info_get(tool->blk, 0, &queue) == 0)
		snprintf(text, size, "%s (%s, %s ring, %s)", name, info->transport, queue.ring,
			queue.path);
	else
		snprintf(text, size, "%s (%s)", name, info->transport);
	return text;
}
