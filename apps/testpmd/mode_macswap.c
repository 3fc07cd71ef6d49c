/* SPDX-License-Identifier: BSD-3-Clause */
/* macswap: packets leave with source and destination address exchanged. */
#include "engine.h"

#include <rte_prefetch.h>

#include "stream.h"

static void swap_addresses(struct rte_mbuf *packet)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	struct rte_ether_addr source;

	rte_ether_addr_copy(&ether->src_addr, &source);
	rte_ether_addr_copy(&ether->dst_addr, &ether->src_addr);
	rte_ether_addr_copy(&source, &ether->dst_addr);
}

static bool macswap_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	if (count == 0)
		return false;
	for (uint16_t i = 0; i < count; i++) {
		if (i + 1 < count)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i + 1], void *));
		swap_addresses(packets[i]);
	}
	stream_send(stream, packets, count);
	return true;
}

const struct fwd_engine macswap_engine = {
	.name = "macswap",
	.burst = macswap_burst,
};
