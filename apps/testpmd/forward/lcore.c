/* SPDX-License-Identifier: BSD-3-Clause */
#include "lcore.h"

#include <string.h>

#include <rte_cycles.h>

#include <kickless/net_control.h>

#include "common/clock.h"
#include "engine.h"

static inline void note_first_packet(struct fwd_lcore *lcore, const struct fwd_stream *stream)
{
	if (unlikely(lcore->first_sent_ns == 0) && stream->tx_packets > 0)
		lcore->first_sent_ns = clock_ns();
}

/*
 * One turn of one stream. A transmit queue whose kick policy waits may have a deferred kick
 * decision, so it is called even when there was nothing to send.
 */
static inline bool stream_turn(struct fwd_lcore *lcore, struct fwd_stream *stream)
{
	const uint64_t sent = stream->tx_packets;
	const uint64_t begin = lcore->record_cycles ? rte_rdtsc() : 0;
	const bool busy = lcore->engine->burst(stream);

	if (stream->tx_packets == sent)
		stream_transmit(stream, NULL, 0);
	else
		note_first_packet(lcore, stream);
	if (busy && lcore->record_cycles)
		stream->busy_cycles += rte_rdtsc() - begin;
	return busy;
}

bool lcore_round(struct fwd_lcore *lcore)
{
	bool busy = false;

	for (uint16_t i = 0; i < lcore->stream_count; i++)
		busy |= stream_turn(lcore, &lcore->streams[i]);
	return busy;
}

void lcore_begin(struct fwd_lcore *lcore)
{
	for (uint32_t n = 0; n < lcore->tx_first; n++)
		for (uint16_t i = 0; i < lcore->stream_count; i++) {
			lcore->first_engine->burst(&lcore->streams[i]);
			note_first_packet(lcore, &lcore->streams[i]);
		}
}

void lcore_end(const struct fwd_lcore *lcore)
{
	for (uint16_t i = 0; i < lcore->stream_count; i++)
		stream_flush(&lcore->streams[i]);
}

static void clear_streams(const struct fwd_lcore *lcore)
{
	for (uint16_t i = 0; i < lcore->stream_count; i++) {
		struct fwd_stream *stream = &lcore->streams[i];

		stream->rx_packets = 0;
		stream->tx_packets = 0;
		stream->dropped = 0;
		stream->bad_ip = 0;
		stream->bad_l4 = 0;
		stream->busy_cycles = 0;
		memset(stream->rx_bursts, 0, sizeof(stream->rx_bursts));
		memset(stream->tx_bursts, 0, sizeof(stream->tx_bursts));
	}
}

void lcore_announce(struct kl_net *net, uint16_t queue, struct rte_mempool *pool)
{
	struct rte_mbuf *packet = kl_net_announcement_create(net, pool);

	if (packet != NULL && kl_net_tx_burst(net, queue, &packet, 1) == 0)
		rte_pktmbuf_free(packet);
	kl_net_tx_kick(net, queue);
}

/* Announces by the first queue of each port that requests it. */
static void announce_streams(const struct fwd_lcore *lcore)
{
	for (uint16_t i = 0; i < lcore->stream_count; i++) {
		struct fwd_stream *stream = &lcore->streams[i];

		if (stream->announces)
			lcore_announce(stream->tx_net, stream->tx_queue, stream->pool);
		stream->announces = false;
	}
}

void lcore_run_order(struct fwd_lcore *lcore, int order)
{
	if (order == FWD_CLEAR)
		clear_streams(lcore);
	else if (order == FWD_ANNOUNCE)
		announce_streams(lcore);
}

int lcore_main(void *argument)
{
	struct fwd_lcore *lcore = argument;
	int order;

	lcore_begin(lcore);
	while ((order = atomic_load_explicit(&lcore->order, memory_order_relaxed)) != FWD_STOP) {
		if (unlikely(order != FWD_GO_ON)) {
			lcore_run_order(lcore, order);
			/* Unless the next order has come already: it may be FWD_STOP. */
			atomic_compare_exchange_strong_explicit(&lcore->order, &order, FWD_GO_ON,
				memory_order_release, memory_order_relaxed);
		}
		if (idle_is_due(&lcore->idle, lcore_round(lcore)))
			idle_sleep(&lcore->idle, lcore->streams, lcore->stream_count);
	}
	lcore_end(lcore);
	return 0;
}
