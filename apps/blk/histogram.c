/* SPDX-License-Identifier: BSD-3-Clause */
#include "histogram.h"

#include <string.h>

void histogram_clear(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->min = UINT64_MAX;
}

void histogram_merge(struct histogram *sum, const struct histogram *part)
{
	sum->count += part->count;
	sum->sum += part->sum;
	if (part->min < sum->min)
		sum->min = part->min;
	if (part->max > sum->max)
		sum->max = part->max;
	for (unsigned int i = 0; i < HISTOGRAM_RANGES * HISTOGRAM_WIDTH; i++)
		sum->bucket[i] += part->bucket[i];
}

/* The largest value of a bucket. */
static uint64_t bucket_end(unsigned int index)
{
	unsigned int range = index / HISTOGRAM_WIDTH;
	uint64_t bucket = index % HISTOGRAM_WIDTH;

	if (range == 0)
		return bucket;
	return ((HISTOGRAM_WIDTH + bucket + 1) << (range - 1)) - 1;
}

uint64_t histogram_percentile(const struct histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)histogram->count), seen = 0;

	if (wanted < share * (double)histogram->count || wanted == 0)
		wanted++;
	for (unsigned int i = 0; i < HISTOGRAM_RANGES * HISTOGRAM_WIDTH; i++) {
		seen += histogram->bucket[i];
		if (seen >= wanted)
			return bucket_end(i) < histogram->max ? bucket_end(i) : histogram->max;
	}
	return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
	return histogram->count > 0 ? (double)histogram->sum / (double)histogram->count : 0;
}
