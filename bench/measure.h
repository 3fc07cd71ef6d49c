/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop: a driver's burst and its peer's in turn, the clock around the driver's alone. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "side.h"

#define MAX_BURST 64

/* The burst and the shape of each packet. */
struct load {
	uint16_t queue;
	uint16_t burst;
	uint16_t bytes;
	uint16_t segments;
};

/* Cycles per packet of one round. */
struct cost {
	double tx;
	double rx;
};

/*
 * Sends about packets of load in each direction and checks each that arrives: its number, its
 * length and its last bytes. False after a message when one is missing or wrong.
 */
bool measure(const struct side *side, const struct load *load, unsigned int packets,
	struct rte_mempool *pool, struct cost *cost);

#endif
