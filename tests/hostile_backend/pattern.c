/* SPDX-License-Identifier: BSD-3-Clause */
#include "pattern.h"

#include "back_end.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* No process has memory there, so a call or an access through it ends the process. */
#define NOWHERE 0x414141414140ull

static const uint64_t indices[] = {0, 1, 2, 3, 127, 128, 255, 256, 257, 511, 512, 1023, 1024, 1025,
	0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff};
static const uint64_t lengths[] = {0, 1, 11, 12, 13, 14, 16, 60, 64, 512, 1514, 1526, 2048, 4096,
	0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xffffffff};

uint64_t pattern_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

uint64_t pattern_below(uint64_t *state, uint64_t limit)
{
	return limit == 0 ? 0 : (pattern_random(state) >> 16) % limit;
}

/* One that leads nowhere, or into memory of the driver's that is shared. */
static uint64_t choose_pointer(uint64_t *state, const struct back_end *back_end)
{
	const struct region *region;

	if (back_end->regions == 0 || pattern_below(state, 2) == 0)
		return NOWHERE;
	region = &back_end->region[pattern_below(state, back_end->regions)];
	return region->user + (pattern_below(state, region->size) & ~7ull);
}

uint64_t pattern_value(uint64_t *state, const struct back_end *back_end, unsigned int width,
	uint64_t found)
{
	switch (pattern_below(state, width == 8 ? 8 : 7)) {
	case 0:
		return pattern_random(state);
	case 1:
		return indices[pattern_below(state, COUNT(indices))];
	case 2:
		return lengths[pattern_below(state, COUNT(lengths))];
	case 3:
		return found + 1;
	case 4:
		return found - 1;
	case 5:
		return UINT64_MAX;
	case 6:
		return 0;
	default:
		return choose_pointer(state, back_end);
	}
}
