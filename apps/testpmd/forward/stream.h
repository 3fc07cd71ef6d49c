/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream: one receive queue, and the transmit queue by which its packets leave. During a run it
 * belongs to one forwarding lcore; the control thread only reads its counters.
 */
#ifndef TESTPMD_STREAM_H
#define TESTPMD_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <kickless/net.h>

#include "capture.h"
#include "pace.h"
#include "port/layers.h"
#include "port/sizes.h"
#include "port/tap.h"
#include "settings.h"

/* Levels of "set verbose", as bits. */
#define VERBOSE_RX 1
#define VERBOSE_TX 2

struct fwd_stream {
	/* Fixed during a run. */
	struct kl_net *rx_net;
	struct kl_net *tx_net;
	/* In place of a port's queues, where the other end is the kernel; else NULL. */
	struct tap *rx_tap;
	struct tap *tx_tap;
	struct rte_mempool *pool; /* on the sending device's node */
	const struct fwd_settings *settings;
	uint16_t rx_port;
	uint16_t rx_queue;
	uint16_t tx_port;
	uint16_t tx_queue;
	uint16_t burst;
	/* The control thread may change these atomic ones during a run. */
	atomic_bool is_watched; /* any of the next is set, up to capture */
	atomic_bool rx_held; /* nothing is received or sent */
	atomic_bool tx_held;
	atomic_uchar verbose; /* VERBOSE_ bits */
	bool record_bursts;
	atomic_bool strips_vlan; /* tags are taken from received packets */
	uint16_t tx_vlan; /* tag of sent packets, or NO_VLAN */
	uint16_t tx_outer_vlan; /* the one in front of it, or NO_VLAN */
	uint16_t outer_tpid;
	struct capture *capture; /* NULL without --pcap-out */
	struct rte_ether_addr source; /* the sending port's own */
	struct rte_ether_addr peer;
	struct udp_headers headers; /* of txonly's packets */
	void *engine_data; /* of an engine with end, from its begin on */
	bool announces; /* for the order FWD_ANNOUNCE */
	/* At the control thread's last look. */
	uint64_t nombuf_before;
	uint64_t sent_before;

	/* Written by the stream's lcore. */
	uint64_t rx_packets __rte_cache_aligned;
	uint64_t tx_packets;
	uint64_t dropped;
	uint64_t bad_ip; /* in csum: checksums that the receiving device found wrong */
	uint64_t bad_l4;
	uint64_t busy_cycles;
	uint64_t nombuf; /* turns that made no packet, since the pool was empty */
	struct pace pace;
	uint32_t next_flow;
	struct capture_batch batch;

	uint64_t rx_bursts[MAX_BURST + 1]; /* bursts by their number of packets */
	uint64_t tx_bursts[MAX_BURST + 1];
} __rte_cache_aligned;

/* Receives packets of the kernel from the TAP interface, in place of a receive queue. */
uint16_t stream_poll_tap(struct fwd_stream *stream, struct rte_mbuf **packets);

/*
 * Receive and send with extras: sizes of bursts, packets printed, packets in a file, held queues. A
 * stream without any of them pays one branch for all of it.
 */
uint16_t stream_receive_watched(struct fwd_stream *stream, struct rte_mbuf **packets);
uint16_t stream_send_watched(struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count);
/* For packets that stream_send_watched did not send. */
uint16_t stream_resend_watched(struct fwd_stream *stream, struct rte_mbuf **packets,
	uint16_t count);

/* Sends packets by the queue. Returns how many it took; the rest stays the caller's. */
static inline uint16_t stream_transmit(struct fwd_stream *stream, struct rte_mbuf **packets,
	uint16_t count)
{
	if (unlikely(stream->tx_tap != NULL))
		return tap_send(stream->tx_tap, packets, count);
	return kl_net_tx_burst(stream->tx_net, stream->tx_queue, packets, count);
}

/* Makes the deferred kick decision; polling pauses after this. */
static inline void stream_flush(const struct fwd_stream *stream)
{
	if (stream->tx_tap == NULL)
		kl_net_tx_kick(stream->tx_net, stream->tx_queue);
}

/* Allocates all packets of a burst; false, and the turn is counted, when the pool has too few. */
static inline bool stream_allocate(struct fwd_stream *stream, struct rte_mbuf **packets,
	uint16_t count)
{
	if (likely(rte_pktmbuf_alloc_bulk(stream->pool, packets, count) == 0))
		return true;
	stream->nombuf++;
	return false;
}

/* Receives packets from the queue. */
static inline uint16_t stream_poll(struct fwd_stream *stream, struct rte_mbuf **packets)
{
	if (unlikely(stream->rx_tap != NULL))
		return stream_poll_tap(stream, packets);
	return kl_net_rx_burst(stream->rx_net, stream->rx_queue, packets, stream->burst);
}

static inline bool stream_is_watched(const struct fwd_stream *stream)
{
	return unlikely(atomic_load_explicit(&stream->is_watched, memory_order_relaxed));
}

static inline uint16_t stream_receive(struct fwd_stream *stream, struct rte_mbuf **packets)
{
	const uint16_t count = stream_is_watched(stream) ? stream_receive_watched(stream, packets) :
							   stream_poll(stream, packets);

	stream->rx_packets += count;
	return count;
}

static inline uint16_t stream_try(struct fwd_stream *stream, struct rte_mbuf **packets,
	uint16_t count)
{
	return stream_is_watched(stream) ? stream_send_watched(stream, packets, count) :
					   stream_transmit(stream, packets, count);
}

static inline uint16_t stream_try_again(struct fwd_stream *stream, struct rte_mbuf **packets,
	uint16_t count)
{
	return stream_is_watched(stream) ? stream_resend_watched(stream, packets, count) :
					   stream_transmit(stream, packets, count);
}

/* Retries for "set fwd MODE retry", with a pause before each. */
static inline uint16_t stream_retry(struct fwd_stream *stream, struct rte_mbuf **packets,
	uint16_t sent, uint16_t count)
{
	for (uint32_t n = 0; n < stream->settings->retries && sent < count; n++) {
		rte_delay_us_block(stream->settings->retry_us);
		sent += stream_try_again(stream, packets + sent, count - sent);
	}
	return sent;
}

/* Sends packets; those that the ring refuses, also after retries, are dropped and counted. */
static inline uint16_t stream_send(struct fwd_stream *stream, struct rte_mbuf **packets,
	uint16_t count)
{
	uint16_t sent = stream_try(stream, packets, count);

	if (unlikely(sent < count) && stream->settings->retry)
		sent = stream_retry(stream, packets, sent, count);
	stream->tx_packets += sent;
	if (unlikely(sent < count)) {
		stream->dropped += count - sent;
		rte_pktmbuf_free_bulk(packets + sent, count - sent);
	}
	return sent;
}

#endif
