/* SPDX-License-Identifier: BSD-3-Clause */
#include "verify_pass.h"

#include <errno.h>
#include <string.h>

#include "common/message.h"
#include "io_memory.h"
#include "progress.h"
#include "pump.h"
#include "target.h"

/* Blocks that are read to find an earlier run's generation. */
#define SAMPLES 64

static void set_chunk(const struct verify *verify, struct pump_slot *slot, uint64_t chunk)
{
	uint64_t at = chunk * verify->chunk_bytes, left = verify->size - at;

	slot->tag = chunk;
	slot->request.offset = verify->base + at;
	slot->request.length = left < verify->chunk_bytes ? left : verify->chunk_bytes;
}

static int fill_next_write(void *context, struct pump_slot *slot)
{
	struct verify *verify = context;
	uint32_t block = verify->pattern.block_bytes;

	if (verify->at == verify->chunks)
		return 0;
	set_chunk(verify, slot, verify->at++);
	slot->request.op = KL_BLK_WRITE;
	for (uint64_t at = 0; at < slot->request.length; at += block)
		pattern_fill(&verify->pattern, (slot->request.offset + at) / block,
			slot->buffer + at);
	return 1;
}

static int check_write(void *context, struct pump_slot *slot, int result)
{
	struct verify *verify = context;

	if (result != 0 && verify->write_errors++ == 0)
		print_error("writing %llu bytes at %llu failed: %s",
			(unsigned long long)slot->request.length,
			(unsigned long long)slot->request.offset, strerror(-result));
	return 0;
}

static uint64_t find_common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* A permutation of all chunks, far from the order in which they were written. */
static uint64_t shuffle_chunk(const struct verify *verify, uint64_t number)
{
	return (uint64_t)((unsigned __int128)number * verify->step % verify->chunks);
}

static void choose_step(struct verify *verify)
{
	uint64_t step = verify->chunks * 618 / 1000 + verify->passes;

	if (step < 1)
		step = 1;
	while (find_common_divisor(step, verify->chunks) != 1)
		step++;
	verify->step = step;
}

static int fill_next_read(void *context, struct pump_slot *slot)
{
	struct verify *verify = context;

	if (verify->at == verify->chunks)
		return 0;
	set_chunk(verify, slot, shuffle_chunk(verify, verify->at++));
	slot->request.op = KL_BLK_READ;
	/* Data that an earlier request left in the buffer must not count as read. */
	memset(slot->buffer, 0xdb, slot->request.length);
	return 1;
}

static void check_blocks(struct verify *verify, const uint8_t *bytes, uint64_t offset,
	uint64_t length)
{
	uint32_t block = verify->pattern.block_bytes;

	for (uint64_t at = 0; at < length; at += block) {
		uint64_t number = (offset + at) / block;
		enum verdict verdict = pattern_check(&verify->pattern, number, bytes + at);

		if (verdict != VERDICT_GOOD)
			blocks_add(&verify->found[verdict], number);
	}
}

static int check_read(void *context, struct pump_slot *slot, int result)
{
	struct verify *verify = context;

	if (result != 0)
		blocks_add(&verify->unread_chunks, slot->tag);
	else
		check_blocks(verify, slot->buffer, slot->request.offset, slot->request.length);
	return 0;
}

static int read_block(struct verify *verify, uint64_t offset, uint8_t *buffer)
{
	const struct kl_blk_request request = {.op = KL_BLK_READ,
		.buffer = buffer,
		.offset = offset,
		.length = verify->pattern.block_bytes};

	return target_run(verify->tool, &request);
}

/*
 * Chunks that failed as a whole are read again block by block, so that exactly the bad
 * blocks are reported.
 */
static int read_blocks_again(struct verify *verify)
{
	struct pump_slot slot = {0};
	struct io_memory memory;
	int rc = io_memory_alloc(verify->tool, verify->pattern.block_bytes, &memory);
	uint8_t *buffer = memory.bytes;

	for (uint64_t i = 0; i < verify->unread_chunks.count && rc != -EINTR && buffer != NULL;
		i++) {
		uint64_t end;

		set_chunk(verify, &slot, verify->unread_chunks.number[i]);
		end = slot.request.offset + slot.request.length;
		for (uint64_t at = slot.request.offset; at < end && rc != -EINTR;
			at += verify->pattern.block_bytes) {
			rc = read_block(verify, at, buffer);
			if (rc == 0)
				check_blocks(verify, buffer, at, verify->pattern.block_bytes);
			else
				blocks_add(&verify->unreadable, at / verify->pattern.block_bytes);
		}
	}
	if (kl_blk_state(verify->tool->blk) != KL_DEVICE_LOST)
		io_memory_free(verify->tool, &memory);
	blocks_free(&verify->unread_chunks);
	return rc == -EINTR || rc == -ENOMEM ? rc : 0;
}

static int run_pass(struct verify *verify, const struct pump_source *source, double *seconds)
{
	double started = clock_seconds();
	int rc;

	verify->at = 0;
	rc = pump_run(verify->tool, verify->tool->options.depth, verify->chunk_bytes, source);
	*seconds += clock_seconds() - started;
	return rc;
}

int verify_write_pass(struct verify *verify)
{
	const struct pump_source source = {fill_next_write, check_write, verify, "writing",
		verify->size};

	return run_pass(verify, &source, &verify->write_seconds);
}

int verify_read_pass(struct verify *verify)
{
	const struct pump_source source = {fill_next_read, check_read, verify, "reading back",
		verify->size};
	int rc;

	choose_step(verify);
	rc = run_pass(verify, &source, &verify->read_seconds);
	if (rc == 0 && verify->unread_chunks.count > 0)
		rc = read_blocks_again(verify);
	return rc;
}

/* The most frequent generation of a sample. */
static uint32_t find_most_frequent(const uint32_t *generations, unsigned int count)
{
	unsigned int best = 0, most = 0;

	for (unsigned int i = 0; i < count; i++) {
		unsigned int hits = 0;

		for (unsigned int j = 0; j < count; j++)
			hits += generations[j] == generations[i];
		if (generations[i] != 0 && hits > most) {
			best = i;
			most = hits;
		}
	}
	return generations[best];
}

int verify_find_generation(struct verify *verify, uint32_t *generation)
{
	uint64_t blocks = verify->size / verify->pattern.block_bytes;
	unsigned int count = blocks < SAMPLES ? (unsigned int)blocks : SAMPLES;
	struct io_memory memory;
	uint32_t generations[SAMPLES] = {0};
	int rc = io_memory_alloc(verify->tool, verify->pattern.block_bytes, &memory);
	uint8_t *buffer = memory.bytes;

	for (unsigned int i = 0; i < count && rc != -EINTR && buffer != NULL; i++) {
		uint64_t offset = verify->base + blocks * i / count * verify->pattern.block_bytes;

		rc = read_block(verify, offset, buffer);
		if (rc == 0)
			generations[i] = pattern_generation(&verify->pattern,
				offset / verify->pattern.block_bytes, buffer);
	}
	if (kl_blk_state(verify->tool->blk) != KL_DEVICE_LOST)
		io_memory_free(verify->tool, &memory);
	*generation = find_most_frequent(generations, count);
	return rc == -EINTR || rc == -ENOMEM ? rc : 0;
}
