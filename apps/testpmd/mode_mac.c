/* SPDX-License-Identifier: BSD-3-Clause */
/* mac: packets leave with the sending port's address as source and its peer's as destination. */
#include "engine.h"

#include <rte_prefetch.h>

#include "stream.h"

static void address_packet(const struct fwd_stream *stream, struct rte_mbuf *packet)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);

	rte_ether_addr_copy(&stream->peer, &ether->dst_addr);
	rte_ether_addr_copy(&stream->source, &ether->src_addr);
}

static bool mac_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	if (count == 0)
		return false;
	for (uint16_t i = 0; i < count; i++) {
		if (i + 1 < count)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i + 1], void *));
		address_packet(stream, packets[i]);
	}
	stream_send(stream, packets, count);
	return true;
}

const struct fwd_engine mac_engine = {
	.name = "mac",
	.burst = mac_burst,
};
