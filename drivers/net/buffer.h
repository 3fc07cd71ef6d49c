/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The buffers of packets. One that is external and pinned (DPDK's
 * RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF) is for ever one mbuf's, but does not follow it in memory.
 */
#ifndef KL_NET_BUFFER_H
#define KL_NET_BUFFER_H

#include <stdbool.h>

#include <rte_mbuf.h>

static inline bool net_pool_is_pinned(const struct rte_mempool *pool)
{
	return (rte_pktmbuf_priv_flags((struct rte_mempool *)(uintptr_t)pool) &
		       RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF) != 0;
}

/*
 * True if nobody else holds the packet's first buffer, so that its headroom may be written. A clone
 * of a packet with a pinned buffer counts in the buffer's own record.
 */
static inline bool net_owns_buffer(const struct rte_mbuf *packet)
{
	if (rte_mbuf_refcnt_read(packet) != 1)
		return false;
	if (RTE_MBUF_DIRECT(packet))
		return true;
	return RTE_MBUF_HAS_EXTBUF(packet) && net_pool_is_pinned(packet->pool) &&
		rte_mbuf_ext_refcnt_read(packet->shinfo) == 1;
}

#endif
