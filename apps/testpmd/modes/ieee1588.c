/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ieee1588: for devices that put time stamps on PTP packets, which no virtio device does. As
 * testpmd on such a port: received packets are reported and dropped, one report per burst.
 */
#include "modes.h"

#include <stdio.h>

#include <rte_byteorder.h>

#include "forward/stream.h"

static void report_packet(const struct fwd_stream *stream, const struct rte_mbuf *packet)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, const struct rte_ether_hdr *);
	const uint16_t type = rte_be_to_cpu_16(ether->ether_type);

	if (type == RTE_ETHER_TYPE_1588)
		printf("Port %u Received PTP packet not filtered by hardware\n", stream->rx_port);
	else
		printf("Port %u Received non PTP packet type=0x%4x len=%u\n", stream->rx_port, type,
			packet->pkt_len);
	fflush(stdout);
}

static bool ieee1588_burst(struct fwd_stream *stream)
{
	struct rte_mbuf *packets[MAX_BURST];
	const uint16_t count = stream_receive(stream, packets);

	if (count == 0)
		return false;
	if (packets[0]->data_len >= sizeof(struct rte_ether_hdr))
		report_packet(stream, packets[0]);
	rte_pktmbuf_free_bulk(packets, count);
	return true;
}

const struct fwd_engine ieee1588_engine = {
	.name = "ieee1588",
	.drops_received = true,
	.burst = ieee1588_burst,
};
