/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run of forwarding: its streams, the lcores that they are spread over, its start and its end.
 * All functions belong to the control thread, which is the main lcore; it forwards too when EAL has
 * no other.
 */
#ifndef TESTPMD_FORWARD_H
#define TESTPMD_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_lcore.h>

#include "lcore.h"
#include "settings.h"

struct port;
struct testpmd;

struct fwd {
	struct fwd_settings settings; /* of this run */
	uint16_t port_count;
	struct fwd_stream *streams;
	uint16_t stream_count;
	struct fwd_lcore lcores[RTE_MAX_LCORE];
	uint16_t lcore_count;
	bool running;
	bool on_main; /* the main lcore forwards, in slices of fwd_slice */
	uint64_t started_ns;
	uint64_t ended_ns; /* 0 while running */
};

/* How many lcores may forward. */
unsigned int fwd_max_cores(void);

/* Whether a stream of the planned run, or of the one that is on, takes from it or sends by it. */
bool fwd_has_port(const struct fwd *fwd, uint16_t port);

/* Builds the streams of a run with the present settings. 0, -ENODEV (no ports), -ENOMEM. */
int fwd_plan(struct testpmd *pmd);
void fwd_free(struct fwd *fwd);

/*
 * For the streams, also while they run: what ports say of links and queues that are to be left alone, and
 * whether packets are printed.
 */
void fwd_apply(struct testpmd *pmd);

/* Starts, after sending tx_first bursts. 0 or -errno after a message. */
int fwd_start(struct testpmd *pmd, uint32_t tx_first);

/* Ends the run; its report is in pmd->report, and printed. */
void fwd_stop(struct testpmd *pmd);

/* Sets the statistics of the run to 0, also while it is on. */
void fwd_clear(struct testpmd *pmd);

/* Sends the packet with which the network learns where a started port's device is now. */
void fwd_announce(struct testpmd *pmd, const struct port *port);

/* Forwards on the main lcore for about a hundredth of a second, if that is its job, or until it has
 * been without packets for so long that it may sleep; then true. */
bool fwd_slice(struct fwd *fwd);

/* As idle_arm and idle_disarm, for the main lcore when it forwards. */
bool fwd_arm(struct fwd *fwd);
void fwd_disarm(struct fwd *fwd);

/* How long the run took until now, or until its end. */
double fwd_seconds(const struct fwd *fwd);

#endif
