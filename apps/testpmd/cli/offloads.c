/* SPDX-License-Identifier: BSD-3-Clause */
#include "offloads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <kickless/net.h>

#include "common/number.h"

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

/* Words for several types, and for types that no virtio device hashes. */
static const struct {
	const char *word;
	uint64_t types;
} rss_words[] = {
	{"none", 0},
	{"ip", RTE_ETH_RSS_IP},
	{"udp", RTE_ETH_RSS_UDP},
	{"tcp", RTE_ETH_RSS_TCP},
	{"all", RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP},
	{"default", RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP},
	{"sctp", RTE_ETH_RSS_SCTP},
	{"tunnel", RTE_ETH_RSS_TUNNEL},
	{"vlan", RTE_ETH_RSS_VLAN},
	{"eth", RTE_ETH_RSS_ETH},
	{"port", RTE_ETH_RSS_PORT},
	{"l2-payload", RTE_ETH_RSS_L2_PAYLOAD},
	{"ipv4-frag", RTE_ETH_RSS_FRAG_IPV4},
	{"ipv4-sctp", RTE_ETH_RSS_NONFRAG_IPV4_SCTP},
	{"ipv4-other", RTE_ETH_RSS_NONFRAG_IPV4_OTHER},
	{"ipv4-chksum", RTE_ETH_RSS_IPV4_CHKSUM},
	{"ipv6-frag", RTE_ETH_RSS_FRAG_IPV6},
	{"ipv6-sctp", RTE_ETH_RSS_NONFRAG_IPV6_SCTP},
	{"ipv6-other", RTE_ETH_RSS_NONFRAG_IPV6_OTHER},
	{"l4-chksum", RTE_ETH_RSS_L4_CHKSUM},
	{"vxlan", RTE_ETH_RSS_VXLAN},
	{"geneve", RTE_ETH_RSS_GENEVE},
	{"nvgre", RTE_ETH_RSS_NVGRE},
	{"gtpu", RTE_ETH_RSS_GTPU},
	{"s-vlan", RTE_ETH_RSS_S_VLAN},
	{"c-vlan", RTE_ETH_RSS_C_VLAN},
	{"esp", RTE_ETH_RSS_ESP},
	{"ah", RTE_ETH_RSS_AH},
	{"l2tpv2", RTE_ETH_RSS_L2TPV2},
	{"l2tpv3", RTE_ETH_RSS_L2TPV3},
	{"pfcp", RTE_ETH_RSS_PFCP},
	{"pppoe", RTE_ETH_RSS_PPPOE},
	{"ecpri", RTE_ETH_RSS_ECPRI},
	{"mpls", RTE_ETH_RSS_MPLS},
	{"l2-src-only", RTE_ETH_RSS_L2_SRC_ONLY},
	{"l2-dst-only", RTE_ETH_RSS_L2_DST_ONLY},
	{"l3-src-only", RTE_ETH_RSS_L3_SRC_ONLY},
	{"l3-dst-only", RTE_ETH_RSS_L3_DST_ONLY},
	{"l4-src-only", RTE_ETH_RSS_L4_SRC_ONLY},
	{"l4-dst-only", RTE_ETH_RSS_L4_DST_ONLY},
	{"l3-pre32", RTE_ETH_RSS_L3_PRE32},
	{"l3-pre40", RTE_ETH_RSS_L3_PRE40},
	{"l3-pre48", RTE_ETH_RSS_L3_PRE48},
	{"l3-pre56", RTE_ETH_RSS_L3_PRE56},
	{"l3-pre64", RTE_ETH_RSS_L3_PRE64},
	{"l3-pre96", RTE_ETH_RSS_L3_PRE96},
};

/* The number of a type is that of its bit. */
static int parse_type_number(const char *word, uint64_t *types)
{
	uint64_t bit;

	if (number_parse(word, '\0', &bit, NULL) != 0 || bit < 1 || bit > 63)
		return -EINVAL;
	*types = UINT64_C(1) << bit;
	return 0;
}

int rss_types_parse(const char *word, uint64_t *types)
{
	for (size_t i = 0; i < RTE_DIM(rss_words); i++) {
		if (strcmp(rss_words[i].word, word) == 0) {
			*types = rss_words[i].types;
			return 0;
		}
	}
	*types = rss_type_by_name(word);
	return *types != 0 ? 0 : parse_type_number(word, types);
}

void rss_types_print(const char *title, uint64_t types)
{
	fputs(title, stdout);
	for (size_t i = 0; i < RTE_DIM(rss_names); i++)
		if ((types & rss_names[i].type) != 0)
			printf(" %s", rss_names[i].name);
	printf("\n");
}
