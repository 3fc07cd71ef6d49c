/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <kickless/driver/config.h>
#include <kickless/log.h>

#include "announce.h"
#include "hash_types.h"
#include "state.h"
#include "wire_control.h"

#define FIELD(name) offsetof(struct virtio_net_config, name)
#define FIELDS_MAX 12

/* Messages about changes of one kind: some at once, and then one in a period. */
#define NOTICES_AT_ONCE 5
#define NOTICE_SECONDS 10

/* 2.5.1: only a field whose feature is offered may be read, and only where the space has it. */
static bool has_field(const struct kl_net *net, unsigned int feature, size_t end)
{
	return kl_device_offers(net->device, feature) && end <= kl_device_config_size(net->device);
}

/* Bytes of configuration space that a feature's fields need, 0 when it has none. */
static size_t field_end(unsigned int feature)
{
	switch (feature) {
	case VIRTIO_NET_F_MAC:
		return FIELD(status);
	case VIRTIO_NET_F_STATUS:
	case VIRTIO_NET_F_GUEST_ANNOUNCE:
		return FIELD(max_virtqueue_pairs);
	case VIRTIO_NET_F_MQ:
		return FIELD(mtu);
	case VIRTIO_NET_F_MTU:
		return FIELD(speed);
	case VIRTIO_NET_F_SPEED_DUPLEX:
		return FIELD(duplex) + 1;
	case VIRTIO_NET_F_RSS:
	case VIRTIO_NET_F_HASH_REPORT:
		return FIELD(supported_tunnel_types);
	case VIRTIO_NET_F_HASH_TUNNEL:
		return sizeof(struct virtio_net_config);
	default:
		return 0;
	}
}

static bool has_field_of(const struct kl_net *net, unsigned int feature)
{
	return has_field(net, feature, field_end(feature));
}

bool net_config_is_usable(const struct kl_net *net, unsigned int feature)
{
	if (!has_field_of(net, feature))
		return false;
	switch (feature) {
	case VIRTIO_NET_F_MTU:
		return net->info.max_mtu != UINT16_MAX;
	case VIRTIO_NET_F_MQ:
		return net->config_pairs != 0;
	case VIRTIO_NET_F_RSS:
		return net->config_pairs != 0 && net->info.rss_table_max != 0;
	case VIRTIO_NET_F_HASH_REPORT:
		return net->info.rss_key_max != 0;
	default:
		return true;
	}
}

bool net_feature_is_possible(const struct kl_net *net, unsigned int feature)
{
	return kl_device_offers(net->device, feature) &&
		!kl_features_has(&kl_device_options(net->device)->declined, feature);
}

/* 5.1.4.2: without a usable address of the device's, a locally administered one. */
static void set_mac(struct kl_net *net, const struct virtio_net_config *config)
{
	struct rte_ether_addr mac;
	bool is_usable;

	memcpy(mac.addr_bytes, config->mac, sizeof(mac.addr_bytes));
	is_usable = has_field_of(net, VIRTIO_NET_F_MAC) && rte_is_valid_assigned_ether_addr(&mac);
	if (is_usable)
		memcpy(net->device_mac, mac.addr_bytes, sizeof(net->device_mac));
	if (net->settings.mac_is_given || net->info.mac_is_random)
		return;
	if (!is_usable) {
		rte_eth_random_addr(mac.addr_bytes);
		net->info.mac_is_random = true;
	}
	memcpy(net->info.mac, mac.addr_bytes, sizeof(net->info.mac));
}

/* 0 if the device has none, or an invalid one. */
static uint16_t find_mtu(const struct kl_net *net, const struct virtio_net_config *config)
{
	bool is_valid = has_field_of(net, VIRTIO_NET_F_MTU) && config->mtu >= NET_MIN_MTU;

	return is_valid ? config->mtu : 0;
}

static uint16_t largest_mtu(uint16_t config_mtu)
{
	return config_mtu != 0 ? config_mtu : UINT16_MAX;
}

void net_config_apply_mtu(struct kl_net *net)
{
	net->info.max_mtu = largest_mtu(net->config_mtu);
	net->info.mtu = net->config_mtu != 0 ? net->config_mtu : RTE_ETHER_MTU;
	if (net->settings.mtu != 0)
		net->info.mtu = RTE_MIN(net->settings.mtu, net->info.max_mtu);
}

static void set_mtu(struct kl_net *net, const struct virtio_net_config *config)
{
	net->config_mtu = find_mtu(net, config);
	net_config_apply_mtu(net);
}

static void set_link(struct kl_net *net, const struct virtio_net_config *config)
{
	bool speed_is_known = has_field_of(net, VIRTIO_NET_F_SPEED_DUPLEX) &&
		config->speed <= VIRTIO_NET_SPEED_MAX;

	net->info.link_up = !has_field_of(net, VIRTIO_NET_F_STATUS) ||
		(config->status & VIRTIO_NET_S_LINK_UP) != 0;
	net->info.speed_mbps = speed_is_known ? config->speed : KL_NET_SPEED_UNKNOWN;
	net->info.full_duplex = !has_field_of(net, VIRTIO_NET_F_SPEED_DUPLEX) ||
		config->duplex == VIRTIO_NET_DUPLEX_FULL;
}

/*
 * 5.1.4.1. A back end without control queues has no need of the feature: all its queues are in use.
 */
static void set_pairs(struct kl_net *net, const struct virtio_net_config *config)
{
	uint16_t pairs = config->max_virtqueue_pairs;

	net->config_pairs = pairs;
	if (pairs >= VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX || (pairs > 1 && net->lacks_pairs))
		net->config_pairs = 0;
	net->info.max_queue_pairs = 1;
	if (!kl_device_has_control_queues(net->device))
		pairs = kl_device_queue_count(net->device) / 2;
	else if (net_feature_is_possible(net, VIRTIO_NET_F_CTRL_VQ) &&
		(net_feature_is_possible(net, VIRTIO_NET_F_MQ) ||
			(net_feature_is_possible(net, VIRTIO_NET_F_RSS) &&
				net->info.rss_table_max != 0)))
		pairs = net->config_pairs;
	else
		pairs = 1;
	if (pairs > 1)
		net->info.max_queue_pairs = pairs;
}

/* RSS limits, which stay 0 unless all of RSS is there. */
static void set_rss(struct kl_net *net, const struct virtio_net_config *config)
{
	bool has_rss = has_field_of(net, VIRTIO_NET_F_RSS);

	net->info.rss_key_max = config->rss_max_key_size;
	net->info.rss_table_max = 0;
	if (has_rss && config->rss_max_key_size != 0)
		net->info.rss_table_max = config->rss_max_indirection_table_length;
	net->hash_types = config->supported_hash_types & VIRTIO_NET_HASH_TYPES_KNOWN;
	net->info.rss_types = net_rss_types_of(net->hash_types);
	net->tunnels = config->supported_tunnel_types & VIRTIO_NET_HASH_TUNNEL_TYPES_KNOWN;
}

/* A field of two features is read once. */
static size_t add_fields(const struct kl_net *net, struct virtio_net_config *config,
	struct kl_config_field *fields)
{
	const struct {
		unsigned int feature, other;
		struct kl_config_field field;
	} all[] = {
		{VIRTIO_NET_F_MAC, VIRTIO_NET_F_MAC,
			{FIELD(mac), 1, sizeof(config->mac), config->mac}},
		{VIRTIO_NET_F_STATUS, VIRTIO_NET_F_STATUS, {FIELD(status), 2, 1, &config->status}},
		{VIRTIO_NET_F_MQ, VIRTIO_NET_F_RSS,
			{FIELD(max_virtqueue_pairs), 2, 1, &config->max_virtqueue_pairs}},
		{VIRTIO_NET_F_MTU, VIRTIO_NET_F_MTU, {FIELD(mtu), 2, 1, &config->mtu}},
		{VIRTIO_NET_F_SPEED_DUPLEX, VIRTIO_NET_F_SPEED_DUPLEX,
			{FIELD(speed), 4, 1, &config->speed}},
		{VIRTIO_NET_F_SPEED_DUPLEX, VIRTIO_NET_F_SPEED_DUPLEX,
			{FIELD(duplex), 1, 1, &config->duplex}},
		{VIRTIO_NET_F_RSS, VIRTIO_NET_F_HASH_REPORT,
			{FIELD(rss_max_key_size), 1, 1, &config->rss_max_key_size}},
		{VIRTIO_NET_F_RSS, VIRTIO_NET_F_RSS,
			{FIELD(rss_max_indirection_table_length), 2, 1,
				&config->rss_max_indirection_table_length}},
		{VIRTIO_NET_F_RSS, VIRTIO_NET_F_HASH_REPORT,
			{FIELD(supported_hash_types), 4, 1, &config->supported_hash_types}},
		{VIRTIO_NET_F_HASH_TUNNEL, VIRTIO_NET_F_HASH_TUNNEL,
			{FIELD(supported_tunnel_types), 4, 1, &config->supported_tunnel_types}},
	};
	size_t count = 0;

	static_assert(RTE_DIM(all) <= FIELDS_MAX, "all fields fit");
	for (size_t i = 0; i < RTE_DIM(all); i++)
		if (has_field_of(net, all[i].feature) || has_field_of(net, all[i].other))
			fields[count++] = all[i].field;
	return count;
}

/* Reads the configuration; 0 or -errno after a message, and then nothing has changed. */
static int read_config(struct kl_net *net, struct virtio_net_config *config)
{
	struct kl_config_field fields[FIELDS_MAX];
	size_t count;

	*config = (struct virtio_net_config){0};
	count = add_fields(net, config, fields);
	return count > 0 ? kl_device_config_read(net->device, fields, count) : 0;
}

int net_config_read(struct kl_net *net)
{
	struct virtio_net_config config;
	int rc = read_config(net, &config);

	if (rc != 0)
		return rc;
	set_mac(net, &config);
	set_mtu(net, &config);
	set_link(net, &config);
	set_rss(net, &config);
	set_pairs(net, &config);
	return 0;
}

/* A device may change it all the time. */
static void log_mtu(struct kl_net *net, uint16_t before)
{
	struct net_limit *notices = &net->mtu_notices;
	char unlogged[48] = "";

	if (!net_limit_take(notices, NOTICES_AT_ONCE, NOTICE_SECONDS))
		return;
	if (notices->suppressed > 0)
		snprintf(unlogged, sizeof(unlogged), ", after %" PRIu64 " further changes",
			notices->suppressed);
	notices->suppressed = 0;
	kl_notice("%s: its largest MTU changed from %u to %u%s; the next start or recovery uses it",
		kl_device_info(net->device)->name, largest_mtu(before),
		largest_mtu(net->config_mtu), unlogged);
}

/*
 * It should not change while a device runs; administrators of back ends change it all the same. The
 * queues have the limits of their start, so until they are made anew its MTU is that one.
 */
static void update_mtu(struct kl_net *net, const struct virtio_net_config *config)
{
	const uint16_t before = net->config_mtu;

	net->config_mtu = find_mtu(net, config);
	if (!net_is_started(net))
		net_config_apply_mtu(net);
	if (net->config_mtu != before)
		log_mtu(net, before);
}

/* Only the status and what belongs to the link should change while the device runs. 5.1.4 */
void net_config_changed(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);
	const enum kl_device_state state = kl_device_state(device);
	struct virtio_net_config config;

	/* The link of a device that is away or has failed is down. */
	if (state == KL_DEVICE_AWAY || state == KL_DEVICE_FAILED || state == KL_DEVICE_LOST)
		return;
	/* A failure has been logged; the last good state stays. */
	if (read_config(net, &config) != 0)
		return;
	set_link(net, &config);
	update_mtu(net, &config);
	if (net_is_started(net) && (config.status & VIRTIO_NET_S_ANNOUNCE) != 0)
		net_announce_requested(net);
}
