/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's address, and the table of others that it takes packets for: virtio 1.x, 5.1.9.5.2. */
#include <errno.h>
#include <string.h>

#include <kickless/log.h>

#include "feature_bits.h"
#include "settings.h"
#include "wire_control.h"

typedef uint8_t net_mac[KL_NET_MAC_BYTES];

/* The two tables of the command: a number and so many addresses, twice. */
struct tables {
	uint8_t bytes[2 * sizeof(uint32_t) + (KL_NET_MACS_MAX + 1) * KL_NET_MAC_BYTES];
	size_t used;
};

static bool is_multicast(const uint8_t *mac)
{
	return (mac[0] & 1) != 0;
}

static bool is_equal(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, KL_NET_MAC_BYTES) == 0;
}

static void add_table(struct tables *tables, const net_mac *macs, unsigned int count,
	const uint8_t *extra, bool multicast)
{
	uint8_t *number = tables->bytes + tables->used;
	uint32_t entries = 0;

	tables->used += sizeof(entries);
	if (extra != NULL) {
		memcpy(tables->bytes + tables->used, extra, KL_NET_MAC_BYTES);
		tables->used += KL_NET_MAC_BYTES;
		entries++;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (is_multicast(macs[i]) != multicast)
			continue;
		memcpy(tables->bytes + tables->used, macs[i], KL_NET_MAC_BYTES);
		tables->used += KL_NET_MAC_BYTES;
		entries++;
	}
	memcpy(number, &entries, sizeof(entries));
}

static bool has_own_command(const struct kl_net *net)
{
	return kl_device_has(net->device, VIRTIO_NET_F_CTRL_MAC_ADDR);
}

/* A device that can't be told another address of its own takes it as one of the table. */
static int tell_table(struct kl_net *net, const net_mac *macs, unsigned int count,
	const uint8_t *own)
{
	bool needs_own = !has_own_command(net) && !is_equal(own, net->device_mac);
	struct tables tables = {.used = 0};

	add_table(&tables, macs, count, needs_own ? own : NULL, false);
	add_table(&tables, macs, count, NULL, true);
	return net_control_send(net, "the table of MAC addresses", VIRTIO_NET_CTRL_MAC,
		VIRTIO_NET_CTRL_MAC_TABLE_SET, tables.bytes, tables.used);
}

static int tell_own(struct kl_net *net, const uint8_t *mac)
{
	if (!has_own_command(net))
		return tell_table(net, net->settings.macs, net->settings.mac_count, mac);
	return net_control_send(net, "the MAC address", VIRTIO_NET_CTRL_MAC,
		VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, KL_NET_MAC_BYTES);
}

static int check(const struct kl_net *net, const uint8_t *mac, bool multicast_is_fine)
{
	struct rte_ether_addr address;

	memcpy(address.addr_bytes, mac, sizeof(address.addr_bytes));
	if (!rte_is_zero_ether_addr(&address) && (multicast_is_fine || !is_multicast(mac)))
		return 0;
	kl_error("%s: " RTE_ETHER_ADDR_PRT_FMT " is no possible address; allowed: %s",
		kl_device_info(net->device)->name, RTE_ETHER_ADDR_BYTES(&address),
		multicast_is_fine ? "any but zero" : "unicast addresses but zero");
	return -EINVAL;
}

int kl_net_mac_set(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES])
{
	int rc = check(net, mac, false);

	if (rc == 0)
		rc = net_require_feature(net, VIRTIO_NET_F_CTRL_RX, "another MAC address");
	if (rc == 0 && net_is_started(net))
		rc = tell_own(net, mac);
	if (rc != 0)
		return rc;
	memcpy(net->info.mac, mac, KL_NET_MAC_BYTES);
	net->info.mac_is_random = false;
	net->settings.mac_is_given = true;
	return 0;
}

static unsigned int find(const struct net_settings *settings, const uint8_t *mac)
{
	unsigned int i = 0;

	while (i < settings->mac_count && !is_equal(settings->macs[i], mac))
		i++;
	return i;
}

/* Tells the device of the table as it shall be, then keeps it. */
static int change_table(struct kl_net *net, const net_mac *macs, unsigned int count)
{
	int rc = net_require_feature(net, VIRTIO_NET_F_CTRL_RX, "a table of MAC addresses");

	if (rc == 0 && net_is_started(net))
		rc = tell_table(net, macs, count, net->info.mac);
	if (rc != 0)
		return rc;
	memcpy(net->settings.macs, macs, count * sizeof(net_mac));
	net->settings.mac_count = count;
	return 0;
}

int kl_net_mac_add(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES])
{
	const struct net_settings *settings = &net->settings;
	net_mac macs[KL_NET_MACS_MAX];
	int rc = check(net, mac, true);

	if (rc != 0)
		return rc;
	if (is_equal(mac, net->info.mac) || find(settings, mac) < settings->mac_count)
		return 0;
	if (settings->mac_count == KL_NET_MACS_MAX) {
		kl_error("%s: the table of MAC addresses is full; allowed: %u",
			kl_device_info(net->device)->name, KL_NET_MACS_MAX);
		return -ENOSPC;
	}
	memcpy(macs, settings->macs, sizeof(macs));
	memcpy(macs[settings->mac_count], mac, sizeof(net_mac));
	return change_table(net, macs, settings->mac_count + 1);
}

int kl_net_mac_remove(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES])
{
	const struct net_settings *settings = &net->settings;
	unsigned int at = find(settings, mac), last = settings->mac_count - 1;
	net_mac macs[KL_NET_MACS_MAX];

	if (at == settings->mac_count)
		return -ENOENT;
	memcpy(macs, settings->macs, sizeof(macs));
	memmove(macs[at], macs[at + 1], (last - at) * sizeof(net_mac));
	return change_table(net, macs, last);
}

const uint8_t *kl_net_mac_get(const struct kl_net *net, unsigned int n)
{
	return n < net->settings.mac_count ? net->settings.macs[n] : NULL;
}

/* CTL-08: the device is told of an address that is not the one of its configuration. */
int net_macs_replay(struct kl_net *net)
{
	bool differs = !is_equal(net->info.mac, net->device_mac);
	int rc = 0;

	if (!kl_device_has(net->device, VIRTIO_NET_F_CTRL_RX))
		return net->settings.mac_count == 0 ?
			0 :
			net_require_feature(net, VIRTIO_NET_F_CTRL_RX, "a table of MAC addresses");
	if (differs && has_own_command(net))
		rc = tell_own(net, net->info.mac);
	if (rc == 0 && (net->settings.mac_count > 0 || (differs && !has_own_command(net))))
		rc = tell_table(net, net->settings.macs, net->settings.mac_count, net->info.mac);
	return rc;
}
