/* SPDX-License-Identifier: BSD-3-Clause */
/* Receive filters of a device: promiscuous modes, addresses, VLAN ids. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>

#include <kickless/net_control.h>

#include "common/message.h"
#include "testpmd.h"

#define VLANS 4096

static void set_mode(struct testpmd *pmd, const struct command_words *words,
	enum kl_net_rx_mode mode, const char *name)
{
	const bool on = strcmp(words->word[3].text, "on") == 0;
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL) {
		const int rc = kl_net_rx_mode_set(port->net, mode, on);

		if (rc != 0)
			print_reply("Error during %s %s mode for port %u: %s - ignore",
				on ? "enabling" : "disabling", name, port->number, strerror(-rc));
	}
}

static void run_promiscuous(struct testpmd *pmd, const struct command_words *words)
{
	set_mode(pmd, words, KL_NET_PROMISCUOUS, "promiscuous");
}

static void run_all_multicast(struct testpmd *pmd, const struct command_words *words)
{
	set_mode(pmd, words, KL_NET_ALL_MULTICAST, "all-multicast");
}

static int change_mac(struct port *port, const char *verb, const struct rte_ether_addr *mac)
{
	int rc;

	if (strcmp(verb, "add") == 0)
		return kl_net_mac_add(port->net, mac->addr_bytes);
	if (strcmp(verb, "remove") == 0)
		return kl_net_mac_remove(port->net, mac->addr_bytes);
	rc = kl_net_mac_set(port->net, mac->addr_bytes);
	return rc == 0 && port_is_started(port) ? port_configure_tap(port) : rc;
}

static void run_mac(struct testpmd *pmd, const struct command_words *words)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, words->word[2].number, &at)) != NULL) {
		const int rc = change_mac(port, words->word[1].text, &words->word[3].mac);

		if (rc != 0)
			print_reply("%s_cmd error: (%s)", words->word[0].text, strerror(-rc));
	}
}

static void print_mac(const uint8_t *mac)
{
	printf("  %02X:%02X:%02X:%02X:%02X:%02X\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void run_show_macs(struct testpmd *pmd, const struct command_words *words)
{
	const bool multicast = strcmp(words->word[3].text, "mcast_macs") == 0;
	unsigned int count = multicast ? 0 : 1;
	const uint8_t *mac;
	const struct port *port = select_one_port(pmd, words->word[2].number);

	if (port == NULL)
		return;
	for (unsigned int n = 0; (mac = kl_net_mac_get(port->net, n)) != NULL; n++)
		count += (mac[0] & 1) == multicast;
	printf("Number of %sMAC address added: %u\n", multicast ? "Multicast " : "", count);
	if (!multicast)
		print_mac(kl_net_info(port->net)->mac);
	for (unsigned int n = 0; (mac = kl_net_mac_get(port->net, n)) != NULL; n++)
		if ((mac[0] & 1) == multicast)
			print_mac(mac);
}

static void set_vlans(struct testpmd *pmd, uint32_t ports, uint32_t first, uint32_t last, bool on)
{
	struct port *port;
	uint16_t at = 0;

	while ((port = select_port(pmd, ports, &at)) != NULL) {
		uint32_t id;
		int rc = 0;

		for (id = first; id <= last && rc == 0; id++)
			rc = kl_net_vlan_set(port->net, id, on);
		if (rc == 0)
			continue;
		if ((kl_net_rx_offloads(port->net) & RTE_ETH_RX_OFFLOAD_VLAN_FILTER) == 0)
			print_reply("Port %u: VLAN-filtering disabled", port->number);
		print_reply(
			"rte_eth_dev_vlan_filter(port_pi=%u, vlan_id=%u, on=%d) failed diag=%d: %s",
			port->number, id - 1, on, rc, strerror(-rc));
	}
}

static void run_vlan(struct testpmd *pmd, const struct command_words *words)
{
	const bool on = strcmp(words->word[1].text, "add") == 0;
	const uint32_t id = words->word[2].number;

	if (id >= VLANS)
		print_reply("Invalid vlan_id %u (must be < %u)", id, VLANS);
	else
		set_vlans(pmd, words->word[3].number, id, id, on);
}

static void run_all_vlans(struct testpmd *pmd, const struct command_words *words)
{
	set_vlans(pmd, words->word[3].number, 0, VLANS - 1,
		strcmp(words->word[1].text, "add") == 0);
}

static const struct command commands[] = {
	{"set promisc PORT on|off", "Turn promiscuous mode on or off.", run_promiscuous},
	{"set allmulti PORT on|off", "Turn all-multicast mode on or off.", run_all_multicast},
	{"mac_addr add|remove|set PORT MAC",
		"Add or remove an address of a device, or set its own one.", run_mac},
	{"mcast_addr add|remove PORT MAC", "The same for a multicast address.", run_mac},
	{"show port PORT macs|mcast_macs", "Display a device's addresses.", run_show_macs},
	{"rx_vlan add|rm N PORT", "Add a VLAN to the filter, or remove it.", run_vlan},
	{"rx_vlan add|rm all PORT", "The same for all VLANs.", run_all_vlans},
	{NULL, NULL, NULL},
};

const struct command_group filter_group = {
	.name = "filters",
	.title = "Receive filters of a device",
	.commands = commands,
};
