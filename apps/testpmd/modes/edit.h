/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of the modes that change packets: receive, edit each, send. The edit is a constant where
 * the loop is called, so it is inlined.
 */
#ifndef TESTPMD_EDIT_H
#define TESTPMD_EDIT_H

#include <rte_prefetch.h>

#include "forward/stream.h"

/* edit returns whether the packet is sent; the loop frees it otherwise. */
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

/* Sets the addresses: from the sending port to its peer. */
static inline void edit_set_addresses(const struct fwd_stream *stream, struct rte_mbuf *packet)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);

	rte_ether_addr_copy(&stream->peer, &ether->dst_addr);
	rte_ether_addr_copy(&stream->source, &ether->src_addr);
}

/* Exchanges the addresses, so that the packet returns to its sender. */
static inline void edit_swap_addresses(struct rte_mbuf *packet)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	struct rte_ether_addr source;

	rte_ether_addr_copy(&ether->src_addr, &source);
	rte_ether_addr_copy(&ether->dst_addr, &ether->src_addr);
	rte_ether_addr_copy(&source, &ether->dst_addr);
}

#endif
