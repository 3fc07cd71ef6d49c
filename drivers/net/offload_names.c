/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the offloads that this driver supports. */
#include <rte_ethdev.h>

#include <kickless/net.h>

struct name {
	uint64_t offload;
	const char *text;
};

#define TX(name) \
	{ \
		RTE_ETH_TX_OFFLOAD_##name, #name \
	}
#define RX(name) \
	{ \
		RTE_ETH_RX_OFFLOAD_##name, #name \
	}

static const struct name tx_names[] = {
	TX(VLAN_INSERT),
	TX(IPV4_CKSUM),
	TX(UDP_CKSUM),
	TX(TCP_CKSUM),
	TX(TCP_TSO),
	TX(UDP_TSO),
	TX(MULTI_SEGS),
};

static const struct name rx_names[] = {
	RX(VLAN_STRIP),
	RX(UDP_CKSUM),
	RX(TCP_CKSUM),
	RX(TCP_LRO),
	RX(VLAN_FILTER),
	RX(SCATTER),
	RX(RSS_HASH),
};

static const char *find_name(const struct name *names, size_t count, uint64_t offload)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].offload == offload)
			return names[i].text;
	return NULL;
}

const char *kl_net_tx_offload_name(uint64_t offload)
{
	return find_name(tx_names, RTE_DIM(tx_names), offload);
}

const char *kl_net_rx_offload_name(uint64_t offload)
{
	return find_name(rx_names, RTE_DIM(rx_names), offload);
}
