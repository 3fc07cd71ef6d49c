/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verb copy, between a file and the device. To the device, holes and zeroes become requests
 * to write zeroes where the device offers that; to a file, zeroes become holes where the file
 * can have some.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "common/message.h"
#include "common/number.h"
#include "progress.h"
#include "pump.h"
#include "target.h"

#define DEFAULT_CHUNK 65536

struct copy {
	struct tool *tool;
	int fd;
	const char *name; /* of the file */
	bool is_regular; /* has holes and positions */
	uint32_t chunk_bytes;
	uint32_t depth;
	uint64_t base; /* on the device */
	uint64_t size; /* bytes to copy; from a pipe, as many as fit */
	uint64_t at;
	uint64_t hole_end; /* end of the hole at the current place */
	uint64_t data_end; /* end of the data at the current place */
	uint64_t padding; /* bytes added to the last block */

	/* To the device: the chunk behind a run of zeroes, until its turn comes. */
	uint8_t *carried;
	size_t carried_bytes;

	/*
	 * To a file without positions: completions wait in their places until a window is complete.
	 */
	uint8_t *window;
	uint32_t window_requested;
	uint32_t window_done;
	uint64_t window_bytes;

	uint64_t moved; /* bytes that were copied; the others are zeroes that were not */
};

static bool is_all_zero(const uint8_t *bytes, size_t count)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* Requests are split by the driver; this limit only lets a signal through. */
#define MOST_ZEROES (256u << 20)

static bool can_zero(const struct copy *copy)
{
	return kl_blk_info(copy->tool->blk)->write_zeroes.is_offered;
}

/* Bytes of a hole at the current place. */
static uint64_t find_hole(struct copy *copy)
{
	off_t found;

	if (!copy->is_regular || copy->at < copy->data_end)
		return 0;
	if (copy->at >= copy->hole_end) {
		found = lseek(copy->fd, (off_t)copy->at, SEEK_DATA);
		copy->hole_end = found >= 0 ? (uint64_t)found :
			errno == ENXIO      ? copy->size :
					      copy->at;
		if (copy->hole_end > copy->size)
			copy->hole_end = copy->size;
		found = lseek(copy->fd, (off_t)copy->hole_end, SEEK_HOLE);
		copy->data_end = found >= 0 ? (uint64_t)found : copy->size;
	}
	return copy->hole_end - copy->at;
}

/* Reads up to bytes from the current place; fewer only at the end of the file. */
static ssize_t read_fully(struct copy *copy, uint8_t *buffer, size_t bytes)
{
	size_t got = 0;

	while (got < bytes) {
		ssize_t n = copy->is_regular ?
			pread(copy->fd, buffer + got, bytes - got, (off_t)(copy->at + got)) :
			read(copy->fd, buffer + got, bytes - got);

		if (n < 0 && errno == EINTR)
			return -EINTR;
		if (n < 0) {
			print_error("reading %s: %s", copy->name, strerror(errno));
			return -EIO;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* Fills up the last block; a device has only whole ones. */
static size_t pad_block(struct copy *copy, uint8_t *buffer, size_t bytes)
{
	size_t block = kl_blk_info(copy->tool->blk)->block_size;
	size_t padded = (bytes + block - 1) / block * block;

	memset(buffer + bytes, 0, padded - bytes);
	copy->padding += padded - bytes;
	return padded;
}

static int check_source_end(struct copy *copy)
{
	uint8_t more;

	if (copy->is_regular || copy->tool->options.size != 0 || read_fully(copy, &more, 1) == 0)
		return 0;
	print_error("%s is longer than the device: it has more than %" PRIu64 " bytes", copy->name,
		copy->at);
	return -ENOSPC;
}

static ssize_t read_chunk(struct copy *copy, uint8_t *buffer)
{
	uint64_t left = copy->size - copy->at;

	return read_fully(copy, buffer, left < copy->chunk_bytes ? left : copy->chunk_bytes);
}

static int put_data(struct copy *copy, struct pump_slot *slot, size_t bytes)
{
	slot->request.op = KL_BLK_WRITE;
	slot->request.offset = copy->base + copy->at;
	slot->request.length = pad_block(copy, slot->buffer, bytes);
	copy->at += bytes;
	copy->moved += bytes;
	return 1;
}

static int put_zeroes(struct copy *copy, struct pump_slot *slot, uint64_t bytes)
{
	slot->request.op = KL_BLK_WRITE_ZEROES;
	slot->request.flags = KL_BLK_UNMAP;
	slot->request.buffer = NULL;
	slot->request.offset = copy->base + copy->at;
	slot->request.length = bytes;
	copy->at += bytes;
	return 1;
}

static int put_carried(struct copy *copy, struct pump_slot *slot)
{
	size_t bytes = copy->carried_bytes;

	memcpy(slot->buffer, copy->carried, bytes);
	copy->carried_bytes = 0;
	return put_data(copy, slot, bytes);
}

static bool are_zeroes(const struct copy *copy, const uint8_t *bytes, size_t count)
{
	return can_zero(copy) && count % kl_blk_info(copy->tool->blk)->block_size == 0 &&
		is_all_zero(bytes, count);
}

/* Reads on while zeroes come: one request for many is as cheap as one for few. */
static int gather_zeroes(struct copy *copy, struct pump_slot *slot, uint64_t bytes)
{
	uint64_t start = copy->at;
	ssize_t got = 0;

	for (copy->at += bytes; copy->at - start < MOST_ZEROES && copy->at < copy->size;
		copy->at += (uint64_t)got) {
		got = read_chunk(copy, slot->buffer);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		if (are_zeroes(copy, slot->buffer, (size_t)got))
			continue;
		memcpy(copy->carried, slot->buffer, (size_t)got);
		copy->carried_bytes = (size_t)got;
		break;
	}
	bytes = copy->at - start;
	copy->at = start;
	return put_zeroes(copy, slot, bytes);
}

static int fill_next_write(void *context, struct pump_slot *slot)
{
	struct copy *copy = context;
	uint32_t block = kl_blk_info(copy->tool->blk)->block_size;
	uint64_t hole;
	ssize_t got;

	if (copy->carried_bytes > 0)
		return put_carried(copy, slot);
	if (copy->at == copy->size)
		return check_source_end(copy);
	hole = find_hole(copy) / block * block;
	if (hole >= copy->chunk_bytes && can_zero(copy))
		return put_zeroes(copy, slot, hole < MOST_ZEROES ? hole : MOST_ZEROES);
	got = read_chunk(copy, slot->buffer);
	if (got <= 0)
		return (int)got;
	if (are_zeroes(copy, slot->buffer, (size_t)got))
		return gather_zeroes(copy, slot, (uint64_t)got);
	return put_data(copy, slot, (size_t)got);
}

static int check_write(void *context, struct pump_slot *slot, int result)
{
	(void)context;
	if (result != 0)
		print_error("writing %" PRIu64 " bytes at %" PRIu64 ": %s", slot->request.length,
			slot->request.offset, target_result_text(result));
	return result == -EINVAL ? -EIO : result;
}

static int copy_to_device(struct copy *copy)
{
	const struct pump_source source = {fill_next_write, check_write, copy, "copying",
		copy->is_regular || copy->tool->options.size != 0 ? copy->size : 0};
	int rc;

	copy->carried = malloc(copy->chunk_bytes);
	if (copy->carried == NULL)
		return -ENOMEM;
	rc = pump_run(copy->tool, copy->depth, copy->chunk_bytes, &source);
	free(copy->carried);
	return rc;
}

static int fill_next_read(void *context, struct pump_slot *slot)
{
	struct copy *copy = context;
	uint64_t left = copy->size - copy->at;

	if (left == 0)
		return 0;
	if (!copy->is_regular) {
		if (copy->window_requested == copy->depth)
			return -EAGAIN;
		slot->tag = copy->window_requested++;
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

/* Chunks of a window have one length, except the last one of a copy, so they are contiguous. */
static int keep_in_window(struct copy *copy, const struct pump_slot *slot)
{
	int rc;

	memcpy(copy->window + slot->tag * copy->chunk_bytes, slot->buffer, slot->request.length);
	if (++copy->window_done < copy->window_requested ||
		(copy->window_requested < copy->depth && copy->at < copy->size))
		return 0;
	rc = write_fully(copy, copy->window, copy->window_bytes, 0);
	copy->window_requested = 0;
	copy->window_done = 0;
	copy->window_bytes = 0;
	return rc;
}

static int check_read(void *context, struct pump_slot *slot, int result)
{
	struct copy *copy = context;
	const struct kl_blk_request *request = &slot->request;

	if (result != 0) {
		print_error("reading %" PRIu64 " bytes at %" PRIu64 ": %s", request->length,
			request->offset, target_result_text(result));
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

static int copy_to_file(struct copy *copy)
{
	const struct pump_source source = {fill_next_read, check_read, copy, "copying", copy->size};
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
			print_error("%s has %llu bytes, more than the %" PRIu64 " from --offset on",
				copy->name, (unsigned long long)status.st_size, copy->size);
			return -ENOSPC;
		}
		copy->size = (uint64_t)status.st_size;
	}
	return 0;
}

static int prepare_copy(struct copy *copy)
{
	const struct kl_blk_info *info = kl_blk_info(copy->tool->blk);
	const struct options *options = &copy->tool->options;
	int rc = target_extent(copy->tool, &copy->base, &copy->size);

	if (rc != 0)
		return rc;
	copy->chunk_bytes = options->io_bytes != 0 ? options->io_bytes : DEFAULT_CHUNK;
	copy->depth = options->depth;
	if (copy->chunk_bytes % info->block_size != 0) {
		print_error("-o %u: not a multiple of the block size, %u", copy->chunk_bytes,
			info->block_size);
		return -EINVAL;
	}
	return open_file(copy);
}

static void report_copy(const struct copy *copy, double seconds)
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
		fprintf(tool->out, "the last block was padded with %" PRIu64 " zeroes\n",
			copy->padding);
	json_object_set_new(tool->json, "bytes", json_integer((json_int_t)copy->at));
	json_object_set_new(tool->json, "data_bytes", json_integer((json_int_t)copy->moved));
	json_object_set_new(tool->json, "padding_bytes", json_integer((json_int_t)copy->padding));
	json_object_set_new(tool->json, "duration_s", json_real(seconds));
	json_object_set_new(tool->json, "mib_per_s", json_real(rate));
}

static int flush_copy(struct copy *copy)
{
	const struct kl_blk_request request = {.op = KL_BLK_FLUSH};
	int rc = target_run(copy->tool, &request);

	if (rc != 0)
		print_error("flush at the end failed: %s", target_result_text(rc));
	return rc;
}

static int run_copy(struct copy *copy)
{
	bool is_in = copy->tool->options.from != NULL;
	int rc = target_start(copy->tool, 1);

	if (rc == 0 && is_in)
		rc = target_may_write(copy->tool);
	if (rc == 0)
		rc = is_in ? copy_to_device(copy) : copy_to_file(copy);
	if (rc == 0 && is_in)
		rc = flush_copy(copy);
	if (rc == -EINTR)
		print_error("stopped after %" PRIu64 " bytes", copy->at);
	return rc;
}

int verb_copy(struct tool *tool)
{
	struct copy copy = {.tool = tool, .fd = -1};
	double started = clock_seconds();
	int rc = prepare_copy(&copy);

	if (rc == 0)
		rc = run_copy(&copy);
	if (copy.fd >= 0 && close(copy.fd) != 0 && rc == 0) {
		print_error("%s: %s", copy.name, strerror(errno));
		rc = -EIO;
	}
	if (rc == 0)
		report_copy(&copy, clock_seconds() - started);
	return rc;
}
