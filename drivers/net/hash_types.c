/* SPDX-License-Identifier: BSD-3-Clause */
#include "hash_types.h"

#include <rte_ethdev.h>

#include "wire.h"

static const struct {
	uint32_t hash_type;
	uint64_t rss_types;
} pairs[] = {
	{VIRTIO_NET_HASH_TYPE_IPv4,
		RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER},
	{VIRTIO_NET_HASH_TYPE_TCPv4, RTE_ETH_RSS_NONFRAG_IPV4_TCP},
	{VIRTIO_NET_HASH_TYPE_UDPv4, RTE_ETH_RSS_NONFRAG_IPV4_UDP},
	{VIRTIO_NET_HASH_TYPE_IPv6,
		RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER},
	{VIRTIO_NET_HASH_TYPE_TCPv6, RTE_ETH_RSS_NONFRAG_IPV6_TCP},
	{VIRTIO_NET_HASH_TYPE_UDPv6, RTE_ETH_RSS_NONFRAG_IPV6_UDP},
	{VIRTIO_NET_HASH_TYPE_IP_EX, RTE_ETH_RSS_IPV6_EX},
	{VIRTIO_NET_HASH_TYPE_TCP_EX, RTE_ETH_RSS_IPV6_TCP_EX},
	{VIRTIO_NET_HASH_TYPE_UDP_EX, RTE_ETH_RSS_IPV6_UDP_EX},
};

uint64_t net_rss_types_of(uint32_t hash_types)
{
	uint64_t rss_types = 0;

	for (size_t i = 0; i < RTE_DIM(pairs); i++)
		if ((pairs[i].hash_type & hash_types) != 0)
			rss_types |= pairs[i].rss_types;
	return rss_types;
}

uint32_t net_hash_types_of(uint64_t rss_types)
{
	uint32_t hash_types = 0;

	for (size_t i = 0; i < RTE_DIM(pairs); i++)
		if ((pairs[i].rss_types & rss_types) != 0)
			hash_types |= pairs[i].hash_type;
	return hash_types;
}
