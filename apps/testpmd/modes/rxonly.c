/* SPDX-License-Identifier: BSD-3-Clause */
/* rxonly: packets are counted and dropped. */
#include "forward/engine.h"

#include "forward/stream.h"

static bool rxonly_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	if (count == 0)
		return false;
	rte_pktmbuf_free_bulk(packets, count);
	return true;
}

const struct fwd_engine rxonly_engine = {
	.name = "rxonly",
	.burst = rxonly_burst,
};
