/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * txonly: sends UDP packets at full speed, or at --rate. The headers are prepared once and copied
 * to the front of each packet; the payload is what the buffer held. Several segment lengths make
 * packets of several mbufs.
 */
#include "modes.h"

#include <errno.h>

#include <rte_lcore.h>
#include <rte_memcpy.h>

#include "common/message.h"
#include "forward/stream.h"
#include "split.h"

/*
 * UDP source ports of several flows, from here on, in the ephemeral range of RFC 6335. The low byte
 * is the lcore, so that no two lcores make the same flow.
 */
#define FIRST_FLOW 0xc000
#define FLOWS 64

static int txonly_begin(struct fwd_stream *stream)
{
	const struct fwd_settings *settings = stream->settings;
	const struct udp_addresses addresses = {
		.source = stream->source,
		.destination = stream->peer,
		.ip_source = settings->ip_source,
		.ip_destination = settings->ip_destination,
		.udp_source = settings->udp_source,
		.udp_destination = settings->udp_destination,
	};

	if ((settings->multi_flow || settings->split == SPLIT_RANDOM) &&
		settings->segment_bytes[0] < sizeof(struct udp_headers)) {
		print_error("%s: the first segment has %u bytes; the headers need %zu",
			settings->multi_flow ? "--txonly-multi-flow" : "txsplit rand",
			settings->segment_bytes[0], sizeof(struct udp_headers));
		return -EINVAL;
	}
	headers_fill(&stream->headers, &addresses, settings->packet_bytes);
	return 0;
}

/* Copies the headers into a packet whose first segments are shorter than the headers. */
static void scatter_headers(const struct udp_headers *headers, struct rte_mbuf *segment)
{
	const uint8_t *from = (const uint8_t *)headers;
	size_t left = sizeof(*headers);

	for (; left > 0; segment = segment->next) {
		const size_t bytes = RTE_MIN(left, segment->data_len);

		memcpy(rte_pktmbuf_mtod(segment, void *), from, bytes);
		from += bytes;
		left -= bytes;
	}
}

static bool append_segments(struct fwd_stream *stream, struct rte_mbuf *packet, uint16_t count)
{
	const struct fwd_settings *settings = stream->settings;
	struct rte_mbuf *segments[MAX_SEGMENTS];
	struct rte_mbuf *last = packet;

	if (!stream_allocate(stream, segments, count - 1))
		return false;
	for (uint16_t i = 1; i < count; i++) {
		last->next = segments[i - 1];
		last = last->next;
		last->data_len = settings->segment_bytes[i];
	}
	packet->nb_segs = count;
	return true;
}

static void choose_flow(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	struct udp_headers *headers = rte_pktmbuf_mtod(packet, struct udp_headers *);
	const uint16_t flow = stream->next_flow++ % FLOWS;

	headers->udp.src_port = rte_cpu_to_be_16(
		FIRST_FLOW + (flow << 8) + (rte_lcore_id() & 0xff));
}

/* Fits the headers to a packet that is shorter than the others. */
static void shorten_headers(struct rte_mbuf *packet)
{
	struct udp_headers *headers = rte_pktmbuf_mtod(packet, struct udp_headers *);
	const uint16_t bytes = packet->pkt_len - sizeof(headers->ether);

	headers->ip.total_length = rte_cpu_to_be_16(bytes);
	headers->udp.dgram_len = rte_cpu_to_be_16(bytes - sizeof(headers->ip));
	headers->ip.hdr_checksum = 0;
	headers->ip.hdr_checksum = rte_ipv4_cksum(&headers->ip);
}

static uint32_t add_lengths(const struct rte_mbuf *segment)
{
	uint32_t bytes = 0;

	for (; segment != NULL; segment = segment->next)
		bytes += segment->data_len;
	return bytes;
}

static bool make_packet(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	const struct fwd_settings *settings = stream->settings;
	const uint16_t segments = split_segments(settings);

	packet->data_len = settings->segment_bytes[0];
	packet->pkt_len = settings->packet_bytes;
	if (segments > 1 && !append_segments(stream, packet, segments))
		return false;
	if (likely(packet->data_len >= sizeof(struct udp_headers)))
		rte_memcpy(rte_pktmbuf_mtod(packet, void *), &stream->headers,
			sizeof(struct udp_headers));
	else
		scatter_headers(&stream->headers, packet);
	if (unlikely(segments < settings->segments)) {
		packet->pkt_len = add_lengths(packet);
		shorten_headers(packet);
	}
	if (settings->multi_flow)
		choose_flow(stream, packet);
	return true;
}

static bool txonly_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t allowed = pace_allow(&stream->pace);
	uint16_t made = 0;

	if (allowed == 0 || !stream_allocate(stream, packets, allowed))
		return false;
	while (made < allowed && make_packet(stream, packets[made]))
		made++;
	if (unlikely(made < allowed))
		rte_pktmbuf_free_bulk(packets + made, allowed - made);
	if (made == 0)
		return false;
	stream_send(stream, packets, made);
	return true;
}

const struct fwd_engine txonly_engine = {
	.name = "txonly",
	.sends_only = true,
	.paced = true,
	.begin = txonly_begin,
	.burst = txonly_burst,
};
