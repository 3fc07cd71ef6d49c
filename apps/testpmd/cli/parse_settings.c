/* SPDX-License-Identifier: BSD-3-Clause */
#include "parse_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "common/message.h"
#include "common/number.h"
#include "lists.h"
#include "modes/modes.h"
#include "port/layers.h"

static const char *const topologies[] = {
	[TOPOLOGY_PAIRED] = "paired",
	[TOPOLOGY_CHAINED] = "chained",
	[TOPOLOGY_LOOP] = "loop",
};

const char *topology_name(enum port_topology topology)
{
	return topologies[topology];
}

void settings_default(struct fwd_settings *settings)
{
	*settings = (struct fwd_settings){
		.engine = &io_engine,
		.first_engine = &txonly_engine,
		.topology = TOPOLOGY_PAIRED,
		.burst = DEFAULT_BURST,
		.retries = DEFAULT_RETRIES,
		.flows = DEFAULT_FLOWS,
		.retry_us = DEFAULT_RETRY_US,
		.cores = 1,
		.segments = 1,
		.segment_bytes = {DEFAULT_PACKET_BYTES},
		.packet_bytes = DEFAULT_PACKET_BYTES,
		/*
		 * 198.18.0.1 and .2, of RFC 2544's network for tests; the discard port of RFC 863.
		 */
		.ip_source = 0xc6120001,
		.ip_destination = 0xc6120002,
		.udp_source = 9,
		.udp_destination = 9,
	};
	for (uint8_t port = 0; port < MAX_PORTS; port++) {
		settings->peers[port] = (struct rte_ether_addr){{0x02, 0, 0, 0, 0, port}};
		settings->tx_vlan[port] = NO_VLAN;
		settings->tx_outer_vlan[port] = NO_VLAN;
		settings->outer_tpid[port] = RTE_ETHER_TYPE_VLAN;
	}
}

int settings_set_mode(struct fwd_settings *settings, const char *name)
{
	const struct fwd_engine *engine = engine_by_name(name);
	char names[128];

	if (engine == NULL) {
		print_error("forwarding mode '%s'; allowed: %s", name,
			engine_names('|', names, sizeof(names)));
		return -EINVAL;
	}
	settings->engine = engine;
	return 0;
}

int settings_set_topology(struct fwd_settings *settings, const char *name)
{
	for (size_t i = 0; i < sizeof(topologies) / sizeof(topologies[0]); i++) {
		if (strcmp(topologies[i], name) == 0) {
			settings->topology = i;
			return 0;
		}
	}
	print_error("port topology '%s'; allowed: paired|chained|loop", name);
	return -EINVAL;
}

int settings_set_burst(struct fwd_settings *settings, uint64_t burst)
{
	if (burst < 1 || burst > MAX_BURST) {
		print_error("%" PRIu64 " packets per burst; allowed: 1 to %u", burst, MAX_BURST);
		return -EINVAL;
	}
	settings->burst = burst;
	return 0;
}

int settings_set_peer(struct fwd_settings *settings, uint64_t port,
	const struct rte_ether_addr *peer)
{
	if (port >= MAX_PORTS) {
		print_error("peer of port %" PRIu64 "; allowed: ports 0 to %u", port,
			MAX_PORTS - 1);
		return -EINVAL;
	}
	settings->peers[port] = *peer;
	return 0;
}

static int read_peers(struct fwd_settings *settings, FILE *file, const char *path)
{
	char line[64];

	for (unsigned int port = 0; port < MAX_PORTS && fgets(line, sizeof(line), file) != NULL;
		port++) {
		line[strcspn(line, " \t\r\n")] = '\0';
		if (rte_ether_unformat_addr(line, &settings->peers[port]) == 0)
			continue;
		print_error(
			"%s:%u: '%s' is not an address; allowed: one per line, such as 02:00:00:00:00:01",
			path, port + 1, line);
		return -EINVAL;
	}
	return 0;
}

int settings_load_peers(struct fwd_settings *settings, const char *path)
{
	FILE *file = fopen(path, "r");
	int rc;

	if (file == NULL) {
		print_error("can't read the addresses of peers from %s: %s", path, strerror(errno));
		return -EINVAL;
	}
	rc = read_peers(settings, file, path);
	fclose(file);
	return rc;
}

static int parse_segments(const char *list, uint16_t *bytes, uint32_t mbuf_bytes)
{
	uint64_t value;
	int count = 0;

	for (const char *at = list;; at++) {
		if (count == MAX_SEGMENTS) {
			print_error("more than %u segments in '%s'", MAX_SEGMENTS, list);
			return -EINVAL;
		}
		if (number_parse(at, ',', &value, &at) != 0) {
			print_error("'%s' is not a list of segment lengths such as 64 or 64,128",
				list);
			return -EINVAL;
		}
		if (value < 1 || value > mbuf_bytes) {
			print_error("segment length %" PRIu64
				    "; allowed: 1 to %u, the bytes of an mbuf",
				value, mbuf_bytes);
			return -EINVAL;
		}
		bytes[count++] = value;
		if (*at == '\0')
			return count;
	}
}

int settings_set_segments(struct fwd_settings *settings, const char *list, uint32_t mbuf_bytes)
{
	uint16_t bytes[MAX_SEGMENTS];
	uint32_t sum = 0;
	int count = parse_segments(list, bytes, mbuf_bytes);

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++)
		sum += bytes[i];
	if (sum < sizeof(struct udp_headers) || sum > UINT16_MAX) {
		print_error("packet length %u; allowed: %zu (its headers) to %u", sum,
			sizeof(struct udp_headers), UINT16_MAX);
		return -EINVAL;
	}
	settings->segments = count;
	memcpy(settings->segment_bytes, bytes, count * sizeof(bytes[0]));
	settings->packet_bytes = sum;
	return 0;
}

static const char *const splits[] = {
	[SPLIT_OFF] = "off",
	[SPLIT_ON] = "on",
	[SPLIT_RANDOM] = "rand",
};

const char *split_name(enum packet_split split)
{
	return splits[split];
}

int settings_set_split(struct fwd_settings *settings, const char *name)
{
	for (size_t i = 0; i < RTE_DIM(splits); i++) {
		if (strcmp(splits[i], name) == 0) {
			settings->split = i;
			return 0;
		}
	}
	print_error("unknown value: \"%s\"; allowed: off|on|rand", name);
	return -EINVAL;
}

int settings_set_gaps(struct fwd_settings *settings, const char *pair)
{
	uint64_t burst, packet;
	const char *rest;

	if (number_parse(pair, ',', &burst, &rest) != 0 || *rest != ',' ||
		number_parse(rest + 1, '\0', &packet, NULL) != 0 || burst > UINT32_MAX ||
		packet > UINT32_MAX) {
		print_error("tx times '%s'; allowed: BURST,PACKET in ns, such as 1000,100", pair);
		return -EINVAL;
	}
	settings->burst_gap = burst;
	settings->packet_gap = packet;
	return 0;
}

int settings_set_rx_segments(struct fwd_settings *settings, const char *list)
{
	uint16_t bytes[MAX_RX_SEGMENTS];
	uint16_t count = 0;
	uint64_t value;

	for (const char *at = list;; at++) {
		if (count == MAX_RX_SEGMENTS || number_parse(at, ',', &value, &at) != 0 ||
			value >= UINT16_MAX) {
			print_error(
				"rx segments '%s'; allowed: up to %u lengths below %u, such as 64,0",
				list, MAX_RX_SEGMENTS, UINT16_MAX);
			return -EINVAL;
		}
		bytes[count++] = value;
		if (*at == '\0')
			break;
	}
	memcpy(settings->rx_segment_bytes, bytes, count * sizeof(bytes[0]));
	settings->rx_segments = count;
	return 0;
}

int settings_set_addresses(struct fwd_settings *settings, const char *pair)
{
	char source[INET_ADDRSTRLEN];
	char destination[INET_ADDRSTRLEN];
	struct in_addr from;
	struct in_addr to;

	if (sscanf(pair, "%15[0-9.],%15[0-9.]", source, destination) != 2 ||
		inet_pton(AF_INET, source, &from) != 1 ||
		inet_pton(AF_INET, destination, &to) != 1 ||
		strlen(pair) != strlen(source) + 1 + strlen(destination)) {
		print_error(
			"addresses '%s'; allowed: SOURCE,DESTINATION, such as 198.18.0.1,198.18.0.2",
			pair);
		return -EINVAL;
	}
	settings->ip_source = ntohl(from.s_addr);
	settings->ip_destination = ntohl(to.s_addr);
	return 0;
}

int settings_set_udp_ports(struct fwd_settings *settings, const char *pair)
{
	uint64_t source = 0;
	uint64_t destination;
	const char *rest;
	int bad = number_parse(pair, ',', &source, &rest);

	destination = source;
	if (bad == 0 && *rest == ',')
		bad = number_parse(rest + 1, '\0', &destination, NULL);
	if (bad != 0 || source > UINT16_MAX || destination > UINT16_MAX) {
		print_error("UDP ports '%s'; allowed: SOURCE[,DESTINATION], each up to 65535",
			pair);
		return -EINVAL;
	}
	settings->udp_source = source;
	settings->udp_destination = destination;
	return 0;
}

typedef int parse_fn(const char *text, uint16_t *items, size_t max);

static int set_port_items(struct fwd_settings *settings, const char *text, parse_fn *parse,
	const char *example)
{
	uint16_t items[MAX_PORTS];
	const int count = parse(text, items, MAX_PORTS);

	if (count < 0) {
		print_error("'%s' is not %s", text, example);
		return count;
	}
	for (int i = 0; i < count; i++) {
		if (items[i] >= MAX_PORTS) {
			print_error("port %u in '%s'; allowed: ports 0 to %u", items[i], text,
				MAX_PORTS - 1);
			return -EINVAL;
		}
	}
	memcpy(settings->port_list, items, count * sizeof(items[0]));
	settings->port_list_count = count;
	settings->ports = 0;
	return 0;
}

int settings_set_port_list(struct fwd_settings *settings, const char *list)
{
	return set_port_items(settings, list, list_parse, "a list of ports such as 0,1");
}

int settings_set_port_mask(struct fwd_settings *settings, const char *mask)
{
	return set_port_items(settings, mask, mask_parse, "a mask of ports such as 0x3");
}

static int set_core_items(struct fwd_settings *settings, const char *text, parse_fn *parse,
	const char *example)
{
	uint16_t items[RTE_MAX_LCORE];
	const int count = parse(text, items, RTE_MAX_LCORE);

	if (count < 0) {
		print_error("'%s' is not %s", text, example);
		return count;
	}
	memcpy(settings->core_list, items, count * sizeof(items[0]));
	settings->core_list_count = count;
	settings->cores = count;
	return 0;
}

int settings_set_core_list(struct fwd_settings *settings, const char *list)
{
	return set_core_items(settings, list, list_parse, "a list of lcores such as 1,2");
}

int settings_set_core_mask(struct fwd_settings *settings, const char *mask)
{
	return set_core_items(settings, mask, mask_parse, "a mask of lcores such as 0x6");
}

int settings_check_cores(const struct fwd_settings *settings)
{
	for (uint16_t i = 0; i < settings->core_list_count; i++) {
		const uint16_t id = settings->core_list[i];

		if (!rte_lcore_is_enabled(id)) {
			print_error("lcore %u is not enabled; give it to EAL by -l", id);
			return -EINVAL;
		}
		if (id == rte_get_main_lcore()) {
			print_error(
				"lcore %u can't forward: it is the main lcore, which runs the prompt",
				id);
			return -EINVAL;
		}
	}
	return 0;
}
