/* SPDX-License-Identifier: BSD-3-Clause */
/* The registration of the driver: device types, feature names, names of devices. */
#include <kickless/net.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <kickless/log.h>

#include "config.h"
#include "feature_bits.h"
#include "pool.h"
#include "queue.h"
#include "replay.h"
#include "start.h"
#include "steering.h"

static const uint32_t types[] = {VIRTIO_ID_NET, 0};

static const struct kl_feature_name feature_keys[] = {
	{VIRTIO_NET_F_MRG_RXBUF, "mrg_rxbuf"},
	{0, NULL},
};

static int probe_device(struct kl_device *device)
{
	struct kl_net *net = calloc(1, sizeof(*net));
	int rc;

	if (net == NULL)
		return kl_no_memory(kl_device_info(device)->name, sizeof(*net));
	net->device = device;
	rc = net_config_read(net);
	if (rc == 0)
		rc = net_pairs_create(net);
	if (rc != 0) {
		free(net);
		return rc;
	}
	net_offloads_possible(net);
	kl_device_private_set(device, net);
	return 0;
}

static void remove_device(struct kl_device *device)
{
	struct kl_net *net = kl_device_private(device);

	net_pools_forget(device);
	net_rss_free(&net->settings.rss);
	net_pairs_free(net);
	free(net);
}

static bool is_mac_valid(const char *value)
{
	struct rte_ether_addr mac;

	return rte_ether_unformat_addr(value, &mac) == 0 && rte_is_valid_assigned_ether_addr(&mac);
}

static void apply_mac(struct kl_device *device, const char *value)
{
	struct kl_net *net = kl_device_private(device);
	struct rte_ether_addr mac;

	if (rte_ether_unformat_addr(value, &mac) != 0)
		return;
	memcpy(net->info.mac, mac.addr_bytes, sizeof(net->info.mac));
	net->info.mac_is_random = false;
	net->settings.mac_is_given = true;
}

static const struct kl_driver_option options[] = {
	{"mac", "a unicast address such as 02:00:00:00:00:01", is_mac_valid, apply_mac},
	{0},
};

static bool is_named(struct kl_device *device, const char *key, const char *value, char *own,
	size_t size)
{
	const struct kl_net *net = kl_device_private(device);
	struct rte_ether_addr mac;

	memcpy(mac.addr_bytes, net->info.mac, sizeof(mac.addr_bytes));
	rte_ether_format_addr(own, (uint16_t)size, &mac);
	return strcmp(key, "mac") == 0 && rte_ether_unformat_addr(value, &mac) == 0 &&
		memcmp(net->info.mac, mac.addr_bytes, sizeof(net->info.mac)) == 0;
}

/* A control queue never halts the device, so it is not named here. */
static void name_queue(uint16_t index, char *text, size_t size)
{
	snprintf(text, size, "%s queue %u", index % 2 == 0 ? "receive" : "transmit", index / 2);
}

static struct kl_driver net_driver = {
	.name = "net",
	.types = types,
	.feature_names = net_feature_names,
	.feature_keys = feature_keys,
	.feature_rules = net_feature_rules,
	.probe = probe_device,
	.remove = remove_device,
	.options = options,
	.name_key = "mac",
	.is_named = is_named,
	.config_changed = net_config_changed,
	.configure = net_configure,
	.negotiate = net_negotiate,
	.create_queues = net_create_queues,
	.replay = net_replay,
	.quiesce = net_quiesce,
	.drain = net_drain,
	.uses_memory = net_uses_memory,
	.halted = net_halted,
	.name_queue = name_queue,
	.wake = net_wake_all,
};
KL_DRIVER(net_driver)

struct kl_net *kl_net_from_device(struct kl_device *device)
{
	struct kl_net *net;

	if (kl_driver_find_type(kl_device_info(device)->type) != &net_driver)
		return NULL;
	net = kl_device_private(device);
	/* When the device was probed, the options in its name had not been read. */
	if (!net_is_started(net))
		net_offloads_possible(net);
	return net;
}

const struct kl_net_info *kl_net_info(const struct kl_net *net)
{
	return &net->info;
}

uint64_t kl_net_tx_offloads(const struct kl_net *net)
{
	return net->tx_offloads;
}

uint64_t kl_net_rx_offloads(const struct kl_net *net)
{
	return net->rx_offloads;
}

uint16_t kl_net_queue_pairs(const struct kl_net *net)
{
	return net->running_pairs;
}
