/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What verify writes. Each 512 bytes tell where they belong, which run wrote them, and carry a
 * CRC32C, so that what went wrong shows in what is read: nothing of a pattern, an older one, one of
 * elsewhere, or two halves.
 */
#ifndef BLK_APP_PATTERN_H
#define BLK_APP_PATTERN_H

#include <stdint.h>

#define PATTERN_SECTOR 512

enum verdict {
	VERDICT_GOOD,
	VERDICT_STALE, /* a pattern of this block, but of another run: a write was lost */
	VERDICT_MISPLACED, /* a pattern of another block: a write or read went astray */
	VERDICT_TORN, /* parts of two runs: a write was cut in the middle */
	VERDICT_CORRUPT, /* no pattern at all */
	VERDICTS,
};

struct pattern {
	uint64_t seed;
	uint32_t generation;
	uint32_t block_bytes;
};

/* Fills one block. */
void pattern_fill(const struct pattern *pattern, uint64_t block, uint8_t *bytes);
enum verdict pattern_check(const struct pattern *pattern, uint64_t block, const uint8_t *bytes);
/* The generation that a good sector with this seed was written with; 0 when it is none. */
uint32_t pattern_generation(const struct pattern *pattern, uint64_t block, const uint8_t *bytes);

const char *verdict_name(enum verdict verdict);

#endif
