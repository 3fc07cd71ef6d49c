/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan of a run: the two ends of each stream, and its lcore. Control thread only, which is
 * the main lcore.
 */
#ifndef TESTPMD_PLAN_H
#define TESTPMD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_lcore.h>

#include "lcore.h"
#include "port/ports.h"
#include "settings.h"

struct fwd {
	/* Fixed for the program. */
	struct ports *ports;
	const struct fwd_settings *next; /* of the next run; verbose applies at once */
	struct capture *capture; /* NULL without --pcap-out */

	struct fwd_settings settings; /* of this run */
	uint16_t port_count;
	struct fwd_stream *streams;
	uint16_t stream_count;
	struct fwd_lcore lcores[RTE_MAX_LCORE];
	uint16_t lcore_count;
	bool running;
	bool reported_mbufs; /* in this run, a stream that finds none */
	bool on_main; /* the main lcore forwards, in slices of fwd_slice */
	uint64_t started_ns;
	uint64_t ended_ns; /* 0 while running */
};

/* The number of lcores that may forward. */
unsigned int fwd_max_cores(void);

/* Makes the streams of a run with the next settings. Returns 0, -ENODEV (no ports) or -ENOMEM. */
int fwd_plan(struct fwd *fwd);
void fwd_free(struct fwd *fwd);

/*
 * Updates the streams, also while they run: held links and queues of their ports, and whether
 * packets are printed.
 */
void fwd_apply(struct fwd *fwd);

/* True when a stream of the planned or running forwarding receives from the port or sends by it. */
bool fwd_has_port(const struct fwd *fwd, uint16_t port);

#endif
