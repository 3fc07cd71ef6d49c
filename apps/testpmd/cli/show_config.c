/* SPDX-License-Identifier: BSD-3-Clause */
#include "show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <kickless/discover.h>

#include "common/number.h"
#include "parse_settings.h"
#include "testpmd.h"

#define NET_TYPE 1 /* virtio 1.x, 5 */

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
	printf("\nSplit packet: %s\n", split_name(settings->split));
}

void show_gaps(const struct testpmd *pmd)
{
	printf("Interburst gap: %u\n", pmd->settings.burst_gap);
	printf("Intraburst gap: %u\n", pmd->settings.packet_gap);
}

void show_rx_segments(const struct testpmd *pmd)
{
	const struct fwd_settings *settings = &pmd->settings;

	printf("Number of segments: %u\n", settings->rx_segments);
	for (uint16_t i = 0; i < settings->rx_segments; i++)
		printf("%s%u", i > 0 ? "," : "Segment sizes: ", settings->rx_segment_bytes[i]);
	if (settings->rx_segments > 0)
		printf("\n");
}

static const char *driver_of(const struct kl_function *function)
{
	return function->driver[0] != '\0' ? function->driver : "no driver";
}

/* The n-th network function that is bound to a userspace driver, in the order of addresses. */
static const struct kl_function *find_nth(const struct kl_function *functions, size_t count,
	uint64_t n)
{
	for (size_t i = 0; i < count; i++)
		if (functions[i].type == NET_TYPE && kl_function_is_bound(&functions[i]) &&
			n-- == 0)
			return &functions[i];
	return NULL;
}

static const struct kl_function *find_address(const struct kl_function *functions, size_t count,
	const char *address)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(functions[i].address, address) == 0)
			return &functions[i];
	return NULL;
}

static int print_function(const struct kl_function *function)
{
	struct kl_obstacle obstacles[KL_OBSTACLES_MAX];
	const size_t count = kl_function_obstacles(&kl_machine_current, function->address, 0,
		obstacles);

	printf("  %s: %s, bound to %s, NUMA node %d\n", function->address, function->name,
		driver_of(function), function->numa_node);
	if (function->type != NET_TYPE)
		printf("  obstacle: not a network device, but virtio type %" PRIu32 "\n",
			function->type);
	for (size_t i = 0; i < count; i++)
		printf("  obstacle: %s\n", obstacles[i].text);
	return count > 0 || function->type != NET_TYPE ? -ENODEV : 0;
}

static int print_device(const struct kl_function *functions, size_t count, uint16_t port,
	const char *spec)
{
	const struct kl_function *function;
	char address[KL_ADDRESS_SIZE];
	char name[256];
	uint64_t n;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(spec, ","), spec);
	printf("Port %u: %s\n", port, spec);
	if (kl_pci_address(name, address) == 0) {
		function = find_address(functions, count, address);
	} else if (strncmp(name, "net@", 4) == 0 && number_parse(name + 4, '\0', &n, NULL) == 0) {
		function = find_nth(functions, count, n);
	} else {
		printf("  resolved when it is opened\n");
		return 0;
	}
	if (function != NULL)
		return print_function(function);
	printf("  obstacle: there is no such device\n");
	return -ENODEV;
}

static int print_devices(const struct options *options)
{
	struct kl_function *functions;
	uint16_t port = 0;
	size_t count;
	int result = kl_function_discover(&functions, &count);

	if (result != 0)
		return result;
	for (uint16_t i = 0; i < options->device_count; i++) {
		const char *spec = options->devices[i];
		int rc = 0;

		if (tap_is_named(spec))
			printf("  joined to the TAP interface %s\n", spec + strlen(TAP_PREFIX));
		else
			rc = print_device(functions, count, port++, spec);
		if (rc != 0)
			result = rc;
	}
	kl_function_discover_free(functions);
	return result;
}

static void print_or(const char *label, uint64_t value, const char *otherwise)
{
	if (value != 0)
		printf("%s: %" PRIu64 "\n", label, value);
	else
		printf("%s: %s\n", label, otherwise);
}

static void print_settings(const struct options *options)
{
	const struct fwd_settings *settings = &options->settings;
	char kick[32];

	print_or("Queue pairs per port", options->queues, "its key queues=, or 1");
	print_or("RX ring size", options->rxd, "the device's");
	print_or("TX ring size", options->txd, "the device's");
	printf("Kick policy: %s\n", kick_policy_text(&options->kick, kick, sizeof(kick)));
	printf("Mbuf size: %" PRIu64 "\n", options->mbuf_size);
	print_or("Mbufs per pool", options->mbuf_count, "as many as the rings need");
	printf("Forwarding mode: %s\n", settings->engine->name);
	printf("Port topology: %s\n", topology_name(settings->topology));
	printf("Packets per burst: %u\n", settings->burst);
	printf("Forwarding lcores: %u\n", settings->cores);
}

int show_dry_run(const struct options *options)
{
	const int rc = print_devices(options);

	print_settings(options);
	return rc;
}
