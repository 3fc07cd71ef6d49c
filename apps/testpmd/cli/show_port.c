/* SPDX-License-Identifier: BSD-3-Clause */
#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_bitops.h>

#include <kickless/device.h>
#include <kickless/net_control.h>

#include "common/clock.h"
#include "common/message.h"
#include "offloads.h"
#include "testpmd.h"

#define HASHES "########################"
#define STARS "*********************"
#define NAMES_BYTES 1536

static struct port_counters current_counters(const struct port *port)
{
	struct port_counters counters;

	counters_read(port->net, port->conf.queue_pairs, &counters);
	counters_subtract(&counters, &port->cleared);
	return counters;
}

static uint64_t per_second(uint64_t now, uint64_t before, uint64_t elapsed_ns)
{
	return elapsed_ns > 0 && now > before ? (now - before) / (elapsed_ns / (double)SECOND_NS) :
						0;
}

static void print_rates(struct port *port, const struct port_totals *now)
{
	const struct port_totals *before = &port->shown;
	const uint64_t time = clock_ns();
	const uint64_t elapsed = port->shown_ns != 0 ? time - port->shown_ns : 0;

	printf("  Rx-pps: %12" PRIu64 "          Rx-bps: %12" PRIu64 "\n",
		per_second(now->rx_packets, before->rx_packets, elapsed),
		8 * per_second(now->rx_bytes, before->rx_bytes, elapsed));
	printf("  Tx-pps: %12" PRIu64 "          Tx-bps: %12" PRIu64 "\n",
		per_second(now->tx_packets, before->tx_packets, elapsed),
		8 * per_second(now->tx_bytes, before->tx_bytes, elapsed));
	port->shown = *now;
	port->shown_ns = time;
}

void show_port_stats(struct port *port)
{
	const struct port_counters counters = current_counters(port);
	const struct port_totals now = counters_total(&counters);

	printf("\n  " HASHES " NIC statistics for port %-2u " HASHES "\n", port->number);
	printf("  RX-packets: %-10" PRIu64 " RX-missed: %-10u RX-bytes:  %-" PRIu64 "\n",
		now.rx_packets, 0, now.rx_bytes);
	printf("  RX-errors: %-" PRIu64 "\n", now.rx_errors);
	printf("  RX-nombuf:  %-10" PRIu64 "\n", now.rx_nombuf);
	printf("  TX-packets: %-10" PRIu64 " TX-errors: %-10" PRIu64 " TX-bytes:  %-" PRIu64 "\n",
		now.tx_packets, now.tx_errors, now.tx_bytes);
	printf("\n  Throughput (since last show)\n");
	print_rates(port, &now);
	printf("  " HASHES "############################" HASHES "\n");
}

static void print_xstat(const char *name, uint64_t value, bool hides_zero)
{
	if (value != 0 || !hides_zero)
		printf("%s: %" PRIu64 "\n", name, value);
}

static void print_queue_xstats(const char *direction, uint16_t queue,
	const struct kl_net_queue_stats *stats, bool hides_zero)
{
	char name[64];

	for (const struct counter_field *field = counter_fields; field->name != NULL; field++) {
		snprintf(name, sizeof(name), "%s_q%u_%s", direction, queue, field->name);
		print_xstat(name, counter_value(stats, field), hides_zero);
	}
}

void show_port_xstats(const struct port *port, bool hides_zero)
{
	const struct port_counters counters = current_counters(port);
	const struct port_totals total = counters_total(&counters);

	printf("###### NIC extended statistics for port %-2u\n", port->number);
	print_xstat("rx_good_packets", total.rx_packets, hides_zero);
	print_xstat("tx_good_packets", total.tx_packets, hides_zero);
	print_xstat("rx_good_bytes", total.rx_bytes, hides_zero);
	print_xstat("tx_good_bytes", total.tx_bytes, hides_zero);
	print_xstat("rx_missed_errors", 0, hides_zero);
	print_xstat("rx_errors", total.rx_errors, hides_zero);
	print_xstat("tx_errors", total.tx_errors, hides_zero);
	print_xstat("rx_mbuf_allocation_errors", total.rx_nombuf, hides_zero);
	for (uint16_t i = 0; i < port->conf.queue_pairs; i++)
		print_queue_xstats("rx", i, &counters.rx[i], hides_zero);
	for (uint16_t i = 0; i < port->conf.queue_pairs; i++)
		print_queue_xstats("tx", i, &counters.tx[i], hides_zero);
}

static void print_mac(const char *label, const struct port *port)
{
	const uint8_t *mac = kl_net_info(port->net)->mac;

	printf("%s%02X:%02X:%02X:%02X:%02X:%02X", label, mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
}

/* The keys behind the name in the spec. */
static const char *port_keys(const struct port *port)
{
	const char *comma = strchr(port->spec, ',');

	return comma != NULL ? comma + 1 : "";
}

static void print_identity(const struct port *port)
{
	const struct kl_device_info *info = kl_device_info(port->device);
	char text[SHOWN_BYTES];

	printf("\n" STARS " Infos for port %-2u " STARS "\n", port->number);
	print_mac("MAC address: ", port);
	printf("\nDevice name: %s\n", show_text(info->name, text));
	printf("Driver name: %s\n", info->driver);
	printf("Firmware-version: not available\n");
	printf("Devargs: %s\n", show_text(port_keys(port), text));
	printf("Connect to socket: %d\n", port_node(port));
	printf("memory allocation on the socket: %d\n", port_node(port));
}

static const char *on_or_off(const struct port *port, uint64_t offload)
{
	return (kl_net_rx_offloads(port->net) & offload) != 0 ? "on" : "off";
}

/* True when a mode was set on, and the device has taken it. */
static bool has_mode(const struct port *port, enum kl_net_rx_mode mode)
{
	return kl_net_rx_mode_get(port->net, mode) &&
		(kl_net_info(port->net)->unapplied_settings & RTE_BIT32(mode)) == 0;
}

/* A device without a control queue passes all packets. */
static void print_filters(const struct port *port)
{
	const bool promiscuous = !kl_device_has_control_queues(port->device) ||
		has_mode(port, KL_NET_PROMISCUOUS);

	printf("Promiscuous mode: %s\n", promiscuous ? "enabled" : "disabled");
	printf("Allmulticast mode: %s\n",
		has_mode(port, KL_NET_ALL_MULTICAST) ? "enabled" : "disabled");
	printf("Maximum number of MAC addresses: %u\n", 1 + KL_NET_MACS_MAX);
	printf("Maximum number of MAC addresses of hash filtering: 0\n");
	printf("VLAN offload: \n  strip %s, filter %s, extend off, qinq strip off\n",
		on_or_off(port, RTE_ETH_RX_OFFLOAD_VLAN_STRIP),
		on_or_off(port, RTE_ETH_RX_OFFLOAD_VLAN_FILTER));
}

static void print_rss(const struct kl_net_info *net)
{
	if (net->rss_key_max > 0)
		printf("Hash key size in bytes: %u\n", net->rss_key_max);
	if (net->rss_table_max > 0)
		printf("Redirection table size: %u\n", net->rss_table_max);
	if (net->rss_types == 0)
		printf("No RSS offload flow type is supported.\n");
	else
		rss_types_print("Supported RSS offload flow types:\n", net->rss_types);
}

static void print_link(const struct port *port)
{
	const struct kl_net_info *net = kl_net_info(port->net);
	char speed[32];

	printf("Link status: %s\n", port_link_is_up(port) ? "up" : "down");
	printf("Link speed: %s\n", port_speed(port, speed, sizeof(speed)));
	printf("Link duplex: %s\n", net->full_duplex ? "full-duplex" : "half-duplex");
	printf("Autoneg status: Off\n");
	printf("MTU: %u\n", net->mtu);
	printf("Minimum MTU: %u\n", MINIMUM_MTU);
	printf("Maximum MTU: %u\n", net->max_mtu);
	print_filters(port);
	print_rss(net);
	printf("Minimum size of RX buffer: 64\n");
	printf("Maximum configurable length of RX packet: %u\n",
		net->max_mtu + ETHERNET_OVERHEAD + TAGS_OVERHEAD);
	printf("Maximum configurable size of LRO aggregated packet: %u\n",
		(net->rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO) != 0 ? UINT16_MAX : 0);
}

static void print_limits(const struct port *port)
{
	const struct kl_net_info *net = kl_net_info(port->net);
	const uint16_t queues = port_is_started(port) ? net->queue_pairs : 0;

	printf("Current number of RX queues: %u\n", queues);
	printf("Max possible RX queues: %u\n", net->max_queue_pairs);
	printf("Max possible number of RXDs per queue: %u\n", net->rx_ring_max);
	printf("Min possible number of RXDs per queue: 1\n");
	printf("RXDs number alignment: 1\n");
	printf("Current number of TX queues: %u\n", queues);
	printf("Max possible TX queues: %u\n", net->max_queue_pairs);
	printf("Max possible number of TXDs per queue: %u\n", net->tx_ring_max);
	printf("Min possible number of TXDs per queue: 1\n");
	printf("TXDs number alignment: 1\n");
	printf("Max segment number per packet: %u\n", net->tx_ring_max);
	printf("Max segment number per MTU/TSO: %u\n", net->tx_ring_max);
	printf("Device capabilities: 0x0( )\n");
	printf("Device error handling mode: none\n");
}

/* Settings that were requested, and that the device has not taken. */
static void print_unapplied(const struct port *port)
{
	const uint32_t unapplied = kl_net_info(port->net)->unapplied_settings;
	const char *separator = "";

	if (unapplied == 0)
		return;
	printf("  Settings not applied: ");
	for (int setting = 0; setting < KL_NET_SETTINGS; setting++) {
		if ((unapplied & RTE_BIT32(setting)) == 0)
			continue;
		printf("%s%s", separator, kl_net_setting_name((enum kl_net_setting)setting));
		separator = ", ";
	}
	printf("\n");
}

static void print_private(const struct port *port)
{
	const struct kl_device_info *info = kl_device_info(port->device);
	char names[NAMES_BYTES];

	printf("Device private info:\n");
	printf("  Transport: %s\n", info->transport);
	printf("  Access: %s\n", port_access(port));
	printf("  Isolated: %s\n", info->is_isolated ? "yes" : "no");
	printf("  Virtio type: %u\n", info->type);
	printf("  Features offered: %s\n",
		kl_device_feature_names(port->device, &info->offered, names, sizeof(names)));
	printf("  Features accepted: %s\n",
		kl_device_feature_names(port->device, &info->accepted, names, sizeof(names)));
	print_unapplied(port);
}

void show_port_info(const struct port *port)
{
	print_identity(port);
	print_link(port);
	print_limits(port);
	print_private(port);
}

void show_port_summary_head(const struct testpmd *pmd)
{
	printf("Number of available ports: %u\n", ports_count_open(&pmd->ports));
	printf("%-4s %-17s %-12s %-14s %-8s %s\n", "Port", "MAC Address", "Name", "Driver",
		"Status", "Link");
}

void show_port_summary(const struct port *port)
{
	const struct kl_device_info *info = kl_device_info(port->device);
	char speed[32], text[SHOWN_BYTES];

	printf("%-4u ", port->number);
	print_mac("", port);
	printf(" %-12s %-14s %-8s %s\n", show_text(info->name, text), info->driver,
		port_link_is_up(port) ? "up" : "down", port_speed(port, speed, sizeof(speed)));
}

void show_device(const struct port *port)
{
	const struct kl_device_info *info = kl_device_info(port->device);
	char text[SHOWN_BYTES];

	printf("\n" STARS " Infos for device %s " STARS "\n", show_text(info->name, text));
	printf("Bus name: virtio\n");
	printf("Bus information: %s\n", info->transport);
	printf("Driver name: %s\n", info->driver);
	printf("Devargs: %s\n", show_text(port_keys(port), text));
	printf("Connect to socket: %d\n", info->numa_node);
	printf("\n\tPort id: %-2u", port->number);
	print_mac("\n\tMAC address: ", port);
	printf("\n\tDevice name: %s\n", show_text(info->name, text));
}

static void print_queue_state(const struct port *port, const struct kl_net_queue_info *info,
	bool tx, uint16_t queue)
{
	const bool held = tx ? port->tx_held[queue] : port->rx_held[queue];
	char kick[32];

	printf("Number of %s: %u\n", tx ? "TXDs" : "RXDs", info->size);
	printf("%s queue state: %s\n", tx ? "Tx" : "Rx",
		port_is_started(port) && !held && !info->is_stopped ? "started" : "stopped");
	printf("Burst mode: %s %s\n", ring_name(info), info->path != NULL ? info->path : "none");
	printf("Kick policy: %s\n", kick_policy_text(&info->kick, kick, sizeof(kick)));
	printf("Fault: %s\n", kl_queue_fault_name(info->fault));
}

int show_queue(const struct port *port, bool tx, uint16_t queue)
{
	struct kl_net_queue_info info = {0};
	const int rc = kl_net_queue_info_get(port->net, tx ? KL_NET_TX : KL_NET_RX, queue, &info);

	if (rc != 0)
		return rc;
	printf("\n" STARS " Infos for port %-2u, %s queue %-2u " STARS "\n", port->number,
		tx ? "TX" : "RX", queue);
	if (!tx) {
		printf("Mempool: %s\n", port->pool != NULL ? port->pool->name : "NULL");
		printf("RX scattered packets: on\n");
	}
	printf("%s deferred start: %s\n", tx ? "TX" : "RX",
		(tx ? port->tx_deferred[queue] : port->rx_deferred[queue]) ? "on" : "off");
	print_queue_state(port, &info, tx, queue);
	return 0;
}
