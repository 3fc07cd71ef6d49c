/* SPDX-License-Identifier: BSD-3-Clause */
/* mac: packets leave with the sending port's address as source and its peer's as destination. */
#include "forward/engine.h"

#include "edit.h"

static bool address_packet(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	edit_set_addresses(stream, packet);
	return true;
}

static bool mac_burst(struct fwd_stream *stream)
{
	return stream_edit(stream, address_packet);
}

const struct fwd_engine mac_engine = {
	.name = "mac",
	.burst = mac_burst,
};
