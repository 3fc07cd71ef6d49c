/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream: one receive queue and the transmit queue that its packets leave by. It belongs to one
 * forwarding lcore during a run; the control thread only reads its counters then.
 */
#ifndef TESTPMD_STREAM_H
#define TESTPMD_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <kickless/net.h>

#include "headers.h"
#include "sizes.h"
#include "pace.h"
#include "settings.h"

struct fwd_stream {
	/* Fixed during a run. */
	struct kl_net *rx_net;
	struct kl_net *tx_net;
	struct rte_mempool *pool; /* on the sending device's node */
	const struct fwd_settings *settings;
	uint16_t rx_port;
	uint16_t rx_queue;
	uint16_t tx_port;
	uint16_t tx_queue;
	uint16_t burst;
	bool record_bursts;
	struct rte_ether_addr source; /* the sending port's own */
	struct rte_ether_addr peer;
	struct udp_headers headers; /* of txonly's packets */

	/* Written by the stream's lcore. */
	uint64_t rx_packets __rte_cache_aligned;
	uint64_t tx_packets;
	uint64_t dropped;
	uint64_t busy_cycles;
	struct pace pace;
	uint32_t next_flow;

	uint64_t rx_bursts[MAX_BURST + 1]; /* how often a burst had so many packets */
	uint64_t tx_bursts[MAX_BURST + 1];
} __rte_cache_aligned;

static inline uint16_t stream_receive(struct fwd_stream *stream, struct rte_mbuf **packets)
{
	const uint16_t count = kl_net_rx_burst(stream->rx_net, stream->rx_queue, packets,
		stream->burst);

	if (unlikely(stream->record_bursts))
		stream->rx_bursts[count]++;
	stream->rx_packets += count;
	return count;
}

/* Sends what the ring has room for; the rest is dropped and counted, like testpmd without retry. */
static inline uint16_t stream_send(struct fwd_stream *stream, struct rte_mbuf **packets,
	uint16_t count)
{
	const uint16_t sent = kl_net_tx_burst(stream->tx_net, stream->tx_queue, packets, count);

	if (unlikely(stream->record_bursts))
		stream->tx_bursts[sent]++;
	stream->tx_packets += sent;
	if (unlikely(sent < count)) {
		stream->dropped += count - sent;
		rte_pktmbuf_free_bulk(packets + sent, count - sent);
	}
	return sent;
}

#endif
