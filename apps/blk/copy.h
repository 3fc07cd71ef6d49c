/* SPDX-License-Identifier: BSD-3-Clause */
/* One copy, in either direction. */
#ifndef BLK_APP_COPY_H
#define BLK_APP_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tool.h"

struct copy {
	struct tool *tool;
	int fd;
	const char *name; /* of the file */
	bool is_regular; /* has holes and positions */
	uint32_t chunk_bytes;
	uint32_t depth;
	uint64_t base; /* on the device */
	uint64_t size; /* what is to be copied; of a pipe, what fits */
	uint64_t at;
	uint64_t hole_end; /* up to there the file is known to be a hole */
	uint64_t data_end; /* up to there it is known to be data */
	uint64_t padding; /* bytes added to the last block */

	/* In: the chunk behind a run of zeroes, until its turn comes. */
	uint8_t *carried;
	size_t carried_bytes;

	/*
	 * Out, to what has no positions: completions wait in their places until all of a window are
	 * there.
	 */
	uint8_t *window;
	uint32_t window_asked;
	uint32_t window_done;
	uint64_t window_bytes;

	uint64_t moved; /* bytes that were copied as such; the others are zeroes that were not */
};

/* copy_in.c, copy_out.c: 0, or an error after a message. */
int copy_in(struct copy *copy);
int copy_out(struct copy *copy);

static inline bool is_all_zero(const uint8_t *bytes, size_t count)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

#endif
