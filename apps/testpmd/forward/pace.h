/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A limit for the rate of packets, by the time stamp counter and without divisions on
 * the data path.
 */
#ifndef TESTPMD_PACE_H
#define TESTPMD_PACE_H

#include <stdint.h>

#include <rte_cycles.h>

struct pace {
	uint16_t burst; /* packets per burst */
	uint64_t step; /* cycles per burst, in 1/65536; 0 for no limit */
	uint64_t max_behind; /* cycles of delay that are caught up; more is forgotten */
	uint64_t next; /* time of the next burst */
	uint64_t next_part; /* and the fraction, in 1/65536 of a cycle */
};

/* One burst every ns. */
static inline void pace_set_period(struct pace *pace, uint64_t ns, uint16_t burst)
{
	*pace = (struct pace){
		.burst = burst,
		.step = (uint64_t)((double)ns * rte_get_tsc_hz() / NS_PER_S * 65536),
		.max_behind = rte_get_tsc_hz() / 10,
		.next = rte_rdtsc(),
	};
}

/* Sets a rate; 0 is no limit. At small rates a burst has at most a millisecond's packets. */
static inline void pace_set(struct pace *pace, uint64_t rate, uint16_t burst)
{
	*pace = (struct pace){.burst = burst};
	if (rate == 0)
		return;
	if (rate / MS_PER_S < burst)
		pace->burst = rate / MS_PER_S > 0 ? rate / MS_PER_S : 1;
	pace->step = (uint64_t)((double)rte_get_tsc_hz() * 65536 / rate * pace->burst);
	pace->max_behind = rte_get_tsc_hz() / 10;
	pace->next = rte_rdtsc();
}

/* The number of packets that may go now. */
static inline uint16_t pace_allow(struct pace *pace)
{
	uint64_t now;

	if (pace->step == 0)
		return pace->burst;
	now = rte_rdtsc();
	if ((int64_t)(now - pace->next) < 0)
		return 0;
	if (now - pace->next > pace->max_behind)
		pace->next = now;
	pace->next_part += pace->step;
	pace->next += pace->next_part >> 16;
	pace->next_part &= 0xffff;
	return pace->burst;
}

#endif
