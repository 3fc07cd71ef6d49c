/* SPDX-License-Identifier: BSD-3-Clause */
#include "rss.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "feature_bits.h"

#define TABLE_USUAL 128

/* The key that everybody takes who has no reason for another. */
static const uint8_t usual_key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77,
	0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

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

void net_rss_free(struct net_rss *rss)
{
	free(rss->table);
	*rss = (struct net_rss){0};
}

static uint16_t usual_entries(const struct kl_net *net)
{
	uint16_t entries = TABLE_USUAL;

	while (entries > net->info.rss_table_max)
		entries /= 2;
	return entries;
}

static int check_table(const struct kl_net *net, const struct kl_net_rss *asked)
{
	uint16_t entries = asked->table_entries;
	const char *name = kl_device_info(net->device)->name;

	if (asked->table == NULL && entries == 0)
		return 0;
	if (entries == 0 || entries > net->info.rss_table_max || !rte_is_power_of_2(entries)) {
		kl_error(
			"%s: an RSS table of %u entries is not possible; allowed: powers of two up to %u",
			name, entries, net->info.rss_table_max);
		return -EINVAL;
	}
	return 0;
}

/* CTL-21: queues that run, or, before a start, that might. */
static int check_queues(const struct kl_net *net, const uint16_t *table, uint16_t entries)
{
	uint16_t queues = net_is_started(net) ? net->running_pairs : net->info.max_queue_pairs;

	for (uint16_t i = 0; table != NULL && i < entries; i++) {
		if (table[i] < queues)
			continue;
		kl_error("%s: entry %u of the RSS table is queue %u; allowed: 0 to %u",
			kl_device_info(net->device)->name, i, table[i], queues - 1);
		return -EINVAL;
	}
	return 0;
}

static int check(const struct kl_net *net, const struct kl_net_rss *asked)
{
	const char *name = kl_device_info(net->device)->name;
	uint64_t unknown = asked->types & ~net->info.rss_types;
	int rc;

	if (unknown != 0) {
		kl_error("%s: the device can't hash the RSS types 0x%" PRIx64
			 "; allowed: 0x%" PRIx64,
			name, unknown, net->info.rss_types);
		return -EINVAL;
	}
	if (asked->key != NULL &&
		(asked->key_bytes == 0 || asked->key_bytes > net->info.rss_key_max)) {
		kl_error("%s: an RSS key of %u bytes is not possible; allowed: 1 to %u", name,
			asked->key_bytes, net->info.rss_key_max);
		return -EINVAL;
	}
	rc = check_table(net, asked);
	return rc == 0 ? check_queues(net, asked->table, asked->table_entries) : rc;
}

static void set_key(const struct kl_net *net, const struct kl_net_rss *asked, struct net_rss *rss)
{
	const uint8_t *key = asked->key != NULL ? asked->key : usual_key;

	rss->key_bytes = asked->key_bytes;
	if (asked->key == NULL)
		rss->key_bytes = RTE_MIN(net->info.rss_key_max, (uint8_t)sizeof(usual_key));
	memcpy(rss->key, key, rss->key_bytes);
}

/* Only hashed, not spread: a device with HASH_REPORT alone has no table. */
static bool has_table(const struct kl_net *net)
{
	return net_is_started(net) ? kl_device_has(net->device, VIRTIO_NET_F_RSS) :
				     net->info.rss_table_max != 0;
}

/* rss must be forgotten in any case. */
static int make(const struct kl_net *net, const struct kl_net_rss *asked, struct net_rss *rss)
{
	int rc = check(net, asked);

	if (rc != 0)
		return rc;
	rss->is_set = true;
	rss->types = net_hash_types_of(asked->types);
	set_key(net, asked, rss);
	rss->is_in_turn = asked->table == NULL;
	rss->table_entries = asked->table_entries;
	if (rss->table_entries == 0)
		rss->table_entries = usual_entries(net);
	/* Room for one more, so that none is never nothing. */
	rss->table = calloc(rss->table_entries + 1u, sizeof(*rss->table));
	if (rss->table == NULL)
		return kl_no_memory(kl_device_info(net->device)->name,
			rss->table_entries * sizeof(*rss->table));
	if (asked->table != NULL)
		memcpy(rss->table, asked->table, rss->table_entries * sizeof(*rss->table));
	return 0;
}

int net_rss_apply(const struct kl_net *net, struct net_rss *rss)
{
	for (uint16_t i = 0; rss->is_in_turn && i < rss->table_entries; i++)
		rss->table[i] = i % RTE_MAX(net->running_pairs, 1);
	return check_queues(net, rss->table, rss->table_entries);
}

int net_rss_default(const struct kl_net *net, struct net_rss *rss)
{
	const struct kl_net_rss all = {.types = net->info.rss_types};
	int rc = make(net, &all, rss);

	return rc == 0 ? net_rss_apply(net, rss) : rc;
}

int kl_net_rss_set(struct kl_net *net, const struct kl_net_rss *asked)
{
	struct net_rss rss = {0};
	int rc;

	if (asked == NULL) {
		net_rss_free(&net->settings.rss);
		return 0;
	}
	rc = net_require_feature(net,
		has_table(net) || asked->table != NULL ? VIRTIO_NET_F_RSS :
							 VIRTIO_NET_F_HASH_REPORT,
		"RSS");
	if (rc == 0)
		rc = make(net, asked, &rss);
	if (rc == 0)
		rc = net_rss_apply(net, &rss);
	if (rc == 0 && net_is_started(net))
		rc = net_rss_send(net, &rss);
	if (rc == 0)
		RTE_SWAP(rss, net->settings.rss);
	net_rss_free(&rss);
	return rc;
}

int kl_net_rss_get(const struct kl_net *net, struct kl_net_rss *rss)
{
	const struct net_rss *set = &net->settings.rss;

	if (!set->is_set)
		return -ENOENT;
	*rss = (struct kl_net_rss){
		.types = net_rss_types_of(set->types),
		.key = set->key,
		.key_bytes = set->key_bytes,
		.table = set->table,
		.table_entries = set->table_entries,
	};
	return 0;
}
