/* SPDX-License-Identifier: BSD-3-Clause */
#include "pattern.h"

#include <stdbool.h>
#include <string.h>

#include <rte_hash_crc.h>

#define MAGIC 0x6b6c7666u

struct sector {
	uint32_t magic;
	uint32_t crc; /* CRC32C of the sector with 0 here */
	uint64_t block;
	uint64_t seed;
	uint32_t generation;
	uint32_t place; /* in the block */
	uint8_t noise[PATTERN_SECTOR - 40];
	uint32_t generation_again; /* at the other end, so that a partial write shows */
	uint32_t block_low;
};
_Static_assert(sizeof(struct sector) == PATTERN_SECTOR, "a sector");

static uint32_t compute_crc(const struct sector *sector)
{
	struct sector copy = *sector;
	uint32_t crc = 0xffffffff;
	uint64_t word;

	/*
	 * Words are read through memcpy: rte_hash_crc() would read the fields as integers
	 * of another type.
	 */
	copy.crc = 0;
	for (size_t at = 0; at < sizeof(copy); at += sizeof(word)) {
		memcpy(&word, (const uint8_t *)&copy + at, sizeof(word));
		crc = rte_hash_crc_8byte(word, crc);
	}
	return crc;
}

static void make_noise(struct sector *sector)
{
	uint64_t state = (sector->seed ^ sector->block << 20 ^ sector->generation) + sector->place;

	for (size_t at = 0; at < sizeof(sector->noise); at += 8) {
		/* splitmix64, Steele, Lea and Flood 2014. */
		uint64_t word = state += UINT64_C(0x9e3779b97f4a7c15);

		word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
		word ^= word >> 31;
		memcpy(sector->noise + at, &word, 8);
	}
}

void pattern_fill(const struct pattern *pattern, uint64_t block, uint8_t *bytes)
{
	for (uint32_t at = 0; at < pattern->block_bytes; at += PATTERN_SECTOR) {
		struct sector sector = {
			.magic = MAGIC,
			.block = block,
			.seed = pattern->seed,
			.generation = pattern->generation,
			.place = at / PATTERN_SECTOR,
			.generation_again = pattern->generation,
			.block_low = (uint32_t)block,
		};

		make_noise(&sector);
		sector.crc = compute_crc(&sector);
		memcpy(bytes + at, &sector, sizeof(sector));
	}
}

static enum verdict check_sector(const struct pattern *pattern, uint64_t block, uint32_t place,
	const struct sector *sector)
{
	bool is_ours = sector->magic == MAGIC && sector->block == block && sector->place == place;

	if (sector->magic == MAGIC && compute_crc(sector) == sector->crc) {
		if (!is_ours)
			return VERDICT_MISPLACED;
		return sector->seed == pattern->seed && sector->generation == pattern->generation ?
			VERDICT_GOOD :
			VERDICT_STALE;
	}
	if (is_ours && sector->block_low == (uint32_t)block &&
		sector->generation_again != sector->generation)
		return VERDICT_TORN;
	return VERDICT_CORRUPT;
}

/* The worst sector of a block decides; good ones among stale ones make it torn. */
enum verdict pattern_check(const struct pattern *pattern, uint64_t block, const uint8_t *bytes)
{
	unsigned int seen[VERDICTS] = {0};
	struct sector sector;

	for (uint32_t at = 0; at < pattern->block_bytes; at += PATTERN_SECTOR) {
		memcpy(&sector, bytes + at, sizeof(sector));
		seen[check_sector(pattern, block, at / PATTERN_SECTOR, &sector)]++;
	}
	if (seen[VERDICT_CORRUPT] > 0)
		return VERDICT_CORRUPT;
	if (seen[VERDICT_TORN] > 0 || (seen[VERDICT_STALE] > 0 && seen[VERDICT_GOOD] > 0))
		return VERDICT_TORN;
	if (seen[VERDICT_MISPLACED] > 0)
		return VERDICT_MISPLACED;
	return seen[VERDICT_STALE] > 0 ? VERDICT_STALE : VERDICT_GOOD;
}

uint32_t pattern_generation(const struct pattern *pattern, uint64_t block, const uint8_t *bytes)
{
	struct sector sector;

	memcpy(&sector, bytes, sizeof(sector));
	if (sector.magic != MAGIC || sector.block != block || sector.seed != pattern->seed ||
		compute_crc(&sector) != sector.crc)
		return 0;
	return sector.generation;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_GOOD] = "good",
		[VERDICT_STALE] = "stale",
		[VERDICT_MISPLACED] = "misplaced",
		[VERDICT_TORN] = "torn",
		[VERDICT_CORRUPT] = "corrupt",
	};

	return names[verdict];
}
