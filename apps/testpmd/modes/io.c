/* SPDX-License-Identifier: BSD-3-Clause */
/* io: packets leave as they came. Their data is never touched. */
#include "forward/engine.h"

#include "forward/stream.h"

static bool io_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	if (count == 0)
		return false;
	stream_send(stream, packets, count);
	return true;
}

const struct fwd_engine io_engine = {
	.name = "io",
	.burst = io_burst,
};
