/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts of values over many orders of magnitude. Within each power of two the buckets have the
 * same width, so a percentile is right to less than one percent. One writer.
 */
#ifndef BLK_APP_HISTOGRAM_H
#define BLK_APP_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS 7 /* buckets per power of two, as a power of two */
#define HISTOGRAM_WIDTH (1u << HISTOGRAM_BITS)
#define HISTOGRAM_RANGES (64 - HISTOGRAM_BITS + 1)

struct histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	uint64_t bucket[HISTOGRAM_RANGES * HISTOGRAM_WIDTH];
};

/*
 * The bucket of a value. Values below the width have one each; above it, the top bits choose
 * range and bucket.
 */
static inline unsigned int histogram_index(uint64_t value)
{
	unsigned int range;

	if (value < HISTOGRAM_WIDTH)
		return (unsigned int)value;
	range = 64 - HISTOGRAM_BITS - (unsigned int)__builtin_clzll(value);
	return range * HISTOGRAM_WIDTH +
		(unsigned int)(value >> (range - 1) & (HISTOGRAM_WIDTH - 1));
}

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->bucket[histogram_index(value)]++;
	histogram->count++;
	histogram->sum += value;
	if (value > histogram->max)
		histogram->max = value;
	if (value < histogram->min)
		histogram->min = value;
}

void histogram_clear(struct histogram *histogram);
void histogram_merge(struct histogram *sum, const struct histogram *part);

/* The value that a share (0 to 1) of all values don't exceed; 0 when there are none. */
uint64_t histogram_percentile(const struct histogram *histogram, double share);
double histogram_mean(const struct histogram *histogram);

#endif
