/* SPDX-License-Identifier: BSD-3-Clause */
#include "bursts.h"

#include <inttypes.h>
#include <stdio.h>

struct share {
	unsigned int packets;
	uint64_t bursts;
};

/* The two sizes above 0 that came most often, the more frequent first; returns all bursts. */
static uint64_t find_most_frequent(const uint64_t spread[MAX_BURST + 1], struct share top[2])
{
	uint64_t total = spread[0];

	top[0] = top[1] = (struct share){0, 0};
	for (unsigned int packets = 1; packets <= MAX_BURST; packets++) {
		const struct share share = {packets, spread[packets]};

		total += share.bursts;
		if (share.bursts > top[0].bursts) {
			top[1] = top[0];
			top[0] = share;
		} else if (share.bursts > top[1].bursts) {
			top[1] = share;
		}
	}
	return total;
}

/* The last part is what the others leave of 100, so that the percentages add up. */
void bursts_print(const char *direction, const uint64_t spread[MAX_BURST + 1])
{
	struct share parts[3] = {{0, spread[0]}};
	const uint64_t total = find_most_frequent(spread, parts + 1);
	uint64_t shown = 0;
	int percent = 0;

	if (total == 0)
		return;
	printf("  %s-bursts : %" PRIu64 " [", direction, total);
	for (int i = 0; i < 3; i++) {
		const int share = 100.0 * parts[i].bursts / total;

		shown += parts[i].bursts;
		if (shown == total) {
			printf("%d%% of %u pkts]\n", 100 - percent, parts[i].packets);
			return;
		}
		printf("%d%% of %u pkts + ", share, parts[i].packets);
		percent += share;
	}
	printf("%d%% of other]\n", 100 - percent);
}
