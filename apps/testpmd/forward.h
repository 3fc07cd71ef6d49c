/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run of forwarding: its streams, the lcores that they are spread over, its start and its end.
 * All functions belong to the control thread, which is the main lcore; it forwards too when EAL has
 * no other.
 */
#ifndef TESTPMD_FORWARD_H
#define TESTPMD_FORWARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_lcore.h>

#include "settings.h"
#include "stream.h"

struct port;
struct testpmd;

/* What the control thread tells an lcore, which looks once per round. */
enum fwd_order {
	FWD_GO_ON,
	FWD_CLEAR, /* set the streams' counters to 0, then go on */
	FWD_ANNOUNCE, /* send what says where a device is now, then go on */
	FWD_STOP,
};

struct fwd_lcore {
	/* Fixed during a run. */
	unsigned int id;
	const struct fwd_engine *engine;
	bool record_cycles;
	struct fwd_stream *streams; /* the first of its own, which lie side by side */
	uint16_t stream_count;
	uint32_t tx_first; /* bursts to send before all else */
	struct idle idle;

	/* An enum fwd_order, written by the control thread; the lcore takes all but FWD_STOP back. */
	atomic_int order __rte_cache_aligned;
	/* Written by the lcore: when it sent a packet for the first time in this process; 0: never. */
	uint64_t first_sent_ns __rte_cache_aligned;
};

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
