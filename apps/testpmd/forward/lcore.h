/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An lcore that forwards: its streams, turn by turn, and what the control thread tells it
 * meanwhile. During a run all functions belong to the lcore itself.
 */
#ifndef TESTPMD_LCORE_H
#define TESTPMD_LCORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "idle.h"
#include "stream.h"

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
	const struct fwd_engine *first_engine; /* of the bursts before all else */
	bool record_cycles;
	struct fwd_stream *streams; /* the first of its own, which lie side by side */
	uint16_t stream_count;
	uint32_t tx_first; /* bursts to send before all else */
	struct idle idle;

	/*
	 * An enum fwd_order, written by the control thread; the lcore takes all but FWD_STOP back.
	 */
	atomic_int order __rte_cache_aligned;
	/*
	 * Written by the lcore: when it sent a packet for the first time in this process; 0: never.
	 */
	uint64_t first_sent_ns __rte_cache_aligned;
};

/* Sends the bursts that come before all else. */
void lcore_begin(struct fwd_lcore *lcore);

/* One turn of each stream; whether one had something to do. */
bool lcore_round(struct fwd_lcore *lcore);

/* Leaves nothing unsaid that was sent. */
void lcore_end(const struct fwd_lcore *lcore);

/* Does what an enum fwd_order other than FWD_STOP asks for. */
void lcore_run_order(struct fwd_lcore *lcore, int order);

/*
 * The whole life of an lcore other than the main one: begins, goes on until FWD_STOP,
 * ends. Returns 0.
 */
int lcore_main(void *lcore);

/*
 * Sends the packet with which the network learns where a device is now, by a queue of the caller's.
 */
void lcore_announce(struct kl_net *net, uint16_t queue, struct rte_mempool *pool);

#endif
