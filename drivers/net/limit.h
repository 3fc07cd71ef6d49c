/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A limit for what a device can cause at any rate: messages about changes of its configuration, and
 * answers to its requests. Control thread.
 */
#ifndef KL_NET_LIMIT_H
#define KL_NET_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include <kickless/driver/clock.h>

/* All zeros is a limit of which nothing was taken. */
struct net_limit {
	uint64_t taken; /* of late: one less with each period */
	uint64_t since_ms; /* the start of this period, on the monotonic clock */
	uint64_t suppressed; /* refused since the user of the limit set this to 0 */
};

/* True if one more is allowed: most at once, and then one in each period of so many seconds. */
static inline bool net_limit_take(struct net_limit *limit, unsigned int most, unsigned int seconds)
{
	const uint64_t period_ms = 1000 * (uint64_t)seconds;
	const uint64_t periods = (kl_clock_ms() - limit->since_ms) / period_ms;

	limit->taken -= periods < limit->taken ? periods : limit->taken;
	limit->since_ms += periods * period_ms;
	if (limit->taken >= most) {
		limit->suppressed++;
		return false;
	}
	limit->taken++;
	return true;
}

#endif
