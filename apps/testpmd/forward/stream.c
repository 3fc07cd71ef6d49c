/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_net.h>

#define MAC_FORMAT "%02X:%02X:%02X:%02X:%02X:%02X"
#define MAC_BYTES(a) (a)[0], (a)[1], (a)[2], (a)[3], (a)[4], (a)[5]

/*
 * Reads packets of the kernel. When buffers are missing, sent ones may hold them: the driver
 * reclaims those only in its next transmit call, so one is made here.
 */
uint16_t stream_poll_tap(struct fwd_stream *stream, struct rte_mbuf **packets)
{
	const uint16_t count = tap_receive(stream->rx_tap, stream->pool, packets, stream->burst);

	if (count == 0 && stream->rx_tap->spares < TAP_SEGMENTS && stream->tx_tap == NULL)
		kl_net_tx_kick(stream->tx_net, stream->tx_queue);
	return count;
}

static void print_ethernet(const struct rte_mbuf *packet)
{
	const struct rte_ether_hdr *ether;
	struct rte_ether_hdr copy;

	ether = rte_pktmbuf_read(packet, 0, sizeof(copy), &copy);
	if (ether == NULL)
		return;
	printf("  src=" MAC_FORMAT " - dst=" MAC_FORMAT, MAC_BYTES(ether->src_addr.addr_bytes),
		MAC_BYTES(ether->dst_addr.addr_bytes));
	printf(" - pool=%s - type=0x%04x", packet->pool->name, rte_be_to_cpu_16(ether->ether_type));
}

static void print_received(const struct rte_mbuf *packet)
{
	if ((packet->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0)
		printf(" - RSS hash=0x%" PRIx32, packet->hash.rss);
	if ((packet->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0)
		printf(" - VLAN tci=0x%x", packet->vlan_tci);
}

static void print_packet(const struct rte_mbuf *packet, uint16_t queue, bool is_sent)
{
	struct rte_net_hdr_lens lengths = {0};
	const uint32_t type = rte_net_get_ptype(packet, &lengths, RTE_PTYPE_ALL_MASK);
	char text[256];

	print_ethernet(packet);
	printf(" - length=%u - nb_segs=%u", packet->pkt_len, packet->nb_segs);
	if (!is_sent)
		print_received(packet);
	rte_get_ptype_name(type, text, sizeof(text));
	printf(" - sw ptype: %s - l2_len=%d - l3_len=%d - l4_len=%d", text, lengths.l2_len,
		lengths.l3_len, lengths.l4_len);
	printf(" - %s queue=0x%x\n", is_sent ? "Send" : "Receive", queue);
	if (is_sent)
		rte_get_tx_ol_flag_list(packet->ol_flags, text, sizeof(text));
	else
		rte_get_rx_ol_flag_list(packet->ol_flags, text, sizeof(text));
	printf("  ol_flags: %s\n", text);
}

/* Prints one line per packet. The lines of a burst stay together also when several lcores print. */
static void print_packets(uint16_t port, uint16_t queue, bool is_sent, struct rte_mbuf **packets,
	uint16_t count)
{
	flockfile(stdout);
	printf("port %u/queue %u: %s %u packets\n", port, queue, is_sent ? "sent" : "received",
		count);
	for (uint16_t i = 0; i < count; i++)
		print_packet(packets[i], queue, is_sent);
	fflush(stdout);
	funlockfile(stdout);
}

static bool is_printed(const struct fwd_stream *stream, uint8_t bit)
{
	return (atomic_load_explicit(&stream->verbose, memory_order_relaxed) & bit) != 0;
}

/* Inserts a tag behind the addresses. rte_vlan_insert refuses pinned buffers. */
static void push_tag(struct rte_mbuf *packet, uint16_t type, uint16_t tag)
{
	const size_t addresses = 2 * RTE_ETHER_ADDR_LEN;
	const rte_be16_t bytes[] = {rte_cpu_to_be_16(type), rte_cpu_to_be_16(tag)};
	char *start;

	if (packet->data_len < RTE_ETHER_HDR_LEN)
		return;
	start = rte_pktmbuf_prepend(packet, sizeof(bytes));
	if (start == NULL)
		return;
	memmove(start, start + sizeof(bytes), addresses);
	memcpy(start + addresses, bytes, sizeof(bytes));
	packet->l2_len += sizeof(bytes);
}

/* Requests a single tag from the driver; inserts two. */
static void tag_packets(const struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		if (stream->tx_outer_vlan != NO_VLAN) {
			push_tag(packets[i], RTE_ETHER_TYPE_VLAN, stream->tx_vlan);
			push_tag(packets[i], stream->outer_tpid, stream->tx_outer_vlan);
		} else {
			packets[i]->ol_flags |= RTE_MBUF_F_TX_VLAN;
			packets[i]->vlan_tci = stream->tx_vlan;
		}
	}
}

/* Takes the tag from packets that have one still. */
static void strip_packets(struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		if ((packets[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0 &&
			packets[i]->data_len >= RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)
			rte_vlan_strip(packets[i]);
}

static void capture_received(struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		capture_copy(&stream->batch, stream->rx_port, stream->rx_queue, false, packets[i]);
	capture_write(stream->capture, &stream->batch, stream->batch.used);
}

uint16_t stream_receive_watched(struct fwd_stream *stream, struct rte_mbuf **packets)
{
	uint16_t count;

	if (atomic_load_explicit(&stream->rx_held, memory_order_relaxed))
		return 0;
	count = stream_poll(stream, packets);
	if (stream->record_bursts)
		stream->rx_bursts[count]++;
	if (count == 0)
		return 0;
	if (atomic_load_explicit(&stream->strips_vlan, memory_order_relaxed))
		strip_packets(packets, count);
	if (is_printed(stream, VERBOSE_RX))
		print_packets(stream->rx_port, stream->rx_queue, false, packets, count);
	if (stream->capture != NULL && stream->rx_tap == NULL)
		capture_received(stream, packets, count);
	return count;
}

/*
 * Sent packets must not be read any more, so copies are made before; those of refused packets are
 * left out of the file.
 */
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

uint16_t stream_resend_watched(struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count)
{
	uint16_t sent;

	if (atomic_load_explicit(&stream->tx_held, memory_order_relaxed))
		return 0;
	sent = stream->capture != NULL && stream->tx_tap == NULL ?
		send_captured(stream, packets, count) :
		stream_transmit(stream, packets, count);
	if (stream->record_bursts)
		stream->tx_bursts[sent]++;
	return sent;
}

uint16_t stream_send_watched(struct fwd_stream *stream, struct rte_mbuf **packets, uint16_t count)
{
	if (stream->tx_vlan != NO_VLAN)
		tag_packets(stream, packets, count);
	if (is_printed(stream, VERBOSE_TX) &&
		!atomic_load_explicit(&stream->tx_held, memory_order_relaxed))
		print_packets(stream->tx_port, stream->tx_queue, true, packets, count);
	return stream_resend_watched(stream, packets, count);
}
