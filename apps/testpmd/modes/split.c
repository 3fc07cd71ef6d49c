/* SPDX-License-Identifier: BSD-3-Clause */
#include "split.h"

#include <rte_random.h>

#include "edit.h"

uint16_t split_segments(const struct fwd_settings *settings)
{
	if (settings->split != SPLIT_RANDOM)
		return settings->segments;
	/* One to all of them, without a division. */
	return 1 + (uint16_t)(((rte_rand() & UINT32_MAX) * settings->segments) >> 32);
}

/*
 * The bytes of each segment of a packet: those listed, and in the last one all that is left.
 * Returns how many segments, or 0 when a buffer does not hold its segment.
 */
static uint16_t choose_lengths(const struct fwd_stream *stream, uint32_t bytes,
	uint32_t lengths[MAX_SEGMENTS])
{
	const struct fwd_settings *settings = stream->settings;
	const uint16_t most = split_segments(settings);
	const uint32_t room = rte_pktmbuf_data_room_size(stream->pool) - RTE_PKTMBUF_HEADROOM;
	uint16_t count = 0;

	while (bytes > 0) {
		const uint32_t wanted = settings->segment_bytes[count];
		const bool is_last = count + 1 == most;

		lengths[count] = is_last || wanted > bytes ? bytes : wanted;
		if (lengths[count] > room)
			return 0;
		bytes -= lengths[count++];
	}
	return count;
}

/* Copies the fields that belong to the packet and not to its buffer. */
static void copy_fields(struct rte_mbuf *copy, const struct rte_mbuf *packet)
{
	const uint64_t of_buffer = RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;

	copy->port = packet->port;
	copy->vlan_tci = packet->vlan_tci;
	copy->vlan_tci_outer = packet->vlan_tci_outer;
	copy->tx_offload = packet->tx_offload;
	copy->hash = packet->hash;
	copy->packet_type = packet->packet_type;
	copy->ol_flags = (copy->ol_flags & of_buffer) | (packet->ol_flags & ~of_buffer);
}

struct rte_mbuf *split_copy(const struct fwd_stream *stream, struct rte_mbuf *packet)
{
	uint32_t lengths[MAX_SEGMENTS];
	struct rte_mbuf *segments[MAX_SEGMENTS];
	const uint16_t count = choose_lengths(stream, packet->pkt_len, lengths);
	uint32_t at = 0;

	if (count == 0 || rte_pktmbuf_alloc_bulk(stream->pool, segments, count) != 0)
		return packet;
	for (uint16_t i = 0; i < count; i++) {
		char *to = rte_pktmbuf_mtod(segments[i], char *);
		const char *from = rte_pktmbuf_read(packet, at, lengths[i], to);

		if (from != to)
			memcpy(to, from, lengths[i]);
		segments[i]->data_len = lengths[i];
		segments[i]->next = i + 1 < count ? segments[i + 1] : NULL;
		at += lengths[i];
	}
	copy_fields(segments[0], packet);
	segments[0]->pkt_len = packet->pkt_len;
	segments[0]->nb_segs = count;
	rte_pktmbuf_free(packet);
	return segments[0];
}
