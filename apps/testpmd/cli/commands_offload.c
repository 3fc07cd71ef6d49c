/* SPDX-License-Identifier: BSD-3-Clause */
/* Offloads of a device: checksums, segmentation. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kickless/net_control.h>

#include "common/message.h"
#include "offloads.h"
#include "testpmd.h"

static const char *sum_maker_name(bool hw)
{
	return hw ? "hw" : "sw";
}

static void show_sums(const struct testpmd *pmd, const struct port *port)
{
	const struct port_sums *sums = &pmd->settings.sums[port->number];

	printf("Parse tunnel is %s\n", sums->parses_tunnels ? "on" : "off");
	printf("IP checksum offload is sw\n");
	printf("UDP checksum offload is %s\n", sum_maker_name(sums->udp_hw));
	printf("TCP checksum offload is %s\n", sum_maker_name(sums->tcp_hw));
	printf("SCTP checksum offload is sw\n");
	printf("Outer-Ip checksum offload is sw\n");
	printf("Outer-Udp checksum offload is sw\n");
}

/* Turns a port's checksums of TCP or UDP over to the device, or back. False: it has none. */
static bool set_sum(struct port *port, bool *is_hw, uint64_t offload, bool hw)
{
	if (!port_set_tx_offload(port, offload, hw))
		return false;
	*is_hw = hw;
	return true;
}

/*
 * Virtio devices leave all checksums but TCP's and UDP's to the driver. SCTP's does not depend on
 * what the mode changes, so it stays as it came.
 */
static void run_csum_set(struct testpmd *pmd, const struct command_words *words)
{
	static const struct {
		const char *word;
		const char *name;
	} names[] = {
		{"ip", "IP"},
		{"tcp", "TCP"},
		{"udp", "UDP"},
		{"sctp", "SCTP"},
		{"outer-ip", "Outer IP"},
		{"outer-udp", "Outer UDP"},
	};
	const char *what = words->word[2].text;
	const bool hw = strcmp(words->word[3].text, "hw") == 0;
	struct port *port = select_stopped_port(pmd, words->word[4].number);
	struct port_sums *sums;
	bool is_done = !hw;

	if (port == NULL)
		return;
	sums = &pmd->settings.sums[port->number];
	if (strcmp(what, "udp") == 0)
		is_done = set_sum(port, &sums->udp_hw, RTE_ETH_TX_OFFLOAD_UDP_CKSUM, hw);
	else if (strcmp(what, "tcp") == 0)
		/* TSO goes on to need the device's. */
		is_done = set_sum(port, &sums->tcp_hw,
			hw || sums->tso_segment == 0 ? RTE_ETH_TX_OFFLOAD_TCP_CKSUM : 0, hw);
	for (size_t i = 0; i < RTE_DIM(names) && !is_done; i++)
		if (strcmp(what, names[i].word) == 0)
			print_reply("%s checksum offload is not supported by port %u",
				names[i].name, port->number);
	show_sums(pmd, port);
}

static void run_csum_tunnel(struct testpmd *pmd, const struct command_words *words)
{
	const struct port *port = select_one_port(pmd, words->word[3].number);

	if (port == NULL)
		return;
	pmd->settings.sums[port->number].parses_tunnels = strcmp(words->word[2].text, "on") == 0;
	show_sums(pmd, port);
}

static void run_csum_addresses(struct testpmd *pmd, const struct command_words *words)
{
	const struct port *port = select_one_port(pmd, words->word[3].number);

	if (port != NULL)
		pmd->settings.sums[port->number].keeps_addresses = strcmp(words->word[2].text,
									   "off") == 0;
}

static void run_csum_show(struct testpmd *pmd, const struct command_words *words)
{
	const struct port *port = select_one_port(pmd, words->word[2].number);

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
	uint64_t offloads = RTE_ETH_TX_OFFLOAD_TCP_TSO;
	struct port_sums *sums;

	if (port == NULL)
		return;
	sums = &pmd->settings.sums[port->number];
	/* TSO needs it, and "csum set tcp hw" goes on to. */
	if (segment > 0 || !sums->tcp_hw)
		offloads |= RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	if (segment > UINT16_MAX)
		print_reply("TSO segment size %u; allowed: 0 (off) to %u", segment, UINT16_MAX);
	else if (!port_set_tx_offload(port, offloads, segment > 0))
		print_reply("TSO is not supported by port %u", port->number);
	else
		sums->tso_segment = segment;
	show_tso(pmd, port);
}

static void run_tso_show(struct testpmd *pmd, const struct command_words *words)
{
	const struct port *port = select_one_port(pmd, words->word[2].number);

	if (port != NULL)
		show_tso(pmd, port);
}

static void run_configure(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = strcmp(words->word[3].text, "tx_offload") == 0;
	const bool on = strcmp(words->word[5].text, "on") == 0;
	const uint64_t offload = offload_by_name(tx, words->word[4].text);
	struct port *port = tx ? select_stopped_port(pmd, words->word[2].number) :
				 select_one_port(pmd, words->word[2].number);
	int rc;

	if (port == NULL)
		return;
	if (offload == 0) {
		print_reply("Unknown offload name: %s", words->word[4].text);
		return;
	}
	if (tx)
		rc = port_set_tx_offload(port, offload, on) ? 0 : -ENOTSUP;
	else
		rc = port_set_rx_offload(port, offload, on);
	fwd_apply(&pmd->fwd);
	if (rc == -ENOTSUP)
		print_reply("Error: port %u does not support offload %s%s", port->number,
			words->word[4].text, port_is_started(port) ? " while it runs" : "");
	else if (rc != 0)
		print_reply("Error: offload %s of port %u did not change: %s", words->word[4].text,
			port->number, rc == -EINVAL ? "stop the port first" : strerror(-rc));
}

/* A virtio device has no offload of a single queue; "port P txq Q tx_offload" requests one. */
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
	for (uint16_t i = 0; i < port->conf.queue_pairs; i++) {
		printf("  Queue[%2u] :", i);
		offloads_print(tx, tx ? port->tx_queue_offloads[i] : 0);
		printf("\n");
	}
	printf("\n");
}

static void run_show(struct testpmd *pmd, const struct command_words *words)
{
	const bool tx = strcmp(words->word[3].text, "tx_offload") == 0;
	const struct port *port = select_one_port(pmd, words->word[2].number);

	if (port == NULL)
		return;
	if (strcmp(words->word[4].text, "capabilities") == 0)
		show_capabilities(port, tx);
	else
		show_configuration(port, tx);
}

static const struct command commands[] = {
	{"csum set ip|tcp|udp|sctp|outer-ip|outer-udp hw|sw PORT",
		"Select hardware or software checksums for the csum mode.", run_csum_set},
	{"csum parse-tunnel on|off PORT",
		"Compute checksums inside of tunnels too, in the csum mode.", run_csum_tunnel},
	{"csum mac-swap on|off PORT",
		"Set the Ethernet addresses in the csum mode, as the mac mode does, or keep them.",
		run_csum_addresses},
	{"csum show PORT", "Display these selections.", run_csum_show},
	{"tso set N PORT", "Set the segment size of TSO in the csum mode; 0 turns it off.",
		run_tso_set},
	{"tso show PORT", "Display that segment size.", run_tso_show},
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
