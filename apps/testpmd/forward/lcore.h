/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An lcore that forwards its streams, turn by turn, and runs orders of the control thread. During a
 * run all functions belong to the lcore itself.
 */
#ifndef TESTPMD_LCORE_H
#define TESTPMD_LCORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "idle.h"
#include "stream.h"

/* Orders of the control thread; an lcore reads its order once per round. */
enum fwd_order {
	FWD_GO_ON,
	FWD_CLEAR, /* set the streams' counters to 0, then go on */
	FWD_ANNOUNCE, /* send the announcement of a device's place, then go on */
	FWD_STOP,
};

struct fwd_lcore {
	/* Fixed during a run. */
	unsigned int id;
	const struct fwd_engine *engine;
	const struct fwd_engine *first_engine; /* mode of the bursts to send first */
	bool record_cycles;
	struct fwd_stream *streams; /* the first of its own, which are contiguous */
	uint16_t stream_count;
	uint32_t tx_first; /* bursts to send first */
	struct idle idle;

	/*
	 * An enum fwd_order, written by the control thread; the lcore resets the one that it has
	 * run, if that still stands there.
	 */
	atomic_int order __rte_cache_aligned;
	/* Written by the lcore: the time of the first packet it sent in this process; 0: none. */
	uint64_t first_sent_ns __rte_cache_aligned;
};

/* Sends the bursts that precede forwarding. */
void lcore_begin(struct fwd_lcore *lcore);

/* One turn of each stream. Returns true when one had work. */
bool lcore_round(struct fwd_lcore *lcore);

/* Makes all deferred kick decisions. */
void lcore_end(const struct fwd_lcore *lcore);

/* Runs an order other than FWD_STOP. */
void lcore_run_order(struct fwd_lcore *lcore, int order);

/* The main function of an lcore other than the main one: runs until FWD_STOP. Returns 0. */
int lcore_main(void *lcore);

/* Sends the packet that announces a device's place, by a queue of the caller's. */
void lcore_announce(struct kl_net *net, uint16_t queue, struct rte_mempool *pool);

#endif
