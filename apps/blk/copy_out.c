/* SPDX-License-Identifier: BSD-3-Clause */
/* From the device to a file. Zeroes become holes where the file can have some. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "copy.h"
#include "pump.h"
#include "common/message.h"

static int next(void *context, struct pump_slot *slot)
{
	struct copy *copy = context;
	uint64_t left = copy->size - copy->at;

	if (left == 0)
		return 0;
	if (!copy->is_regular) {
		if (copy->window_asked == copy->depth)
			return -EAGAIN;
		slot->tag = copy->window_asked++;
	}
	slot->request.op = KL_BLK_READ;
	slot->request.offset = copy->base + copy->at;
	slot->request.length = left < copy->chunk_bytes ? left : copy->chunk_bytes;
	copy->at += slot->request.length;
	copy->window_bytes += slot->request.length;
	return 1;
}

static int write_fully(struct copy *copy, const uint8_t *bytes, uint64_t count, uint64_t offset)
{
	while (count > 0) {
		ssize_t n = copy->is_regular ? pwrite(copy->fd, bytes, count, (off_t)offset) :
					       write(copy->fd, bytes, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			print_error("writing %s: %s", copy->name, strerror(errno));
			return -EIO;
		}
		bytes += n;
		count -= (uint64_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* All of a window's chunks but the last of a copy are of one length, so that they lie together. */
static int keep_in_window(struct copy *copy, const struct pump_slot *slot)
{
	int rc;

	memcpy(copy->window + slot->tag * copy->chunk_bytes, slot->buffer, slot->request.length);
	if (++copy->window_done < copy->window_asked ||
		(copy->window_asked < copy->depth && copy->at < copy->size))
		return 0;
	rc = write_fully(copy, copy->window, copy->window_bytes, 0);
	copy->window_asked = 0;
	copy->window_done = 0;
	copy->window_bytes = 0;
	return rc;
}

static int done(void *context, struct pump_slot *slot, int result)
{
	struct copy *copy = context;
	const struct kl_blk_request *request = &slot->request;

	if (result != 0) {
		print_error("reading %" PRIu64 " bytes at %" PRIu64 ": %s", request->length,
			request->offset, strerror(-result));
		return result == -EINVAL ? -EIO : result;
	}
	if (!is_all_zero(slot->buffer, request->length))
		copy->moved += request->length;
	else if (copy->is_regular)
		return 0;
	if (!copy->is_regular)
		return keep_in_window(copy, slot);
	return write_fully(copy, slot->buffer, request->length, request->offset - copy->base);
}

static int set_length(struct copy *copy)
{
	if (!copy->is_regular || ftruncate(copy->fd, (off_t)copy->size) == 0)
		return 0;
	print_error("%s: %s", copy->name, strerror(errno));
	return -EIO;
}

int copy_out(struct copy *copy)
{
	const struct pump_source source = {next, done, copy, "copying", copy->size};
	int rc;

	if (!copy->is_regular) {
		copy->window = malloc((size_t)copy->depth * copy->chunk_bytes);
		if (copy->window == NULL)
			return -ENOMEM;
	}
	rc = pump_run(copy->tool, copy->depth, copy->chunk_bytes, &source);
	free(copy->window);
	return rc == 0 ? set_length(copy) : rc;
}
