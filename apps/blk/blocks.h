/* SPDX-License-Identifier: BSD-3-Clause */
/* A list of block numbers. */
#ifndef BLK_APP_BLOCKS_H
#define BLK_APP_BLOCKS_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

struct blocks {
	uint64_t *number;
	uint64_t count;
	uint64_t room;
	uint64_t left_out; /* numbers without memory for them */
};

void blocks_add(struct blocks *blocks, uint64_t number);
void blocks_free(struct blocks *blocks);
void blocks_sort(struct blocks *blocks);
/* Prints a sorted list as "7, 12-31, ..."; a long one is cut. */
void blocks_print(const struct blocks *blocks, FILE *out);
json_t *blocks_to_json(const struct blocks *blocks);

#endif
