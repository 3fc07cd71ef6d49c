/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Partition tables and file systems, recognised in the first bytes of a disk. The first two bytes
 * of the input are the block size, the next two the distance of the others from the start.
 *
 * Invariants: not a byte behind the last is read (each run has memory of its own). What is found in
 * some bytes is found in them with zeros behind.
 */
#include "signature.h"

#include <string.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint32_t block_size = 512u << take16(&input) % 8;
	size_t gap = take16(&input) % 2 == 0 ? 0 : take16(&input), bytes = gap + input.left;
	uint8_t *start = calloc(1, bytes + 1), *longer = calloc(1, SIGNATURE_BYTES);
	uint8_t *exact = malloc(bytes != 0 ? bytes : 1);

	MUST(start != NULL && longer != NULL && exact != NULL && bytes <= SIGNATURE_BYTES);
	memcpy(start + gap, input.data, input.left);
	memcpy(exact, start, bytes);
	memcpy(longer, start, bytes);
	if (signature_find(exact, bytes, block_size) != NULL)
		MUST(signature_find(longer, SIGNATURE_BYTES, block_size) != NULL);
	free(start);
	free(exact);
	free(longer);
	return 0;
}
