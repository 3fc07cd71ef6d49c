/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of a pool's packets, and whether a device reaches all of it. */
#ifndef KL_NET_POOL_REACH_H
#define KL_NET_POOL_REACH_H

#include <rte_mempool.h>

#include "ring/reach.h"

/* The memory that a device reaches. */
struct net_reach {
	/* NULL: all memory. */
	const struct kl__reach *table;
	/* Bus addresses are virtual ones; else they are those that DPDK knows. */
	bool is_virtual;
};

/* Findings about the buffers of all packets of a pool. */
struct net_pool_memory {
	/* The address of one that the device does not reach, NULL if there is none. */
	const void *unreachable;
	/*
	 * DPDK knows the bus addresses that are right for the device, in buf_iova of mbufs.
	 * External memory may have others there, where they are to be virtual ones.
	 */
	bool has_right_iova;
};

/* Checks all buffers of a pool. Takes a moment if they are pinned, one by one. */
struct net_pool_memory net_pool_check_memory(struct rte_mempool *pool,
	const struct net_reach *reach);

/* True if a buffer of the pool has bytes in common with the size bytes at address. */
bool net_pool_overlaps(struct rte_mempool *pool, const void *address, size_t size);

#endif
