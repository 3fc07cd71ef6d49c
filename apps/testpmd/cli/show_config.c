/* SPDX-License-Identifier: BSD-3-Clause */
#include "show.h"

#include <inttypes.h>
#include <stdio.h>

#include "testpmd.h"

static void print_stream(const struct testpmd *pmd, const struct fwd_stream *stream)
{
	const uint8_t *peer = stream->peer.addr_bytes;

	if (stream->rx_tap != NULL) {
		printf("  TAP %s -> TX P=%u/Q=%u (socket %d)\n", stream->rx_tap->name,
			stream->tx_port, stream->tx_queue,
			port_node(&pmd->ports.at[stream->tx_port]));
		return;
	}
	if (stream->tx_tap != NULL) {
		printf("  RX P=%u/Q=%u (socket %d) -> TAP %s\n", stream->rx_port, stream->rx_queue,
			port_node(&pmd->ports.at[stream->rx_port]), stream->tx_tap->name);
		return;
	}
	printf("  RX P=%u/Q=%u (socket %d) -> TX P=%u/Q=%u (socket %d) "
	       "peer=%02X:%02X:%02X:%02X:%02X:%02X\n",
		stream->rx_port, stream->rx_queue, port_node(&pmd->ports.at[stream->rx_port]),
		stream->tx_port, stream->tx_queue, port_node(&pmd->ports.at[stream->tx_port]),
		peer[0], peer[1], peer[2], peer[3], peer[4], peer[5]);
}

void show_forwarding(const struct testpmd *pmd)
{
	const struct fwd *fwd = &pmd->fwd;

	printf("%s packet forwarding - ports=%u - cores=%u - streams=%u - NUMA support enabled, "
	       "MP allocation mode: native\n",
		fwd->settings.engine->name, fwd->port_count, fwd->lcore_count, fwd->stream_count);
	for (uint16_t i = 0; i < fwd->lcore_count; i++) {
		const struct fwd_lcore *lcore = &fwd->lcores[i];

		printf("Logical Core %u (socket %u) forwards packets on %u streams:\n", lcore->id,
			rte_lcore_to_socket_id(lcore->id), lcore->stream_count);
		for (uint16_t s = 0; s < lcore->stream_count; s++)
			print_stream(pmd, &lcore->streams[s]);
	}
	printf("\n");
}

static uint16_t ring_size(const struct port *port, enum kl_net_direction direction, uint16_t queue)
{
	struct kl_net_queue_info info;

	return kl_net_queue_info_get(port->net, direction, queue, &info) == 0 ? info.size : 0;
}

static void print_port_queues(const struct port *port)
{
	const uint16_t queues = port->conf.queue_pairs;

	printf("  port %u: RX queue number: %u Tx queue number: %u\n", port->number, queues,
		queues);
	printf("    Rx offloads=0x%" PRIx64 " Tx offloads=0x%" PRIx64 "\n",
		kl_net_rx_offloads(port->net), kl_net_tx_offloads(port->net));
	for (uint16_t i = 0; i < queues; i++)
		printf("    RX queue: %u\n      RX desc=%u - RX free threshold=0\n", i,
			ring_size(port, KL_NET_RX, i));
	for (uint16_t i = 0; i < queues; i++)
		printf("    TX queue: %u\n      TX desc=%u - TX free threshold=0\n", i,
			ring_size(port, KL_NET_TX, i));
}

static void print_made_packets(const struct fwd_settings *settings)
{
	printf("  packet len=%" PRIu32 " - nb packet segments=%u\n", settings->packet_bytes,
		settings->segments);
	if (settings->rate != 0)
		printf("  packets/second and port=%" PRIu64 "\n", settings->rate);
}

void show_queues(const struct testpmd *pmd)
{
	const struct fwd *fwd = &pmd->fwd;

	printf("  %s packet forwarding packets/burst=%u\n", fwd->settings.engine->name,
		fwd->settings.burst);
	if (fwd->settings.engine->paced)
		print_made_packets(&fwd->settings);
	printf("  nb forwarding cores=%u - nb forwarding ports=%u\n", fwd->lcore_count,
		fwd->port_count);
	for (uint16_t i = 0; i < pmd->ports.count; i++)
		if (port_is_open(&pmd->ports.at[i]))
			print_port_queues(&pmd->ports.at[i]);
}

void show_lcores(const struct testpmd *pmd)
{
	printf("List of forwarding lcores: ");
	for (uint16_t i = 0; i < pmd->fwd.lcore_count; i++)
		printf(" %u", pmd->fwd.lcores[i].id);
	printf("\n");
}

void show_packets(const struct testpmd *pmd)
{
	const struct fwd_settings *settings = &pmd->settings;

	printf("Number of segments: %u\n", settings->segments);
	printf("Segment sizes: ");
	for (uint16_t i = 0; i < settings->segments; i++)
		printf("%s%u", i > 0 ? "," : "", settings->segment_bytes[i]);
	printf("\nSplit packet: off\n");
}
