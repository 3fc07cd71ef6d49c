/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that reads the beginning of a disk and writes it to stdout, with 32 requests in flight.
 * A whole application on the public API; the Makefile in the folder above builds it anywhere.
 *
 *	read-disk [EAL options] -- DEVICE BYTES		for instance: read-disk -- blk@0 1048576
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kickless/blk.h>
#include <kickless/eal.h>
#include <kickless/memory.h>

#define DEPTH 32
#define CHUNK 65536u
#define SECOND UINT64_C(1000000000)

/* A slot of the window: one chunk of the disk, being read or complete. */
struct slot {
	char *buffer;
	uint64_t length;
	bool is_complete;
};

static struct slot slots[DEPTH];

/* The chunk that begins at offset goes into its slot; the slot's number comes back with it. */
static bool submit_chunk(struct kl_blk *blk, uint64_t offset, uint64_t end)
{
	struct slot *slot = &slots[offset / CHUNK % DEPTH];
	struct kl_blk_request request = {
		.op = KL_BLK_READ,
		.user_data = (uint64_t)(slot - slots),
		.offset = offset,
		.length = end - offset < CHUNK ? end - offset : CHUNK,
		.buffer = slot->buffer,
	};

	slot->length = request.length;
	slot->is_complete = false;
	return kl_blk_submit(blk, 0, &request, 1) == 1;
}

/* Sleeps until at least one request has completed; false after an error. */
static bool wait_for_chunks(struct kl_blk *blk)
{
	struct kl_blk_completion completions[DEPTH];
	int count = kl_blk_wait(blk, 0, completions, 1, DEPTH, SECOND);

	for (int i = 0; i < count; i++) {
		if (completions[i].result != 0) {
			fprintf(stderr, "a read failed: %s\n", strerror(-completions[i].result));
			return false;
		}
		slots[completions[i].user_data].is_complete = true;
	}
	return count >= 0 && kl_blk_state(blk) == KL_DEVICE_RUNNING;
}

/* Requests complete in any order; chunks are written in theirs. */
static bool read_disk(struct kl_blk *blk, uint64_t end)
{
	uint64_t next = 0;

	for (uint64_t offset = 0; offset < end;) {
		struct slot *slot = &slots[offset / CHUNK % DEPTH];

		while (next < end && next < offset + DEPTH * (uint64_t)CHUNK &&
			submit_chunk(blk, next, end))
			next += CHUNK;
		while (!slot->is_complete)
			if (!wait_for_chunks(blk))
				return false;
		if (write(STDOUT_FILENO, slot->buffer, slot->length) != (ssize_t)slot->length)
			return false;
		offset += CHUNK;
	}
	return true;
}

static bool read_device(struct kl_device *device, uint64_t bytes)
{
	struct kl_blk *blk = kl_blk_from_device(device);
	const struct kl_blk_conf conf = {.queues = 1};
	bool ok;

	if (blk == NULL) {
		fprintf(stderr, "%s is not a disk\n", kl_device_info(device)->name);
		return false;
	}
	for (unsigned int i = 0; i < DEPTH; i++) {
		slots[i].buffer = kl_memory_alloc(CHUNK, 4096, kl_device_info(device)->numa_node);
		if (slots[i].buffer == NULL)
			return false;
	}
	if (kl_blk_start(blk, &conf) != 0)
		return false;
	bytes -= bytes % kl_blk_info(blk)->block_size;
	if (bytes > kl_blk_info(blk)->capacity)
		bytes = kl_blk_info(blk)->capacity;
	ok = read_disk(blk, bytes);
	return kl_blk_stop(blk) == 0 && ok;
}

int main(int argc, char **argv)
{
	struct kl_device *device;
	int eal = kl_eal_init(argc, argv);
	bool ok = false;

	if (eal < 0)
		return 1;
	if (argc - eal != 3) {
		fprintf(stderr, "usage: read-disk [EAL options] -- DEVICE BYTES\n");
		return 2;
	}
	if (kl_device_open_typed(argv[eal + 1], "blk", &device) == 0) {
		ok = read_device(device, strtoull(argv[eal + 2], NULL, 0));
		kl_device_close(device);
		/* Only now has the device let go of the buffers. */
		for (unsigned int i = 0; i < DEPTH; i++)
			kl_memory_free(slots[i].buffer);
	}
	kl_eal_cleanup();
	return ok ? 0 : 1;
}
