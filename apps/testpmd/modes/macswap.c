/* SPDX-License-Identifier: BSD-3-Clause */
/* macswap: packets leave with source and destination address exchanged. */
#include "forward/engine.h"

#include "edit.h"

static bool swap_packet(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	(void)stream;
	edit_swap_addresses(packet);
	return true;
}

static bool macswap_burst(struct fwd_stream *stream)
{
	return stream_edit(stream, swap_packet);
}

const struct fwd_engine macswap_engine = {
	.name = "macswap",
	.burst = macswap_burst,
};
