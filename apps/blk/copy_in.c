/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a file to the device. Holes and zeroes become zeroes that need not be sent, where the device
 * offers it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "copy.h"
#include "pump.h"
#include "common/message.h"

/* The driver cuts to the device's limits; this only lets a signal through. */
#define MOST_ZEROES (256u << 20)

static bool can_zero(const struct copy *copy)
{
	return kl_blk_info(copy->tool->blk)->write_zeroes.is_offered;
}

/* How many bytes at the current place are a hole. */
static uint64_t hole_at(struct copy *copy)
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

/* Up to bytes from the current place; fewer only at the end of the file. */
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

/* The device has only whole blocks. */
static size_t pad(struct copy *copy, uint8_t *buffer, size_t bytes)
{
	size_t block = kl_blk_info(copy->tool->blk)->block_size;
	size_t padded = (bytes + block - 1) / block * block;

	memset(buffer + bytes, 0, padded - bytes);
	copy->padding += padded - bytes;
	return padded;
}

static int check_room(struct copy *copy)
{
	uint8_t more;

	if (copy->is_regular || copy->tool->options.size != 0 || read_fully(copy, &more, 1) == 0)
		return 0;
	print_error("%s does not end where the device does, after %" PRIu64 " bytes", copy->name,
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
	slot->request.length = pad(copy, slot->buffer, bytes);
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

/* Reads on while zeroes come, since one request for many is as cheap as one for few. */
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

static int next(void *context, struct pump_slot *slot)
{
	struct copy *copy = context;
	uint32_t block = kl_blk_info(copy->tool->blk)->block_size;
	uint64_t hole;
	ssize_t got;

	if (copy->carried_bytes > 0)
		return put_carried(copy, slot);
	if (copy->at == copy->size)
		return check_room(copy);
	hole = hole_at(copy) / block * block;
	if (hole >= copy->chunk_bytes && can_zero(copy))
		return put_zeroes(copy, slot, hole < MOST_ZEROES ? hole : MOST_ZEROES);
	got = read_chunk(copy, slot->buffer);
	if (got <= 0)
		return (int)got;
	if (are_zeroes(copy, slot->buffer, (size_t)got))
		return gather_zeroes(copy, slot, (uint64_t)got);
	return put_data(copy, slot, (size_t)got);
}

static int done(void *context, struct pump_slot *slot, int result)
{
	(void)context;
	if (result != 0)
		print_error("writing %" PRIu64 " bytes at %" PRIu64 ": %s", slot->request.length,
			slot->request.offset, strerror(-result));
	return result == -EINVAL ? -EIO : result;
}

int copy_in(struct copy *copy)
{
	const struct pump_source source = {next, done, copy, "copying",
		copy->is_regular || copy->tool->options.size != 0 ? copy->size : 0};
	int rc;

	copy->carried = malloc(copy->chunk_bytes);
	if (copy->carried == NULL)
		return -ENOMEM;
	rc = pump_run(copy->tool, copy->depth, copy->chunk_bytes, &source);
	free(copy->carried);
	return rc;
}
