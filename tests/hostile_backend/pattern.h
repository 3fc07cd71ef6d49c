/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers from a seed, and values that a program may take for what it has written itself. */
#ifndef HOSTILE_PATTERN_H
#define HOSTILE_PATTERN_H

#include <stdint.h>

struct back_end;

uint64_t pattern_random(uint64_t *state);
/* A random number below limit; 0 for limit 0. */
uint64_t pattern_below(uint64_t *state, uint64_t limit);
/*
 * A value to write in place of found, of so many bytes (1, 2, 4 or 8): random, a pointer into the
 * driver's process, an index, a length, found plus or minus one, all ones, or zero.
 */
uint64_t pattern_value(uint64_t *state, const struct back_end *back_end, unsigned int width,
	uint64_t found);

#endif
