/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The code's event comparison against the models' definition, for all inputs that can differ. It
 * uses differences of 16-bit indices only, so that one new index stands for all; the others are
 * tried with fewer windows. Then the same for packed rings, whose events are places with a wrap
 * bit: sizes that are small or the largest. Prints the number of comparisons.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ring/kick.h"

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
		if ((kl__kick_need_event(event, new_idx, old_idx) != 0) != is_inside) {
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
	if ((kl__kick_need_event(event, new_idx, old_idx) != 0) == since(event, new_idx, old_idx))
		return true;
	printf("not as the model: event %u, from %u to %u\n", event, old_idx, new_idx);
	return false;
}

/* A place of a packed ring with its lap's bit. */
struct place {
	uint16_t off;
	bool wrap;
};

static struct place before(struct place place, uint16_t size)
{
	if (place.off > 0)
		return (struct place){place.off - 1, place.wrap};
	return (struct place){size - 1, !place.wrap};
}

/* 2.8.10, by walking back: is the place one of the last window ones before next? */
static bool is_among(struct place place, struct place next, uint16_t window, uint16_t size)
{
	for (; window > 0; window--) {
		next = before(next, size);
		if (next.off == place.off && next.wrap == place.wrap)
			return true;
	}
	return false;
}

static bool check_place(struct place event, struct place next, uint16_t window, uint16_t size)
{
	struct pvirtq_event_suppress area = {.desc = event.off |
			(event.wrap ? VIRTQ_EVENT_WRAP : 0),
		.flags = RING_EVENT_FLAGS_DESC};
	struct kl_queue queue = {.size = size,
		.event_idx = true,
		.kind = KL__RING_PACKED,
		.device_event = &area,
		.avail_place = next.off,
		.avail_flags = next.wrap ? VIRTQ_DESC_F_AVAIL : VIRTQ_DESC_F_USED};

	comparisons++;
	if (kl__packed_kick_wanted(&queue, window) == is_among(event, next, window, size))
		return true;
	printf("packed, size %u: event %u/%d, next %u/%d, window %u\n", size, event.off, event.wrap,
		next.off, next.wrap, window);
	return false;
}

/* All places against all others, step apart, and windows likewise, with the edges. */
static bool check_size(uint16_t size, uint16_t step)
{
	for (unsigned int next = 0; next < 2u * size; next += step)
		for (unsigned int event = 0; event < 2u * size; event += step)
			for (unsigned int window = 0; window <= size; window += step)
				if (!check_place((struct place){event % size, event < size},
					    (struct place){next % size, next < size},
					    (uint16_t)window, size))
					return false;
	return true;
}

static bool check_packed(void)
{
	for (uint16_t size = 1; size <= 20; size++)
		if (!check_size(size, 1))
			return false;
	return check_size(33, 1) && check_size(255, 15) && check_size(32768, 2048) &&
		check_size(32767, 1489);
}

int main(void)
{
	bool holds = check_packed();

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
