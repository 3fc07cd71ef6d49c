/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"

#include "packets.h"
#include "stream.h"

static bool prints(const struct fwd_stream *stream, uint8_t bit)
{
	return (atomic_load_explicit(&stream->verbose, memory_order_relaxed) & bit) != 0;
}

/* For the driver to insert; the same again when what was not taken is offered once more. */
static void tag(const struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		packets[i]->ol_flags |= RTE_MBUF_F_TX_VLAN;
		packets[i]->vlan_tci = stream->tx_vlan;
	}
}

static void capture_received(struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		capture_copy(&stream->batch, stream->rx_port, stream->rx_queue, false, packets[i]);
	capture_write(stream->capture, &stream->batch, stream->batch.used);
}

uint16_t watch_receive(struct fwd_stream *stream, struct rte_mbuf **packets)
{
	uint16_t count;

	if (atomic_load_explicit(&stream->rx_held, memory_order_relaxed))
		return 0;
	count = stream_poll(stream, packets);
	if (stream->record_bursts)
		stream->rx_bursts[count]++;
	if (count == 0)
		return 0;
	if (prints(stream, VERBOSE_RX))
		packets_print(stream->rx_port, stream->rx_queue, false, packets, count);
	if (stream->capture != NULL && stream->rx_tap == NULL)
		capture_received(stream, packets, count);
	return count;
}

/* Once sent, packets are no longer ours to look at; what was not taken is left out of the file. */
static uint16_t send_captured(struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count)
{
	size_t ends[MAX_BURST + 1] = {0};
	uint16_t sent;

	for (uint16_t i = 0; i < count; i++)
		ends[i + 1] = capture_copy(&stream->batch, stream->tx_port, stream->tx_queue, true,
			packets[i]);
	sent = stream_transmit(stream, packets, count);
	capture_write(stream->capture, &stream->batch, ends[sent]);
	return sent;
}

uint16_t watch_send(struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t sent;

	if (atomic_load_explicit(&stream->tx_held, memory_order_relaxed))
		return 0;
	if (stream->tx_vlan != NO_VLAN)
		tag(stream, packets, count);
	if (prints(stream, VERBOSE_TX))
		packets_print(stream->tx_port, stream->tx_queue, true, packets, count);
	sent = stream->capture != NULL && stream->tx_tap == NULL ?
		send_captured(stream, packets, count) :
		stream_transmit(stream, packets, count);
	if (stream->record_bursts)
		stream->tx_bursts[sent]++;
	return sent;
}
