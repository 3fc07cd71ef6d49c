/* SPDX-License-Identifier: BSD-3-Clause */
#include "offloads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <kickless/net.h>

static const char *name_of(bool tx, unsigned int bit)
{
	return tx ? kl_net_tx_offload_name(UINT64_C(1) << bit) :
		    kl_net_rx_offload_name(UINT64_C(1) << bit);
}

uint64_t offload_by_name(bool tx, const char *name)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		const char *known = name_of(tx, bit);

		if (known != NULL && strcasecmp(known, name) == 0)
			return UINT64_C(1) << bit;
	}
	return 0;
}

void offloads_print(bool tx, uint64_t offloads)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		const char *name = name_of(tx, bit);

		if ((offloads >> bit & 1) != 0 && name != NULL)
			printf(" %s", name);
	}
}

int rss_types_parse(const char *word, uint64_t *types)
{
	static const struct {
		const char *word;
		uint64_t types;
	} known[] = {
		{"none", 0},
		{"ip", RTE_ETH_RSS_IP},
		{"udp", RTE_ETH_RSS_UDP},
		{"tcp", RTE_ETH_RSS_TCP},
		{"all", RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP},
		{"default", RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP},
	};

	for (size_t i = 0; i < RTE_DIM(known); i++) {
		if (strcmp(known[i].word, word) == 0) {
			*types = known[i].types;
			return 0;
		}
	}
	return -EINVAL;
}

static const struct {
	uint64_t type;
	const char *name;
} rss_names[] = {
	{RTE_ETH_RSS_IPV4, "ipv4"},
	{RTE_ETH_RSS_NONFRAG_IPV4_TCP, "ipv4-tcp"},
	{RTE_ETH_RSS_NONFRAG_IPV4_UDP, "ipv4-udp"},
	{RTE_ETH_RSS_IPV6, "ipv6"},
	{RTE_ETH_RSS_NONFRAG_IPV6_TCP, "ipv6-tcp"},
	{RTE_ETH_RSS_NONFRAG_IPV6_UDP, "ipv6-udp"},
	{RTE_ETH_RSS_IPV6_EX, "ipv6-ex"},
	{RTE_ETH_RSS_IPV6_TCP_EX, "ipv6-tcp-ex"},
	{RTE_ETH_RSS_IPV6_UDP_EX, "ipv6-udp-ex"},
};

uint64_t rss_type_by_name(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(rss_names); i++)
		if (strcmp(rss_names[i].name, name) == 0)
			return rss_names[i].type;
	return 0;
}

void rss_types_print(const char *title, uint64_t types)
{
	fputs(title, stdout);
	for (size_t i = 0; i < RTE_DIM(rss_names); i++)
		if ((types & rss_names[i].type) != 0)
			printf(" %s", rss_names[i].name);
	printf("\n");
}
