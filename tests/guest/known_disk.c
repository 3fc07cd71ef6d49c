/* SPDX-License-Identifier: BSD-3-Clause */
#include "known_disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>

#define TIMEOUT_NS (5 * UINT64_C(1000000000))

/* The request in flight: one at a time is enough here. */
static struct {
	uint8_t *address;
	uint64_t offset;
	size_t length;
} in_flight;

int known_disk_open(struct known_disk *disk, const char *name)
{
	int rc = kl_device_open(name, &disk->device);

	if (rc != 0)
		return rc;
	disk->blk = kl_blk_from_device(disk->device);
	rc = disk->blk == NULL ? -ENODEV : kl_blk_start(disk->blk, &(struct kl_blk_conf){0});
	if (rc != 0)
		known_disk_close(disk);
	return rc;
}

void known_disk_close(struct known_disk *disk)
{
	kl_device_close(disk->device);
	*disk = (struct known_disk){0};
}

void known_disk_submit(struct known_disk *disk, void *address, uint64_t offset, size_t length)
{
	const struct kl_blk_request request = {
		.op = KL_BLK_READ,
		.offset = offset,
		.buffer = address,
		.length = length,
	};

	memset(address, UNTOUCHED, length);
	in_flight.address = address;
	in_flight.offset = offset;
	in_flight.length = kl_blk_submit(disk->blk, 0, &request, 1) == 1 ? length : 0;
}

static bool is_untouched(void)
{
	for (size_t i = 0; i < in_flight.length; i++)
		if (in_flight.address[i] != UNTOUCHED)
			return false;
	return true;
}

static bool is_known(void)
{
	for (size_t at = 0; at < in_flight.length; at += sizeof(rte_le64_t)) {
		rte_le64_t word;

		memcpy(&word, in_flight.address + at, sizeof(word));
		if (rte_le_to_cpu_64(word) != in_flight.offset + at)
			return false;
	}
	return true;
}

int known_disk_finish(struct known_disk *disk)
{
	struct kl_blk_completion completion;
	int count;

	if (in_flight.length == 0)
		return -ESHUTDOWN;
	count = kl_blk_wait(disk->blk, 0, &completion, 1, 1, TIMEOUT_NS);
	if (count != 1)
		return count < 0 ? count : -ETIMEDOUT;
	if (completion.result == 0)
		return is_known() ? 0 : -EILSEQ;
	return is_untouched() ? completion.result : -ENOMSG;
}

int known_disk_read(struct known_disk *disk, void *address, uint64_t offset, size_t length)
{
	known_disk_submit(disk, address, offset, length);
	return known_disk_finish(disk);
}
