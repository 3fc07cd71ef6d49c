/* SPDX-License-Identifier: BSD-3-Clause */
#include "blocks.h"

#include <inttypes.h>
#include <stdlib.h>

#define MOST_KEPT 4000000
#define MOST_PRINTED 20

void blocks_add(struct blocks *blocks, uint64_t number)
{
	uint64_t *grown;

	if (blocks->count == blocks->room) {
		uint64_t room = blocks->room == 0 ? 64 : 2 * blocks->room;

		grown = room > MOST_KEPT ? NULL : realloc(blocks->number, room * sizeof(*grown));
		if (grown == NULL) {
			blocks->left_out++;
			return;
		}
		blocks->number = grown;
		blocks->room = room;
	}
	blocks->number[blocks->count++] = number;
}

void blocks_free(struct blocks *blocks)
{
	free(blocks->number);
	*blocks = (struct blocks){0};
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return (first > second) - (first < second);
}

void blocks_sort(struct blocks *blocks)
{
	if (blocks->count > 1)
		qsort(blocks->number, blocks->count, sizeof(*blocks->number), compare_numbers);
}

void blocks_print(const struct blocks *blocks, FILE *out)
{
	unsigned int printed = 0;

	for (uint64_t i = 0; i < blocks->count; printed++) {
		uint64_t last = i;

		if (printed == MOST_PRINTED) {
			fprintf(out, ", ...");
			return;
		}
		while (last + 1 < blocks->count &&
			blocks->number[last + 1] == blocks->number[last] + 1)
			last++;
		fprintf(out, "%s%" PRIu64, printed > 0 ? ", " : "", blocks->number[i]);
		if (last > i)
			fprintf(out, "-%" PRIu64, blocks->number[last]);
		i = last + 1;
	}
}

json_t *blocks_to_json(const struct blocks *blocks)
{
	json_t *list = json_array();

	for (uint64_t i = 0; i < blocks->count; i++)
		json_array_append_new(list, json_integer((json_int_t)blocks->number[i]));
	return list;
}
