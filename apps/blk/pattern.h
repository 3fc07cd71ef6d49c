/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pattern that verify writes. Each 512 bytes state their place and their run, and carry
 * a CRC32C. So a read shows what went wrong: no pattern, an older one, one of another place,
 * or two halves.
 */
#ifndef BLK_APP_PATTERN_H
#define BLK_APP_PATTERN_H

#include <stdint.h>

#define PATTERN_SECTOR 512

enum verdict {
	VERDICT_GOOD,
	VERDICT_STALE, /* of this block, but of another run: a write was lost */
	VERDICT_MISPLACED, /* of another block: a write or read went to a wrong place */
	VERDICT_TORN, /* of two runs: a write was incomplete */
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
/* The generation with which a good sector with this seed was written; 0 when it is none. */
uint32_t pattern_generation(const struct pattern *pattern, uint64_t block, const uint8_t *bytes);

const char *verdict_name(enum verdict verdict);

#endif
