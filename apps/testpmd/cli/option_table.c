/* SPDX-License-Identifier: BSD-3-Clause */
#include "option_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "forward/idle.h"
#include "number.h"
#include "options.h"
#include "parse_settings.h"
#include "report/metrics.h"
#include "say.h"

#define HELP_COLUMN 34

static int add_device(struct options *options, const char *spec)
{
	if (options->device_count == MAX_PORTS) {
		say_error("more than %u devices", MAX_PORTS);
		return -EINVAL;
	}
	options->devices[options->device_count++] = spec;
	return 0;
}

static int set_mode(struct options *options, const char *name)
{
	return settings_set_mode(&options->settings, name);
}

static int set_topology(struct options *options, const char *name)
{
	return settings_set_topology(&options->settings, name);
}

static int set_burst(struct options *options, const char *text)
{
	uint64_t burst;

	if (number_parse(text, '\0', &burst, NULL) != 0)
		burst = 0;
	return settings_set_burst(&options->settings, burst);
}

static int set_peer(struct options *options, const char *text)
{
	struct rte_ether_addr peer;
	uint64_t port;
	const char *rest;

	if (number_parse(text, ',', &port, &rest) != 0 || *rest != ',' ||
		rte_ether_unformat_addr(rest + 1, &peer) != 0) {
		say_error("--eth-peer=%s: PORT,MAC is wanted, such as 0,02:00:00:00:00:01", text);
		return -EINVAL;
	}
	return settings_set_peer(&options->settings, port, &peer);
}

static int set_kick(struct options *options, const char *text)
{
	if (kl_kick_policy_parse(text, &options->kick) == 0)
		return 0;
	say_error("--kick=%s: eager, auto or lazy:NS is allowed", text);
	return -EINVAL;
}

static int set_idle(struct options *options, const char *name)
{
	if (idle_parse(name, &options->settings.idle) == 0)
		return 0;
	say_error("--idle=%s: poll, adaptive or interrupt is allowed", name);
	return -EINVAL;
}

static int set_offloads(const char *option, const char *text, uint64_t *offloads)
{
	char *end;

	errno = 0;
	*offloads = strtoull(text, &end, 16);
	if (errno == 0 && end != text && *end == '\0' && text[0] != '-')
		return 0;
	say_error("--%s=%s: a hexadecimal mask is wanted", option, text);
	return -EINVAL;
}

static int set_rx_offloads(struct options *options, const char *text)
{
	return set_offloads("rx-offloads", text, &options->rx_offloads);
}

static int set_tx_offloads(struct options *options, const char *text)
{
	return set_offloads("tx-offloads", text, &options->tx_offloads);
}

static int set_ports(struct options *options, const char *mask)
{
	return settings_set_port_mask(&options->settings, mask);
}

static int set_cores(struct options *options, const char *mask)
{
	return settings_set_core_mask(&options->settings, mask);
}

static int set_metrics(struct options *options, const char *text)
{
	struct sockaddr_storage address;

	options->metrics_listen = text;
	if (metrics_parse_address(text, &address) == 0)
		return 0;
	say_error("--metrics-listen=%s: [ADDRESS:]PORT is wanted, such as 9100, 127.0.0.1:9100 or "
		  "[::1]:9100",
		text);
	return -EINVAL;
}

static int set_addresses(struct options *options, const char *pair)
{
	return settings_set_addresses(&options->settings, pair);
}

static int set_udp_ports(struct options *options, const char *pair)
{
	return settings_set_udp_ports(&options->settings, pair);
}

static int set_duration(struct options *options, const char *text)
{
	if (seconds_parse(text, &options->duration) == 0 && options->duration > 0)
		return 0;
	say_error("--duration=%s: a number of seconds is wanted, such as 10 or 0.5", text);
	return -EINVAL;
}

#define AT(member) .offset = offsetof(struct options, member)
#define FLAG(n, l, member, text) \
	{ \
		.name = n, .letter = l, .kind = OPTION_FLAG, .help = text, AT(member) \
	}
#define NUMBER(n, low, high, member, text) \
	{ \
		.name = n, .kind = OPTION_NUMBER, .value = "N", .help = text, AT(member), \
		.min = low, .max = high \
	}
#define TEXT(n, v, member, text) \
	{ \
		.name = n, .kind = OPTION_TEXT, .value = v, .help = text, AT(member) \
	}
#define CALL(n, v, function, text) \
	{ \
		.name = n, .kind = OPTION_CALL, .value = v, .help = text, .call = function \
	}

const struct option_row option_rows[] = {
	CALL("dev", "NAME[,key=value...]", add_device,
		"a device; its position is its port's number. tap:NAME gives the port before it to the kernel"),
	FLAG("interactive", 'i', interactive, "read commands from a prompt"),
	FLAG("auto-start", 'a', auto_start, "start forwarding before the prompt"),
	FLAG("tx-first", 0, tx_first, "send one burst before forwarding"),
	CALL("forward-mode", "MODE", set_mode,
		"io|mac|macswap|rxonly|txonly|flowgen|csum|icmpecho|5tswap; io"),
	CALL("port-topology", "NAME", set_topology, "paired|chained|loop; paired"),
	CALL("burst", "N", set_burst, "packets per burst, 1 to 512; 32"),
	NUMBER("nb-cores", 1, RTE_MAX_LCORE, cores, "forwarding lcores; 1"),
	CALL("coremask", "HEX", set_cores, "which lcores forward; as many as --nb-cores says"),
	NUMBER("nb-ports", 1, MAX_PORTS, ports, "so many ports forward; all"),
	CALL("portmask", "HEX", set_ports, "which ports forward; all"),
	NUMBER("rxq", 1, MAX_QUEUES, rxq, "receive queues per port; a device's queues=, or 1"),
	NUMBER("txq", 1, MAX_QUEUES, txq, "transmit queues per port; a device's queues=, or 1"),
	NUMBER("rxd", 1, 32768, rxd, "descriptors per receive ring; the device's maximum"),
	NUMBER("txd", 1, 32768, txd, "descriptors per transmit ring; the device's maximum"),
	CALL("kick", "POLICY", set_kick,
		"eager|lazy:NS|auto where a device has no kick= of its own; auto"),
	NUMBER("tx-timeout", 1, 3600000, tx_timeout_ms,
		"reset a device that has packets to send and sends none for so many ms; never"),
	NUMBER("mbuf-size", RTE_PKTMBUF_HEADROOM + 64, UINT16_MAX, mbuf_size,
		"bytes of an mbuf, headroom included; 2176"),
	NUMBER("total-num-mbufs", 32, UINT32_MAX / 2, mbuf_count,
		"mbufs per pool; what the rings need"),
	NUMBER("mbcache", 0, RTE_MEMPOOL_CACHE_MAX_SIZE, mbuf_cache, "mbufs cached per lcore; 250"),
	NUMBER("max-pkt-len", 64, UINT16_MAX, max_packet,
		"longest frame with its FCS; what the device's MTU makes"),
	FLAG("enable-rx-cksum", 0, rx_cksum, "let devices check TCP's and UDP's checksums"),
	FLAG("enable-scatter", 0, as_it_is, "receive packets over several mbufs; so it is anyway"),
	FLAG("no-flush-rx", 0, as_it_is, "start forwards what came before; so it is anyway"),
	FLAG("enable-lro", 0, lro, "let devices join TCP packets"),
	FLAG("enable-hw-vlan-filter", 0, vlan_filter, "let devices filter by VLAN"),
	FLAG("enable-hw-vlan-strip", 0, vlan_strip, "take VLAN tags off"),
	CALL("rx-offloads", "HEX", set_rx_offloads, "RTE_ETH_RX_OFFLOAD_* to ask ports for"),
	CALL("tx-offloads", "HEX", set_tx_offloads, "RTE_ETH_TX_OFFLOAD_* to ask ports for"),
	FLAG("disable-rss", 0, no_rss, "leave it to devices how they spread packets over queues"),
	FLAG("rss-ip", 0, as_it_is, "spread packets by their IP addresses; so it is anyway"),
	FLAG("rss-udp", 0, rss_udp, "spread packets by IP addresses and UDP ports"),
	TEXT("txpkts", "N[,N]...", segments, "bytes of each segment that txonly sends; 64"),
	FLAG("txonly-multi-flow", 0, settings.multi_flow, "let txonly vary its UDP source port"),
	CALL("tx-ip", "SRC,DST", set_addresses,
		"addresses that txonly sends; 198.18.0.1,198.18.0.2"),
	CALL("tx-udp", "SRC[,DST]", set_udp_ports, "UDP ports that txonly sends; 9"),
	NUMBER("rate", 1, 1000000000, settings.rate,
		"packets per second and port of txonly and flowgen"),
	CALL("eth-peer", "PORT,MAC", set_peer, "where the mac mode and txonly send to from a port"),
	CALL("duration", "SECONDS", set_duration, "forward so long, print the statistics and exit"),
	NUMBER("stats-period", 1, 86400, stats_period, "show port statistics every N seconds"),
	CALL("idle", "MODE", set_idle,
		"poll|adaptive|interrupt: what lcores do without packets; poll"),
	FLAG("record-core-cycles", 0, settings.record_cycles, "print the CPU cycles per packet"),
	FLAG("record-burst-stats", 0, settings.record_bursts, "print how full the bursts were"),
	TEXT("cmdline-file", "FILE", cmdline_file, "run the commands of a file first"),
	FLAG("disable-device-start", 0, stopped, "leave the ports stopped"),
	CALL("metrics-listen", "[ADDRESS:]PORT", set_metrics,
		"serve Prometheus' GET /metrics; 127.0.0.1"),
	TEXT("pcap-out", "FILE", pcap_out, "write what ports received and sent, as pcapng"),
	TEXT("json", "FILE", json,
		"write the results as JSON; - is stdout, and all else goes to stderr"),
	FLAG("dry-run", 0, dry_run, "print what would be used, and touch no device"),
	FLAG("help", 'h', help, "print this"),
	FLAG("version", 0, version, "print the version"),
	{.name = NULL},
};

static void explain(const struct option_row *row)
{
	int used = 0;

	if (row->letter != '\0')
		used = printf("  -%c, --%s", row->letter, row->name);
	else
		used = printf("  --%s", row->name);
	if (row->value != NULL)
		used += printf("=%s", row->value);
	printf("%*s%s\n", used < HELP_COLUMN ? HELP_COLUMN - used : 1, "", row->help);
}

void options_help(void)
{
	puts("Usage: kickless-testpmd [EAL options] -- --dev NAME[,key=value...] [options]\n"
	     "\n"
	     "Forwards packets between virtio network devices, as DPDK's testpmd does.\n"
	     "\n"
	     "NAME is 0000:00:05.0, net@0 (the first bound) or net:mac=52:54:00:12:34:56; keys:\n"
	     "queues=N queue_size=N event_idx=0|1 indirect=0|1 mrg_rxbuf=0|1 features=+NAME/-NAME\n"
	     "legacy=0|1 kick=eager|lazy:NS|auto. Without -i it forwards at once, until Enter,\n"
	     "Ctrl-C or --duration.\n");
	for (const struct option_row *row = option_rows; row->name != NULL; row++)
		explain(row);
	puts("\nAt the prompt, help lists the commands. With EAL's --telemetry, dpdk-telemetry.py reads\n"
	     "/kickless/ports, and /kickless/port, queues, kicks and features of a port.");
}
