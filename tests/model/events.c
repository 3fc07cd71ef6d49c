/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The code's event comparison against the models' definition, for all that can be told apart. It
 * looks at differences of 16-bit indices only, so that one new index stands for all; the others are
 * tried with fewer windows. Prints how many comparisons were made.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "spec/ring.h"

#define INDICES 65536u

static uint64_t comparisons;

/* For one event, all windows that end before new_idx: each is one entry longer than the last. */
static bool check_event(uint16_t event, uint16_t new_idx, unsigned int longest)
{
	bool is_inside = false;

	for (unsigned int length = 0; length < longest; length++) {
		uint16_t old_idx = (uint16_t)(new_idx - length);

		is_inside = is_inside || (length > 0 && old_idx == event);
		comparisons++;
		if ((virtq_need_event(event, new_idx, old_idx) != 0) != is_inside) {
			printf("event %u, from %u to %u: %d\n", event, old_idx, new_idx,
				!is_inside);
			return false;
		}
	}
	return true;
}

/* SINCE and NEED_EVENT of split.pml, with M = 2^16. */
static bool since(unsigned int event, unsigned int new_idx, unsigned int old_idx)
{
	return (new_idx + 2 * INDICES - (event + 1)) % INDICES <
		(new_idx + 2 * INDICES - old_idx) % INDICES;
}

static bool check_model(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	comparisons++;
	if ((virtq_need_event(event, new_idx, old_idx) != 0) == since(event, new_idx, old_idx))
		return true;
	printf("not as the model: event %u, from %u to %u\n", event, old_idx, new_idx);
	return false;
}

int main(void)
{
	bool holds = true;

	for (unsigned int event = 0; event < INDICES && holds; event++)
		holds = check_event((uint16_t)event, 12345, INDICES);
	for (unsigned int event = 0; event < INDICES && holds; event++)
		for (unsigned int new_idx = 0; new_idx < INDICES && holds; new_idx += 4369)
			holds = check_event((uint16_t)event, (uint16_t)new_idx, 300);
	for (unsigned int event = 0; event < INDICES && holds; event++)
		for (unsigned int old_idx = event % 61; old_idx < INDICES && holds; old_idx += 61)
			holds = check_model((uint16_t)event, (uint16_t)(old_idx * 7),
				(uint16_t)old_idx);
	printf("%" PRIu64 " comparisons\n", comparisons);
	return holds ? 0 : 1;
}
