/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line behind EAL's part of it, "--". */
#ifndef TESTPMD_OPTIONS_H
#define TESTPMD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/queue.h>

#include "forward/settings.h"
#include "port/sizes.h"

struct options {
	const char *devices[MAX_PORTS]; /* each a name for kl_device_open, or tap:NAME */
	uint16_t device_count;
	uint64_t rxq; /* as given; 0 when not given */
	uint64_t txq;
	uint16_t queues; /* queue pairs, from both; 0 when neither was given */
	uint64_t rxd; /* 0 for the device's own, see kl_net_ring_size */
	uint64_t txd;
	struct kl_kick_policy kick;
	enum kl_isolate isolate; /* of devices without a key isolate= */
	uint64_t tx_timeout_ms; /* 0 for never */

	uint64_t mbuf_size; /* with headroom */
	uint64_t mbuf_count; /* 0 for what the rings need */
	uint64_t mbuf_cache;
	uint64_t tx_offloads; /* RTE_ETH_TX_OFFLOAD_* and RX to enable on ports */
	uint64_t rx_offloads;
	bool rx_cksum;
	bool lro;
	bool vlan; /* both of the next */
	bool vlan_filter;
	bool vlan_strip;
	bool no_rss;
	bool has_no_effect; /* options of testpmd whose effect is permanent here */
	bool rss_udp;
	uint64_t rss_types; /* from these three */
	uint64_t max_packet; /* with FCS; 0 when not given */

	bool interactive;
	bool auto_start;
	bool tx_first;
	bool stopped; /* ports stay stopped until a command starts them */
	bool dry_run;
	bool help;
	bool version;
	uint64_t stats_period; /* seconds; 0 for never */
	double duration; /* seconds; 0 for no limit */
	uint64_t cores; /* 0 when not given */
	uint64_t ports; /* number of forwarding ports; 0 for all */
	const char *segments;
	const char *cmdline_file;
	const char *json; /* "-" for stdout */
	const char *metrics_listen; /* NULL for nowhere */
	const char *pcap_out; /* NULL for none */

	struct fwd_settings settings; /* settings of the first run */
};

/*
 * Reads the words behind "--" in argv. Returns 0, or -EINVAL after a message that states the
 * allowed values. With --help or --version nothing else is checked. Strings remain those of argv.
 */
int options_parse(struct options *options, int argc, char **argv);

void options_help(void);

#endif
