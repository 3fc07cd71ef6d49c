/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream.h"

/*
 * Without buffers there are those that the device has sent already, of which the driver learns only when
 * it has more to send.
 */
uint16_t stream_poll_tap(struct fwd_stream *stream, struct rte_mbuf **packets)
{
	const uint16_t count = tap_receive(stream->rx_tap, stream->pool, packets, stream->burst);

	if (count == 0 && stream->rx_tap->spares < TAP_SEGMENTS && stream->tx_tap == NULL)
		kl_net_tx_kick(stream->tx_net, stream->tx_queue);
	return count;
}
