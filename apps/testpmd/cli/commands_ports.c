/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kickless/net_control.h>

#include "common/message.h"
#include "dpdk_devices.h"
#include "testpmd.h"

static bool is_forwarding(const struct testpmd *pmd, const struct port *port)
{
	if (!pmd->fwd.running || !fwd_has_port(&pmd->fwd, port->number))
		return false;
	print_reply("Please remove port %u from forwarding configuration.", port->number);
	return true;
}

static void run_start(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	ports_complete_offloads(&pmd->ports);
	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL) {
		if (port_is_started(port))
			print_reply("Port %u is now not stopped", port->number);
		else
			port_start(port);
	}
	printf("Done\n");
}

static void run_stop(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	printf("Stopping ports...\n");
	fflush(stdout);
	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL)
		if (!is_forwarding(pmd, port) && port_is_started(port) && port_stop(port) != 0)
			pmd->failed = true;
	printf("Done\n");
}

static void run_close(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	printf("Closing ports...\n");
	fflush(stdout);
	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL) {
		if (is_forwarding(pmd, port))
			continue;
		if (port_is_started(port)) {
			print_reply("Cannot close started device (port %u)", port->number);
			continue;
		}
		testpmd_release_port(pmd, port);
		port_close_tap(port);
		printf("Port %u is closed\n", port->number);
	}
	printf("Done\n");
}

/* Closes the device and opens it again, which also helps one that is marked as failed. */
static void run_reset(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL) {
		if (port_is_started(port)) {
			print_reply("Can not reset port(s), please stop port(s) first.");
			return;
		}
		printf("Resetting ports...\n");
		fflush(stdout);
		testpmd_release_port(pmd, port);
		if (ports_reopen(&pmd->ports, port) != 0)
			print_reply("Failed to reset port %u", port->number);
	}
	printf("Done\n");
}

static void run_attach(struct testpmd *pmd, const struct command_words *words)
{
	char text[1024];

	printf("Attaching a new port...\n");
	fflush(stdout);
	if (dpdk_vdev_explain(words->word[2].text, text, sizeof(text))) {
		print_reply("%s is a device of DPDK's; %s", words->word[2].text, text);
	} else if (tap_is_named(words->word[2].text)) {
		print_reply("A TAP interface can only be joined by --dev");
	} else if (pmd->ports.count == MAX_PORTS) {
		print_reply("There are %u ports already", MAX_PORTS);
	} else if (testpmd_add_port(pmd, words->word[2].text) == 0 &&
		testpmd_create_pools(pmd) == 0) {
		printf("Port %u is attached. Now total ports is %u\n", pmd->ports.count - 1,
			ports_count_open(&pmd->ports));
	}
	printf("Done\n");
}

static void run_detach(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	printf("Removing a device...\n");
	fflush(stdout);
	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL) {
		if (port_is_started(port)) {
			print_reply("Port not stopped");
			continue;
		}
		testpmd_release_port(pmd, port);
		port_close_tap(port);
		printf("Device of port %u is detached\nNow total ports is %u\n", port->number,
			ports_count_open(&pmd->ports));
	}
	printf("Done\n");
}

/* The same by the name of the device. */
static void run_detach_device(struct testpmd *pmd, const struct command_words *words)
{
	const char *name = words->word[2].text;
	char text[SHOWN_BYTES];
	struct port *port;
	uint16_t at = 0;

	printf("Removing a device...\n");
	fflush(stdout);
	while ((port = select_port(pmd, PORT_ALL, &at)) != NULL)
		if (strcmp(port_name(port), name) == 0)
			break;
	if (port == NULL) {
		print_reply("Cannot find device %s; show device info all displays them", name);
	} else if (port_is_started(port)) {
		print_reply("Port %u not stopped", port->number);
	} else {
		testpmd_release_port(pmd, port);
		port_close_tap(port);
		printf("Device %s is detached\nNow total ports is %u\n", show_text(name, text),
			ports_count_open(&pmd->ports));
	}
	printf("Done\n");
}

static bool all_stopped(const struct testpmd *pmd)
{
	for (uint16_t i = 0; i < pmd->ports.count; i++) {
		if (port_is_started(&pmd->ports.at[i])) {
			print_reply("Please stop all ports first");
			return false;
		}
	}
	return true;
}

/* Queues come in pairs, so the larger one of both counts applies. */
static void configure_queues(struct testpmd *pmd, bool tx, uint32_t count)
{
	uint64_t pairs;

	if (tx)
		pmd->options.txq = count;
	else
		pmd->options.rxq = count;
	pairs = RTE_MAX(pmd->options.rxq, pmd->options.txq);
	if (testpmd_set_queues(pmd, pairs) == 0 && pmd->ports.queue_pairs != count)
		printf("Queues come in pairs: there will be %u\n", pmd->ports.queue_pairs);
}

static void run_configure(struct testpmd *pmd, const struct command_words *words)
{
	const char *what = words->word[3].text;
	const uint32_t count = words->word[4].number;
	const bool tx = what[0] == 't';

	if (!all_stopped(pmd))
		return;
	if (what[2] == 'q') {
		configure_queues(pmd, tx, count);
		return;
	}
	if (count > LARGEST_RING) {
		print_reply("%s %u; allowed: 1 to %u, or 0 as without --%s", what, count,
			LARGEST_RING, what);
		return;
	}
	for (uint16_t i = 0; i < pmd->ports.count; i++) {
		struct port *port = &pmd->ports.at[i];

		if (tx) {
			port->conf.tx_ring_size = count;
			memset(port->tx_ring_sizes, 0, sizeof(port->tx_ring_sizes));
		} else {
			port->conf.rx_ring_size = count;
			memset(port->rx_ring_sizes, 0, sizeof(port->rx_ring_sizes));
		}
	}
}

static void run_packet_length(struct testpmd *pmd, const struct command_words *words)
{
	const uint32_t bytes = words->word[4].number;
	struct port *port;
	uint16_t at = 0;

	if (!all_stopped(pmd))
		return;
	if (bytes < RTE_ETHER_MIN_LEN) {
		print_reply("max-pkt-len can not be less than %u", RTE_ETHER_MIN_LEN);
		return;
	}
	while ((port = select_port(pmd, PORT_ALL, &at)) != NULL) {
		const uint16_t max_mtu = kl_net_info(port->net)->max_mtu;
		const uint32_t longest = max_mtu + ETHERNET_OVERHEAD + TAGS_OVERHEAD;
		uint32_t mtu = bytes - ETHERNET_OVERHEAD;
		int rc;

		if (bytes > longest) {
			print_reply("max-pkt-len %u of port %u; allowed: %u to %u", bytes,
				port->number, RTE_ETHER_MIN_LEN, longest);
			continue;
		}
		/* Above the MTU there is room for VLAN tags anyway. */
		mtu = RTE_MAX(mtu, (uint32_t)MINIMUM_MTU);
		mtu = RTE_MIN(mtu, (uint32_t)max_mtu);
		rc = kl_net_mtu_set(port->net, mtu);
		if (rc != 0)
			print_reply("max-pkt-len %u of port %u: the MTU %u is refused: %s", bytes,
				port->number, mtu, strerror(-rc));
	}
}

static void run_burst(struct testpmd *pmd, const struct command_words *words)
{
	const uint32_t burst = words->word[4].number;

	if (!all_stopped(pmd))
		return;
	if (burst == 0) {
		printf("Using PMD-provided burst value of %u\n", DEFAULT_BURST);
		pmd->settings.burst = DEFAULT_BURST;
	} else if (burst > MAX_BURST) {
		print_reply("burst must be >= 1 && <= %u", MAX_BURST);
	} else {
		pmd->settings.burst = burst;
	}
}

static void run_mtu(struct testpmd *pmd, const struct command_words *words)
{
	const uint32_t mtu = words->word[4].number;
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[3].number, &at)) != NULL) {
		int rc = mtu <= UINT16_MAX ? kl_net_mtu_set(port->net, mtu) : -EINVAL;

		if (rc == 0 && port_is_started(port))
			rc = port_configure_tap(port);
		if (rc != 0)
			print_reply("Set MTU failed. diag=%d", rc);
	}
}

static void run_link(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[3].number, &at)) != NULL) {
		port->link_held = strcmp(words->word[1].text, "link-down") == 0;
		fwd_apply(&pmd->fwd);
	}
}

static const struct command commands[] = {
	{"port start PORT", "Start a port, or all.", run_start},
	{"port stop PORT", "Stop a port, or all, by a reset of the device.", run_stop},
	{"port close PORT", "Close the device of a stopped port, or of all.", run_close},
	{"port reset PORT", "Close the device of a stopped port, and open it again.", run_reset},
	{"port attach LIST", "Open a device, named as for --dev, as a further port.", run_attach},
	{"port detach PORT", "Close the device of a stopped port.", run_detach},
	{"device detach LIST", "The same by the name of the device.", run_detach_device},
	{"port config all rxq|txq|rxd|txd N",
		"Set the number of queues, or of descriptors per ring, of stopped ports.",
		run_configure},
	{"port config all max-pkt-len N",
		"Set the longest frame of stopped ports, FCS included, which sets their MTU.",
		run_packet_length},
	{"port config all burst N",
		"Set the number of packets per burst while the ports are stopped; 0: the default.",
		run_burst},
	{"port config mtu PORT N", "Set the MTU of a port.", run_mtu},
	{"set link-up|link-down port PORT",
		"Forward by a port, or leave it out as without a link. The device's own link is the host's.",
		run_link},
	{NULL, NULL, NULL},
};

const struct command_group ports_group = {
	.name = "ports",
	.title = "Configuring ports",
	.commands = commands,
};
