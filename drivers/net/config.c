/* SPDX-License-Identifier: BSD-3-Clause */
/* The device configuration: MAC, link, MTU, speed. virtio 1.x, 5.1.4. */
#include <string.h>

#include <kickless/log.h>

#include "state.h"

#define FIELD(name) offsetof(struct virtio_net_config, name)

/* 2.5.1: only a field whose feature is offered may be looked at, and only where there is one. */
static bool has_field(const struct kl_net *net, unsigned int feature, size_t end)
{
	return kl_device_offers(net->device, feature) && end <= kl_device_config_size(net->device);
}

bool net_config_has(const struct kl_net *net, unsigned int feature)
{
	switch (feature) {
	case VIRTIO_NET_F_MAC:
		return has_field(net, feature, FIELD(status));
	case VIRTIO_NET_F_STATUS:
		return has_field(net, feature, FIELD(max_virtqueue_pairs));
	case VIRTIO_NET_F_MTU:
		return has_field(net, feature, FIELD(speed));
	case VIRTIO_NET_F_SPEED_DUPLEX:
		return has_field(net, feature, FIELD(duplex) + 1);
	default:
		return false;
	}
}

/* 5.1.4.2: without a usable address of the device's, a locally administered one. */
static void set_mac(struct kl_net *net, const struct virtio_net_config *config)
{
	struct rte_ether_addr mac;

	if (net->mac_is_given || net->info.mac_is_random)
		return;
	memcpy(mac.addr_bytes, config->mac, sizeof(mac.addr_bytes));
	if (!net_config_has(net, VIRTIO_NET_F_MAC) || !rte_is_valid_assigned_ether_addr(&mac)) {
		rte_eth_random_addr(mac.addr_bytes);
		net->info.mac_is_random = true;
		kl_notice(
			"%s: the device has no usable MAC address; a random one is used, mac= sets another",
			kl_device_info(net->device)->name);
	}
	memcpy(net->info.mac, mac.addr_bytes, sizeof(net->info.mac));
}

static void set_mtu(struct kl_net *net, const struct virtio_net_config *config)
{
	bool says = net_config_has(net, VIRTIO_NET_F_MTU) && config->mtu >= NET_MIN_MTU;

	net->info.max_mtu = says ? config->mtu : UINT16_MAX;
	net->info.mtu = says ? config->mtu : RTE_ETHER_MTU;
}

static void set_link(struct kl_net *net, const struct virtio_net_config *config)
{
	bool speed_is_known = net_config_has(net, VIRTIO_NET_F_SPEED_DUPLEX) &&
		config->speed <= VIRTIO_NET_SPEED_MAX;

	net->info.link_up = !net_config_has(net, VIRTIO_NET_F_STATUS) ||
		(config->status & VIRTIO_NET_S_LINK_UP) != 0;
	net->info.speed_mbps = speed_is_known ? config->speed : KL_NET_SPEED_UNKNOWN;
	net->info.full_duplex = !net_config_has(net, VIRTIO_NET_F_SPEED_DUPLEX) ||
		config->duplex == VIRTIO_NET_DUPLEX_FULL;
}

static size_t add_fields(struct kl_net *net, struct virtio_net_config *config,
	struct kl_config_field *fields)
{
	const struct {
		unsigned int feature;
		struct kl_config_field field;
	} all[] = {
		{VIRTIO_NET_F_MAC, {FIELD(mac), 1, sizeof(config->mac), config->mac}},
		{VIRTIO_NET_F_STATUS, {FIELD(status), 2, 1, &config->status}},
		{VIRTIO_NET_F_MTU, {FIELD(mtu), 2, 1, &config->mtu}},
		{VIRTIO_NET_F_SPEED_DUPLEX, {FIELD(speed), 4, 1, &config->speed}},
		{VIRTIO_NET_F_SPEED_DUPLEX, {FIELD(duplex), 1, 1, &config->duplex}},
	};
	size_t count = 0;

	for (size_t i = 0; i < RTE_DIM(all); i++)
		if (net_config_has(net, all[i].feature))
			fields[count++] = all[i].field;
	return count;
}

int net_config_read(struct kl_net *net)
{
	struct virtio_net_config config = {0};
	struct kl_config_field fields[8];
	size_t count = add_fields(net, &config, fields);
	int rc = 0;

	if (count > 0)
		rc = kl_device_config(net->device, fields, count);
	if (rc != 0)
		return rc;
	net->info.max_queue_pairs = 1;
	set_mac(net, &config);
	set_mtu(net, &config);
	set_link(net, &config);
	return 0;
}

void net_config_changed(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);

	/* A failure has been logged; the last good state stays. */
	(void)net_config_read(net);
}
