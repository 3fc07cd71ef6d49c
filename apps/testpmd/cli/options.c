/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "common/message.h"
#include "common/number.h"
#include "common/options.h"
#include "dpdk_devices.h"
#include "dpdk_options.h"
#include "forward/idle.h"
#include "parse_settings.h"
#include "report/metrics.h"

const char program_name[] = "kickless-testpmd";

static int add_device(void *context, const struct option_row *row, const char *spec)
{
	struct options *options = context;

	if (options->device_count == MAX_PORTS) {
		print_error("--%s=%s: more than %u devices", row->name, spec, MAX_PORTS);
		return -EINVAL;
	}
	options->devices[options->device_count++] = spec;
	return 0;
}

static int set_mode(void *context, const struct option_row *row, const char *name)
{
	struct options *options = context;

	(void)row;
	return settings_set_mode(&options->settings, name);
}

static int set_topology(void *context, const struct option_row *row, const char *name)
{
	struct options *options = context;

	(void)row;
	return settings_set_topology(&options->settings, name);
}

static int set_burst(void *context, const struct option_row *row, const char *text)
{
	struct options *options = context;
	uint64_t burst;

	(void)row;
	if (number_parse(text, '\0', &burst, NULL) != 0)
		burst = 0;
	return settings_set_burst(&options->settings, burst);
}

static int set_peer(void *context, const struct option_row *row, const char *text)
{
	struct options *options = context;
	struct rte_ether_addr peer;
	uint64_t port;
	const char *rest;

	if (number_parse(text, ',', &port, &rest) != 0 || *rest != ',' ||
		rte_ether_unformat_addr(rest + 1, &peer) != 0)
		return option_refuse(row, text, "allowed: PORT,MAC, such as 0,02:00:00:00:00:01");
	return settings_set_peer(&options->settings, port, &peer);
}

static int set_kick(void *context, const struct option_row *row, const char *text)
{
	struct options *options = context;

	if (kl_kick_policy_parse(text, &options->kick) == 0)
		return 0;
	return option_refuse(row, text, "allowed: eager, auto or lazy:NS");
}

static int set_isolation(void *context, const struct option_row *row, const char *name)
{
	static const char *const names[] = {
		[KL_ISOLATE_NO] = "off",
		[KL_ISOLATE_YES] = "on",
		[KL_ISOLATE_AUTO] = "auto",
	};
	struct options *options = context;

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		options->isolate = (enum kl_isolate)i;
		return 0;
	}
	return option_refuse(row, name, "allowed: auto, on or off");
}

static int set_idle(void *context, const struct option_row *row, const char *name)
{
	struct options *options = context;

	if (idle_parse(name, &options->settings.idle) == 0)
		return 0;
	return option_refuse(row, name, "allowed: poll, adaptive or interrupt");
}

static int set_offloads(void *context, const struct option_row *row, const char *text)
{
	uint64_t *offloads = (uint64_t *)((char *)context + row->offset);
	char *end;

	errno = 0;
	*offloads = strtoull(text, &end, 16);
	if (errno == 0 && end != text && *end == '\0' && text[0] != '-')
		return 0;
	return option_refuse(row, text, "allowed: a hexadecimal mask");
}

static int set_ports(void *context, const struct option_row *row, const char *mask)
{
	struct options *options = context;

	(void)row;
	return settings_set_port_mask(&options->settings, mask);
}

static int set_port_list(void *context, const struct option_row *row, const char *list)
{
	struct options *options = context;

	(void)row;
	return settings_set_port_list(&options->settings, list);
}

static int set_peers(void *context, const struct option_row *row, const char *path)
{
	struct options *options = context;

	(void)row;
	return settings_load_peers(&options->settings, path);
}

static int set_cores(void *context, const struct option_row *row, const char *mask)
{
	struct options *options = context;

	(void)row;
	return settings_set_core_mask(&options->settings, mask);
}

static int set_metrics(void *context, const struct option_row *row, const char *text)
{
	struct options *options = context;
	struct sockaddr_storage address;

	options->metrics_listen = text;
	if (metrics_parse_address(text, &address) == 0)
		return 0;
	return option_refuse(row, text,
		"allowed: [ADDRESS:]PORT, such as 9100, 127.0.0.1:9100 or [::1]:9100");
}

static int set_addresses(void *context, const struct option_row *row, const char *pair)
{
	struct options *options = context;

	(void)row;
	return settings_set_addresses(&options->settings, pair);
}

static int set_udp_ports(void *context, const struct option_row *row, const char *pair)
{
	struct options *options = context;

	(void)row;
	return settings_set_udp_ports(&options->settings, pair);
}

#define AT(member, type) .offset = OPTION_AT(struct options, member, type)
#define FLAG(n, l, member, text) \
	{ \
		.name = n, .letter = l, .kind = OPTION_FLAG, .help = text, AT(member, bool) \
	}
#define NUMBER(n, low, high, member, text) \
	{ \
		.name = n, .kind = OPTION_NUMBER, .value = "N", .help = text, \
		AT(member, uint64_t), .min = low, .max = high \
	}
#define TEXT(n, v, member, text) \
	{ \
		.name = n, .kind = OPTION_TEXT, .value = v, .help = text, AT(member, const char *) \
	}
#define CALL(n, v, function, text) \
	{ \
		.name = n, .kind = OPTION_CALL, .value = v, .help = text, .call = function \
	}
#define OFFLOADS(n, member, text) \
	{ \
		.name = n, .kind = OPTION_CALL, .value = "HEX", .help = text, \
		AT(member, uint64_t), .call = set_offloads \
	}

static const struct option_row rows[] = {
	CALL("dev", "NAME[,key=value...]", add_device,
		"a device; its position is its port's number. tap:NAME joins the port before it to a kernel interface"),
	FLAG("interactive", 'i', interactive, "read commands from a prompt"),
	FLAG("auto-start", 'a', auto_start, "start forwarding before the prompt"),
	FLAG("tx-first", 0, tx_first, "send one burst before forwarding"),
	CALL("forward-mode", "MODE", set_mode,
		"io|mac|macswap|rxonly|txonly|flowgen|csum|icmpecho|5tswap|noisy|recycle_mbufs|shared_rxq|ieee1588; io"),
	CALL("port-topology", "NAME", set_topology, "paired|chained|loop; paired"),
	CALL("burst", "N", set_burst, "packets per burst, 1 to 512; 32"),
	NUMBER("nb-cores", 1, RTE_MAX_LCORE, cores, "number of forwarding lcores; 1"),
	CALL("coremask", "HEX", set_cores,
		"the forwarding lcores; the first ones, as many as --nb-cores"),
	NUMBER("nb-ports", 1, MAX_PORTS, ports, "number of forwarding ports; all"),
	CALL("portmask", "HEX", set_ports, "the forwarding ports; all"),
	CALL("portlist", "N[,N]...", set_port_list, "the same, as a list in their order"),
	NUMBER("rxq", 1, MAX_QUEUES, rxq, "receive queues per port; a device's queues=, or 1"),
	NUMBER("txq", 1, MAX_QUEUES, txq, "transmit queues per port; a device's queues=, or 1"),
	NUMBER("rxd", 1, 32768, rxd,
		"descriptors per receive ring; queue_size= of the device, 256 over vhost-user and MMIO, else its maximum"),
	NUMBER("txd", 1, 32768, txd,
		"descriptors per transmit ring; queue_size= of the device, 256 over vhost-user and MMIO, else its maximum"),
	CALL("kick", "POLICY", set_kick,
		"kick policy of devices without a key kick=: eager|lazy:NS|auto; auto"),
	CALL("isolate", "MODE", set_isolation,
		"devices reach their rings and packets only: auto|on|off, auto where it is possible; off"),
	NUMBER("tx-timeout", 1, 3600000, tx_timeout_ms,
		"ms without progress of a transmit queue before its device is reset; never"),
	NUMBER("mbuf-size", RTE_PKTMBUF_HEADROOM + 64, UINT16_MAX, mbuf_size,
		"bytes per mbuf, headroom included; 2176"),
	NUMBER("total-num-mbufs", 32, UINT32_MAX / 2, mbuf_count,
		"mbufs per pool; enough for the rings that are configured, else of 1024 or more, and for what noisy keeps"),
	NUMBER("mbcache", 0, RTE_MEMPOOL_CACHE_MAX_SIZE, mbuf_cache, "mbufs cached per lcore; 250"),
	NUMBER("max-pkt-len", 64, UINT16_MAX, max_packet,
		"longest frame in bytes, FCS and VLAN tags included; follows from the device's MTU"),
	FLAG("enable-rx-cksum", 0, rx_cksum, "let devices verify TCP and UDP checksums"),
	FLAG("enable-scatter", 0, has_no_effect,
		"no effect: a received packet may always span several mbufs"),
	FLAG("no-flush-rx", 0, has_no_effect,
		"no effect: packets received before the start are always forwarded"),
	FLAG("enable-lro", 0, lro, "let devices coalesce TCP packets (LRO)"),
	FLAG("enable-hw-vlan", 0, vlan, "both of the following"),
	FLAG("enable-hw-vlan-filter", 0, vlan_filter, "let devices filter by VLAN"),
	FLAG("enable-hw-vlan-strip", 0, vlan_strip, "strip VLAN tags from received packets"),
	OFFLOADS("rx-offloads", rx_offloads, "RTE_ETH_RX_OFFLOAD_* to enable on each port"),
	OFFLOADS("tx-offloads", tx_offloads, "RTE_ETH_TX_OFFLOAD_* to enable on each port"),
	FLAG("disable-rss", 0, no_rss, "leave the choice of receive queues to the device"),
	FLAG("rss-ip", 0, has_no_effect, "no effect: RSS by IP addresses is the default"),
	FLAG("rss-udp", 0, rss_udp, "RSS by IP addresses and UDP ports"),
	TEXT("txpkts", "N[,N]...", segments, "bytes of each segment of txonly's packets; 64"),
	FLAG("txonly-multi-flow", 0, settings.multi_flow, "vary the UDP source port in txonly"),
	CALL("tx-ip", "SRC,DST", set_addresses,
		"IP addresses of txonly's packets; 198.18.0.1,198.18.0.2"),
	CALL("tx-udp", "SRC[,DST]", set_udp_ports, "UDP ports of txonly's packets; 9"),
	NUMBER("flowgen-flows", 1, INT32_MAX, settings.flows, "number of flows of flowgen; 1024"),
	NUMBER("rate", 1, 1000000000, settings.rate,
		"packets per second and port in txonly and flowgen"),
	CALL("eth-peer", "PORT,MAC", set_peer,
		"destination address of what a port sends in mac, csum and txonly"),
	CALL("eth-peers-configfile", "FILE", set_peers,
		"the same for all ports: an address per line"),
	NUMBER("noisy-tx-sw-buffer-size", 0, 1 << 20, settings.noisy.buffer,
		"packets that wait in the mode noisy before they are sent; 0"),
	NUMBER("noisy-tx-sw-buffer-flushtime", 0, 3600000, settings.noisy.flush_ms,
		"ms after which they are sent anyway; never"),
	NUMBER("noisy-lkup-memory", 0, 1 << 20, settings.noisy.memory_mib,
		"MiB that noisy reads and writes, for each stream; 0"),
	NUMBER("noisy-lkup-num-writes", 0, 1000000, settings.noisy.writes,
		"random writes per packet in noisy; 0"),
	NUMBER("noisy-lkup-num-reads", 0, 1000000, settings.noisy.reads,
		"random reads per packet in noisy; 0"),
	NUMBER("noisy-lkup-num-reads-writes", 0, 1000000, settings.noisy.reads_writes,
		"random reads, each with a write, per packet in noisy; 0"),
	{.name = "duration",
		.kind = OPTION_SECONDS,
		.value = "SECONDS",
		AT(duration, double),
		.help = "forward for so long, print the statistics and exit"},
	NUMBER("stats-period", 1, 86400, stats_period, "show port statistics every N seconds"),
	CALL("idle", "MODE", set_idle,
		"behaviour of lcores without packets: poll|adaptive|interrupt; poll"),
	FLAG("record-core-cycles", 0, settings.record_cycles, "print CPU cycles per packet"),
	FLAG("record-burst-stats", 0, settings.record_bursts, "print the sizes of bursts"),
	TEXT("cmdline-file", "FILE", cmdline_file, "run the commands of a file first"),
	FLAG("disable-device-start", 0, stopped, "leave the ports stopped"),
	CALL("metrics-listen", "[ADDRESS:]PORT", set_metrics,
		"serve GET /metrics to Prometheus; ADDRESS 127.0.0.1"),
	TEXT("pcap-out", "FILE", pcap_out, "write received and sent packets, as pcapng"),
	TEXT("json", "FILE", json,
		"write the results as JSON; - is stdout, and all else goes to stderr"),
	FLAG("dry-run", 0, dry_run, "print what would be used, and touch no device"),
	{.name = "help", .letter = 'h', .kind = OPTION_LAST, AT(help, bool), .help = "print this"},
	{.name = "version", .kind = OPTION_LAST, AT(version, bool), .help = "print the version"},
	{.name = NULL},
};
_Static_assert(RTE_DIM(rows) <= OPTION_ROWS_MAX, "getopt's tables hold all rows");

void options_help(void)
{
	puts("Usage: kickless-testpmd [EAL options] -- --dev NAME[,key=value...] [options]\n"
	     "\n"
	     "Forwards packets between virtio network devices, as DPDK's testpmd does.\n"
	     "\n"
	     "NAME is 0000:00:05.0, net@0 (the first bound), net:mac=52:54:00:12:34:56,\n"
	     "vhost-user:PATH or mmio:0xADDRESS; keys: queues=N queue_size=N event_idx=0|1\n"
	     "indirect=0|1 packed=0|1 in_order=0|1 mrg_rxbuf=0|1 mac=ADDRESS features=+NAME/-NAME\n"
	     "legacy=0|1 vfio=auto|group|cdev kick=eager|lazy:NS|auto isolate=0|1|auto timeout_ms=N;\n"
	     "of vhost-user:PATH server=0|1 mode=OCTAL group=NAME.\n"
	     "\n"
	     "Without -i it forwards at once, until Enter, SIGINT, SIGTERM or --duration. The end of\n"
	     "standard input is not Enter.\n");
	options_print(rows, 0);
	puts("\nAt the prompt, help lists the commands. With EAL's --telemetry, dpdk-telemetry.py reads\n"
	     "/kickless/ports, and /kickless/port, queues, kicks and features of a port.");
}

static void set_defaults(struct options *options)
{
	*options = (struct options){
		.kick = {.mode = KL_KICK_AUTO},
		.mbuf_size = RTE_MBUF_DEFAULT_BUF_SIZE,
		.mbuf_cache = DEFAULT_MBUF_CACHE,
	};
	settings_default(&options->settings);
}

static int check_queues(struct options *options)
{
	/* One of them alone means 1 for the other, as in testpmd. */
	const uint64_t rxq = options->rxq == 0 && options->txq != 0 ? 1 : options->rxq;
	const uint64_t txq = options->txq == 0 && options->rxq != 0 ? 1 : options->txq;

	if (rxq != txq) {
		print_error(
			"--rxq=%" PRIu64 " and --txq=%" PRIu64
			": a virtio network device has pairs of queues; give both the same value",
			rxq, txq);
		return -EINVAL;
	}
	options->queues = rxq;
	return 0;
}

static int check_buffers(struct options *options)
{
	/* A mempool's cache holds up to 3/2 of its size. */
	const uint64_t cached = options->mbuf_cache * 3 / 2;

	if (options->mbuf_count != 0 && options->mbuf_count < cached) {
		print_error("--total-num-mbufs=%" PRIu64 " is less than a cache of %" PRIu64
			    " needs: %" PRIu64 "; reduce --mbcache",
			options->mbuf_count, options->mbuf_cache, cached);
		return -EINVAL;
	}
	if (options->segments == NULL)
		return 0;
	return settings_set_segments(&options->settings, options->segments,
		options->mbuf_size - RTE_PKTMBUF_HEADROOM);
}

static int check_run(struct options *options)
{
	if (options->interactive && (options->tx_first || options->duration > 0)) {
		print_error("%s can't be used with --interactive",
			options->tx_first ? "--tx-first" : "--duration");
		return -EINVAL;
	}
	if (options->interactive && options->stats_period != 0)
		print_warning("--stats-period has no effect with --interactive");
	if (options->settings.rate != 0 && !options->settings.engine->paced &&
		!options->interactive) {
		print_error("--rate has no effect in mode %s; allowed: txonly and flowgen",
			options->settings.engine->name);
		return -EINVAL;
	}
	if (options->cores != 0)
		options->settings.cores = options->cores;
	options->settings.ports = options->ports;
	return 0;
}

static void choose_offloads(struct options *options)
{
	if (options->rx_cksum)
		options->rx_offloads |= RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	if (options->lro)
		options->rx_offloads |= RTE_ETH_RX_OFFLOAD_TCP_LRO;
	if (options->vlan_filter || options->vlan)
		options->rx_offloads |= RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	if (options->vlan_strip || options->vlan)
		options->rx_offloads |= RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	if (!options->no_rss)
		options->rss_types = RTE_ETH_RSS_IP | (options->rss_udp ? RTE_ETH_RSS_UDP : 0);
}

/* A device in DPDK's words, given to --dev. */
static int check_devices(const struct options *options)
{
	char text[1024];

	for (uint16_t i = 0; i < options->device_count; i++) {
		if (!dpdk_vdev_explain(options->devices[i], text, sizeof(text)))
			continue;
		print_error("--dev=%s: is a device of DPDK's; %s", options->devices[i], text);
		return -EINVAL;
	}
	return 0;
}

static int check_options(struct options *options)
{
	int rc;

	if (options->device_count == 0) {
		print_error("no device given; use --dev NAME, for instance --dev net@0");
		return -EINVAL;
	}
	choose_offloads(options);
	rc = check_devices(options);
	if (rc == 0)
		rc = check_queues(options);
	if (rc == 0)
		rc = check_buffers(options);
	if (rc == 0)
		rc = check_run(options);
	return rc;
}

/* True when a word is a long option of ours. The short ones are EAL's too, as -a. */
static bool has_own_option(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		for (const struct option_row *row = rows; row->name != NULL; row++) {
			const size_t length = strcspn(argv[i], "=");

			if (strncmp(argv[i], "--", 2) == 0 && length == strlen(row->name) + 2 &&
				strncmp(argv[i] + 2, row->name, length - 2) == 0)
				return true;
		}
	return false;
}

/*
 * Returns the index of the first option of testpmd's, behind a lone "--". EAL's stand before it;
 * --help and --version may, too.
 */
static int find_first_option(struct options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return dpdk_devices_refuse(i, argv) == 0 ? i + 1 : -EINVAL;
		options->help |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
		options->version |= strcmp(argv[i], "--version") == 0;
	}
	if (options->help || options->version)
		return argc;
	if (!has_own_option(argc, argv) && dpdk_devices_refuse(argc, argv) != 0)
		return -EINVAL;
	print_error("usage: kickless-testpmd [EAL options] -- --dev NAME[,key=value...] [options]; "
		    "--help explains them");
	return -EINVAL;
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct option_row all[OPTION_ROWS_MAX];
	int first, rest;

	set_defaults(options);
	first = find_first_option(options, argc, argv);
	if (first < 0 || options->help || options->version)
		return first < 0 ? first : 0;
	memcpy(all, rows, sizeof(rows));
	dpdk_options_rows(all + RTE_DIM(rows) - 1, OPTION_ROWS_MAX - RTE_DIM(rows) + 1);
	/* The word before the first option stands where getopt expects the program's name. */
	rest = options_apply(all, 0, NULL, options, argc - first + 1, argv + first - 1);
	if (rest < 0 || options->help || options->version)
		return rest < 0 ? rest : 0;
	if (rest < argc - first + 1) {
		print_error("'%s' is not an option; --help lists them", argv[first - 1 + rest]);
		return -EINVAL;
	}
	return check_options(options);
}
