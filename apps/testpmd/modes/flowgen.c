/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flowgen: sends UDP packets of many flows, one after the other, and drops received ones. A flow is
 * a destination address. Addresses, ports and the four bytes subtracted for an FCS are testpmd's.
 */
#include "modes.h"

#include <errno.h>

#include <rte_memcpy.h>

#include "common/message.h"
#include "forward/stream.h"

#define FCS_BYTES 4

static const struct udp_addresses first_flow = {
	.source = {{0x00, 0x01, 0x02, 0x03, 0x04, 0x00}},
	.destination = {{0x00, 0x01, 0x02, 0x03, 0x04, 0x01}},
	.ip_source = RTE_IPV4(10, 254, 0, 0),
	.ip_destination = RTE_IPV4(10, 253, 0, 0),
	.udp_source = 1000,
	.udp_destination = 1001,
};

/* Headers of all streams of a run; those in the streams may serve --tx-first. */
static struct udp_headers flow_headers;

static uint16_t flow_packet_bytes(const struct fwd_settings *settings)
{
	return settings->packet_bytes - FCS_BYTES;
}

static int flowgen_begin(struct fwd_stream *stream)
{
	const uint16_t room = rte_pktmbuf_data_room_size(stream->pool) - RTE_PKTMBUF_HEADROOM;
	const uint16_t bytes = flow_packet_bytes(stream->settings);

	if (bytes < sizeof(struct udp_headers) || bytes > room) {
		print_error(
			"flowgen: packets of %u bytes; allowed: %zu to %u, the bytes of an mbuf",
			bytes, sizeof(struct udp_headers), room);
		return -EINVAL;
	}
	headers_fill(&flow_headers, &first_flow, bytes);
	return 0;
}

/* The IP checksum covers the flow's address, so it is computed anew. */
static void make_flow_packet(const struct fwd_stream *stream, struct rte_mbuf *packet,
	uint32_t flow)
{
	struct udp_headers *headers = rte_pktmbuf_mtod(packet, struct udp_headers *);

	packet->data_len = flow_packet_bytes(stream->settings);
	packet->pkt_len = packet->data_len;
	rte_memcpy(headers, &flow_headers, sizeof(*headers));
	headers->ip.dst_addr = rte_cpu_to_be_32(first_flow.ip_destination + flow);
	headers->ip.hdr_checksum = 0;
	headers->ip.hdr_checksum = rte_ipv4_cksum(&headers->ip);
}

static bool drop_received(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	rte_pktmbuf_free_bulk(packets, count);
	return count > 0;
}

/* The flow some packets behind another one, both below the number of flows. */
static uint32_t advance_flow(uint32_t flow, uint16_t packets, uint32_t flows)
{
	return flow + packets < flows ? flow + packets : (flow + packets) % flows;
}

static bool flowgen_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint32_t flows = stream->settings->flows;
	const bool received = drop_received(stream);
	const uint16_t allowed = pace_allow(&stream->pace);
	uint32_t flow = advance_flow(stream->next_flow, 0, flows);

	if (allowed == 0 || !stream_allocate(stream, packets, allowed))
		return received;
	stream->next_flow = flow;
	for (uint16_t i = 0; i < allowed; i++) {
		make_flow_packet(stream, packets[i], flow);
		flow = flow + 1 < flows ? flow + 1 : 0;
	}
	/* Flows of packets that were not sent come again, so that there are no gaps. */
	stream->next_flow = advance_flow(stream->next_flow, stream_send(stream, packets, allowed),
		flows);
	return true;
}

const struct fwd_engine flowgen_engine = {
	.name = "flowgen",
	.sends_only = true,
	.paced = true,
	.begin = flowgen_begin,
	.burst = flowgen_burst,
};
