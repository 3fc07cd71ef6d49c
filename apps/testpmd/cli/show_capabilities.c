/* SPDX-License-Identifier: BSD-3-Clause */
/* Abilities of a port's device: packet types, offloads. */
#include "show.h"

#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_mbuf_ptype.h>

#include <kickless/net_control.h>

#include "testpmd.h"

#define NAME_BYTES 256

static uint64_t hash_types(const struct port *port)
{
	const struct kl_net_info *info = kl_net_info(port->net);

	return (info->rx_offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH) != 0 ? info->rss_types : 0;
}

#define IPV4_TYPES (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP)
#define IPV6_TYPES (RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)
#define IPV6_EX_TYPES (RTE_ETH_RSS_IPV6_EX | RTE_ETH_RSS_IPV6_TCP_EX | RTE_ETH_RSS_IPV6_UDP_EX)

/*
 * A device recognises packets only by the hash that it reports: each type of packet comes with the
 * hash types by which it is known. Virtio 1.x, 5.1.9.4.4.5.
 */
static const struct {
	uint32_t type;
	uint64_t hashes;
} packet_types[] = {
	{RTE_PTYPE_L2_ETHER, UINT64_MAX},
	{RTE_PTYPE_L3_IPV4_EXT_UNKNOWN, IPV4_TYPES},
	{RTE_PTYPE_L3_IPV6_EXT_UNKNOWN, IPV6_TYPES},
	{RTE_PTYPE_L3_IPV6_EXT, IPV6_EX_TYPES},
	{RTE_PTYPE_L4_TCP,
		RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP |
			RTE_ETH_RSS_IPV6_TCP_EX},
	{RTE_PTYPE_L4_UDP,
		RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP |
			RTE_ETH_RSS_IPV6_UDP_EX},
};

void show_packet_types(const struct port *port)
{
	static const struct {
		const char *name;
		uint32_t mask;
	} layers[] = {
		{"L2", RTE_PTYPE_L2_MASK},
		{"L3", RTE_PTYPE_L3_MASK},
		{"L4", RTE_PTYPE_L4_MASK},
		{"Tunnel", RTE_PTYPE_TUNNEL_MASK},
		{"Inner L2", RTE_PTYPE_INNER_L2_MASK},
		{"Inner L3", RTE_PTYPE_INNER_L3_MASK},
		{"Inner L4", RTE_PTYPE_INNER_L4_MASK},
	};
	const uint64_t hashes = hash_types(port);

	for (size_t layer = 0; layer < RTE_DIM(layers); layer++) {
		bool headed = false;

		for (size_t i = 0; i < RTE_DIM(packet_types); i++) {
			char name[NAME_BYTES];

			if ((packet_types[i].type & layers[layer].mask) == 0 ||
				(packet_types[i].hashes & hashes) == 0)
				continue;
			if (!headed)
				printf("Supported %s ptypes:\n", layers[layer].name);
			headed = true;
			rte_get_ptype_name(packet_types[i].type, name, sizeof(name));
			printf("%s\n", name);
		}
		if (!headed)
			printf("%s ptypes unsupported\n", layers[layer].name);
	}
}

static void show_offload(const char *label, bool can, bool is_on)
{
	if (can)
		printf("%-31s%s\n", label, is_on ? "on" : "off");
}

/* As older versions of testpmd: a line for each offload that the device has. */
void show_offloads(const struct testpmd *pmd, const struct port *port)
{
	static const struct {
		const char *label;
		uint64_t offload;
	} rx[] =
		{
			{"VLAN stripped:", RTE_ETH_RX_OFFLOAD_VLAN_STRIP},
			{"RX UDP checksum:", RTE_ETH_RX_OFFLOAD_UDP_CKSUM},
			{"RX TCP checksum:", RTE_ETH_RX_OFFLOAD_TCP_CKSUM},
			{"Large receive offload:", RTE_ETH_RX_OFFLOAD_TCP_LRO},
		},
	  tx[] = {
		  {"TX IPv4 checksum:", RTE_ETH_TX_OFFLOAD_IPV4_CKSUM},
		  {"TX UDP checksum:", RTE_ETH_TX_OFFLOAD_UDP_CKSUM},
		  {"TX TCP checksum:", RTE_ETH_TX_OFFLOAD_TCP_CKSUM},
		  {"TX TCP segmentation:", RTE_ETH_TX_OFFLOAD_TCP_TSO},
		  {"TX UDP segmentation:", RTE_ETH_TX_OFFLOAD_UDP_TSO},
	  };
	const struct kl_net_info *info = kl_net_info(port->net);

	printf("\n************ Port %u supported offload features: ************\n", port->number);
	for (size_t i = 0; i < RTE_DIM(rx); i++)
		show_offload(rx[i].label, (info->rx_offloads & rx[i].offload) != 0,
			(port->conf.rx_offloads & rx[i].offload) != 0);
	show_offload("VLAN insert:", (info->tx_offloads & RTE_ETH_TX_OFFLOAD_VLAN_INSERT) != 0,
		pmd->settings.tx_vlan[port->number] != NO_VLAN);
	for (size_t i = 0; i < RTE_DIM(tx); i++)
		show_offload(tx[i].label, (info->tx_offloads & tx[i].offload) != 0,
			(port->conf.tx_offloads & tx[i].offload) != 0);
}
