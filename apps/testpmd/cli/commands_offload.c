/* SPDX-License-Identifier: BSD-3-Clause */
/* Offloads of a device: checksums, segmentation, VLAN tags. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kickless/net_control.h>

#include "common/message.h"
#include "offloads.h"
#include "testpmd.h"

#define MAX_VLAN 4095

/* The selected port, if it is stopped: offloads are negotiated when it starts. */
static struct port *select_stopped_port(struct testpmd *pmd, uint32_t number)
{
	uint16_t at = 0;
	struct port *port = select_port(pmd, number, &at);

	if (port == NULL || !port_is_started(port))
		return port;
	print_reply("Please stop port %u first", port->number);
	return NULL;
}

static const char *sum_maker_name(bool hw)
{
	return hw ? "hw" : "sw";
}

static void show_sums(const struct testpmd *pmd, const struct port *port)
{
	const struct port_sums *sums = &pmd->settings.sums[port->number];

	printf("Parse tunnel is off\n");
	printf("IP checksum offload is sw\n");
	printf("UDP checksum offload is %s\n", sum_maker_name(sums->udp_hw));
	printf("TCP checksum offload is %s\n", sum_maker_name(sums->tcp_hw));
	printf("SCTP checksum offload is sw\n");
	printf("Outer-Ip checksum offload is sw\n");
	printf("Outer-Udp checksum offload is sw\n");
}

/*
 * Turns a TX offload on or off from the port's next start. Returns false when the device
 * can't do it.
 */
static bool set_tx_offload(struct port *port, uint64_t offload, bool on)
{
	if (on && (kl_net_info(port->net)->tx_offloads & offload) != offload)
		return false;
	if (on)
		port->conf.tx_offloads |= offload;
	else
		port->conf.tx_offloads &= ~offload;
	return true;
}

static void run_csum_set(struct testpmd *pmd, const struct command_words *words)
{
	const char *what = words->word[2].text;
	const bool hw = strcmp(words->word[3].text, "hw") == 0;
	const bool is_udp = strcmp(what, "udp") == 0;
	struct port *port = select_stopped_port(pmd, words->word[4].number);
	struct port_sums *sums;

	if (port == NULL)
		return;
	sums = &pmd->settings.sums[port->number];
	if (strcmp(what, "ip") == 0) {
		/* Virtio devices always leave it to the driver. */
		if (hw)
			print_reply("IP checksum offload is not supported by port %u",
				port->number);
	} else if (!set_tx_offload(port,
			   is_udp ? RTE_ETH_TX_OFFLOAD_UDP_CKSUM : RTE_ETH_TX_OFFLOAD_TCP_CKSUM,
			   hw)) {
		print_reply("%s checksum offload is not supported by port %u",
			is_udp ? "UDP" : "TCP", port->number);
	} else if (is_udp) {
		sums->udp_hw = hw;
	} else {
		sums->tcp_hw = hw;
	}
	show_sums(pmd, port);
}

static void run_csum_show(struct testpmd *pmd, const struct command_words *words)
{
	uint16_t at = 0;
	const struct port *port = select_port(pmd, words->word[2].number, &at);

	if (port != NULL)
		show_sums(pmd, port);
}

static void show_tso(const struct testpmd *pmd, const struct port *port)
{
	const uint16_t segment = pmd->settings.sums[port->number].tso_segment;

	if (segment == 0)
		printf("TSO for non-tunneled packets is disabled\n");
	else
		printf("TSO segment size for non-tunneled packets is %u\n", segment);
}

static void run_tso_set(struct testpmd *pmd, const struct command_words *words)
{
	const uint32_t segment = words->word[2].number;
	struct port *port = select_stopped_port(pmd, words->word[3].number);

	if (port == NULL)
		return;
	if (segment > UINT16_MAX)
		print_reply("TSO segment size %u; allowed: 0 (off) to %u", segment, UINT16_MAX);
	else if (!set_tx_offload(port, RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_TCP_CKSUM,
			 segment > 0))
		print_reply("TSO is not supported by port %u", port->number);
	else
		pmd->settings.sums[port->number].tso_segment = segment;
	show_tso(pmd, port);
}

static void run_tso_show(struct testpmd *pmd, const struct command_words *words)
{
	uint16_t at = 0;
	const struct port *port = select_port(pmd, words->word[2].number, &at);

	if (port != NULL)
		show_tso(pmd, port);
}

/*
 * Changes an RX offload: of a running port at once, if the device can; of a stopped one from
 * its next start.
 */
static int set_rx_offload(struct port *port, uint64_t offload, bool on)
{
	const uint64_t others = kl_net_rx_offloads(port->net) & ~offload;
	int rc = 0;

	if (on && (kl_net_info(port->net)->rx_offloads & offload) == 0)
		return -ENOTSUP;
	if (port_is_started(port))
		rc = kl_net_rx_offloads_set(port->net, others | (on ? offload : 0));
	if (rc == 0)
		port->conf.rx_offloads = (port->conf.rx_offloads & ~offload) | (on ? offload : 0);
	return rc;
}

static void run_configure(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = strcmp(words->word[3].text, "tx_offload") == 0;
	const bool on = strcmp(words->word[5].text, "on") == 0;
	const uint64_t offload = offload_by_name(tx, words->word[4].text);
	uint16_t at = 0;
	struct port *port = tx ? select_stopped_port(pmd, words->word[2].number) :
				 select_port(pmd, words->word[2].number, &at);
	int rc;

	if (port == NULL)
		return;
	if (offload == 0) {
		print_reply("Unknown offload name: %s", words->word[4].text);
		return;
	}
	if (tx)
		rc = set_tx_offload(port, offload, on) ? 0 : -ENOTSUP;
	else
		rc = set_rx_offload(port, offload, on);
	if (rc == -ENOTSUP)
		print_reply("Error: port %u does not support offload %s%s", port->number,
			words->word[4].text, port_is_started(port) ? " while it runs" : "");
	else if (rc != 0)
		print_reply("Error: offload %s of port %u did not change: %s", words->word[4].text,
			port->number, rc == -EINVAL ? "stop the port first" : strerror(-rc));
}

/* A virtio device has no offload of a single queue. */
static void show_capabilities(const struct port *port, bool tx)
{
	const struct kl_net_info *info = kl_net_info(port->net);

	printf("%s Offloading Capabilities of port %u :\n", tx ? "Tx" : "Rx", port->number);
	printf("  Per Queue :\n");
	printf("  Per Port  :");
	offloads_print(tx, tx ? info->tx_offloads : info->rx_offloads);
	printf("\n\n");
}

static void show_configuration(const struct port *port, bool tx)
{
	printf("%s Offloading Configuration of port %u :\n", tx ? "Tx" : "Rx", port->number);
	printf("  Port :");
	offloads_print(tx, tx ? port->conf.tx_offloads : port->conf.rx_offloads);
	printf("\n");
	for (uint16_t i = 0; i < port->conf.queue_pairs; i++)
		printf("  Queue[%2u] :\n", i);
	printf("\n");
}

static void run_show(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = strcmp(words->word[3].text, "tx_offload") == 0;
	uint16_t at = 0;
	const struct port *port = select_port(pmd, words->word[2].number, &at);

	if (port == NULL)
		return;
	if (strcmp(words->word[4].text, "capabilities") == 0)
		show_capabilities(port, tx);
	else
		show_configuration(port, tx);
}

/* Stripping may change on a running device; filtering changes with its next start. */
static void run_vlan(struct testpmd *pmd, const struct command_words *words)
{
	const bool strip = strcmp(words->word[2].text, "strip") == 0;
	const bool on = strcmp(words->word[3].text, "on") == 0;
	const uint64_t offload = strip ? RTE_ETH_RX_OFFLOAD_VLAN_STRIP :
					 RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	uint16_t at = 0;
	struct port *port = select_port(pmd, words->word[4].number, &at);
	int rc;

	if (port == NULL)
		return;
	rc = set_rx_offload(port, offload, on);
	if (rc != 0)
		print_reply("rx_vlan_%s_set(port_pi=%u, on=%d) failed diag=%d: %s",
			words->word[2].text, port->number, on, rc,
			rc == -EINVAL ? "stop the port first" : strerror(-rc));
}

static void run_tag(struct testpmd *pmd, const struct command_words *words)
{
	const bool on = strcmp(words->word[1].text, "set") == 0;
	const uint32_t tag = on ? words->word[3].number : NO_VLAN;
	struct port *port = select_stopped_port(pmd, words->word[2].number);

	if (port == NULL)
		return;
	if (on && tag > MAX_VLAN)
		print_reply("Invalid vlan_id %u (must be <= %u)", tag, MAX_VLAN);
	else if (!set_tx_offload(port, RTE_ETH_TX_OFFLOAD_VLAN_INSERT, on))
		print_reply("Error: vlan insert is not supported by port %u", port->number);
	else
		pmd->settings.tx_vlan[port->number] = (uint16_t)tag;
}

static const struct command commands[] = {
	{"csum set ip|tcp|udp hw|sw PORT",
		"Select hardware or software checksums for the csum mode.", run_csum_set},
	{"csum show PORT", "Display these selections.", run_csum_show},
	{"tso set N PORT", "Set the segment size of TSO in the csum mode; 0 turns it off.",
		run_tso_set},
	{"tso show PORT", "Display that segment size.", run_tso_show},
	{"vlan set strip|filter on|off PORT",
		"Turn stripping of VLAN tags, or filtering by them, on or off.", run_vlan},
	{"tx_vlan set PORT N", "Insert a VLAN tag into packets that a port sends.", run_tag},
	{"tx_vlan reset PORT", "Stop inserting it.", run_tag},
	{"port config PORT rx_offload|tx_offload LIST on|off",
		"Change an offload: RX of a running port at once, if the device can; otherwise from the next start.",
		run_configure},
	{"show port PORT rx_offload|tx_offload capabilities|configuration",
		"Display the offloads that a device has, or that a port requests.", run_show},
	{NULL, NULL, NULL},
};

const struct command_group offload_group = {
	.name = "offloads",
	.title = "Offloads of a device",
	.commands = commands,
};
