/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of the modes that change packets on their way: receive, edit each, send. The edit is
 * known where the loop is written down, so it is compiled into it.
 */
#ifndef TESTPMD_EDIT_H
#define TESTPMD_EDIT_H

#include <rte_prefetch.h>

#include "forward/stream.h"

/* edit tells whether the packet goes on; if not, the loop frees it. */
static inline __attribute__((always_inline)) bool stream_edit(struct fwd_stream *stream,
	bool (*edit)(struct fwd_stream *stream, struct rte_mbuf *packet))
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *packet = packets[i];

		if (i + 1 < count)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i + 1], void *));
		if (likely(edit(stream, packet)))
			packets[kept++] = packet;
		else
			rte_pktmbuf_free(packet);
	}
	if (kept > 0)
		stream_send(stream, packets, kept);
	return count > 0;
}

/* From the sending port to its peer. */
static inline void edit_set_addresses(const struct fwd_stream *stream, struct rte_mbuf *packet)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);

	rte_ether_addr_copy(&stream->peer, &ether->dst_addr);
	rte_ether_addr_copy(&stream->source, &ether->src_addr);
}

/* Back to where it came from. */
static inline void edit_swap_addresses(struct rte_mbuf *packet)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	struct rte_ether_addr source;

	rte_ether_addr_copy(&ether->src_addr, &source);
	rte_ether_addr_copy(&ether->dst_addr, &ether->src_addr);
	rte_ether_addr_copy(&source, &ether->dst_addr);
}

#endif
