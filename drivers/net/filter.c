/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive filters of the device: modes, MAC addresses, VLAN ids. virtio 1.x,
 * 5.1.9.5.1 to 5.1.9.5.3.
 */
#include <errno.h>
#include <string.h>

#include <rte_ether.h>

#include <kickless/log.h>

#include "control.h"
#include "feature_bits.h"
#include "replay.h"
#include "wire_control.h"

static const struct {
	uint8_t command;
	uint8_t feature;
	const char *on, *off;
} modes[KL_NET_RX_MODES] = {
	[KL_NET_PROMISCUOUS] = {VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_F_CTRL_RX,
		"promiscuous mode", "the end of promiscuous mode"},
	[KL_NET_ALL_MULTICAST] = {VIRTIO_NET_CTRL_RX_ALLMULTI, VIRTIO_NET_F_CTRL_RX,
		"all multicast", "the end of all multicast"},
	[KL_NET_ALL_UNICAST] = {VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA,
		"all unicast", "the end of all unicast"},
	[KL_NET_NO_MULTICAST] = {VIRTIO_NET_CTRL_RX_NOMULTI, VIRTIO_NET_F_CTRL_RX_EXTRA,
		"no multicast", "the end of no multicast"},
	[KL_NET_NO_UNICAST] = {VIRTIO_NET_CTRL_RX_NOUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, "no unicast",
		"the end of no unicast"},
	[KL_NET_NO_BROADCAST] = {VIRTIO_NET_CTRL_RX_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA,
		"no broadcast", "the end of no broadcast"},
};

static int send_mode(struct kl_net *net, unsigned int mode, bool on)
{
	const char *what = on ? modes[mode].on : modes[mode].off;
	const uint8_t data = on;
	int rc = net_require_feature(net, modes[mode].feature, what);

	if (rc != 0 || !net_is_started(net))
		return rc;
	return net_control_send(net, what, VIRTIO_NET_CTRL_RX, modes[mode].command, &data,
		sizeof(data));
}

int kl_net_rx_mode_set(struct kl_net *net, enum kl_net_rx_mode mode, bool on)
{
	struct net_settings *settings = &net->settings;
	int rc;

	if ((unsigned int)mode >= KL_NET_RX_MODES) {
		kl_error("%s: there is no receive mode %u; allowed: 0 to %u",
			kl_device_info(net->device)->name, (unsigned int)mode, KL_NET_RX_MODES - 1);
		return -EINVAL;
	}
	rc = send_mode(net, mode, on);
	if (rc != 0)
		return rc;
	settings->rx_modes_set |= (uint8_t)(1 << mode);
	settings->rx_modes &= (uint8_t) ~(1 << mode);
	settings->rx_modes |= (uint8_t)(on << mode);
	net_setting_applied(net, (enum kl_net_setting)mode);
	return 0;
}

bool kl_net_rx_mode_get(const struct kl_net *net, enum kl_net_rx_mode mode)
{
	return (unsigned int)mode < KL_NET_RX_MODES && (net->settings.rx_modes >> mode & 1) != 0;
}

static int replay_modes(struct kl_net *net)
{
	int rc = 0;

	for (unsigned int mode = 0; mode < KL_NET_RX_MODES && rc == 0; mode++) {
		if ((net->settings.rx_modes_set >> mode & 1) == 0)
			continue;
		net_replay_begin(net, (enum kl_net_setting)mode);
		rc = send_mode(net, mode, (net->settings.rx_modes >> mode & 1) != 0);
		rc = net_replay_end(net, rc);
	}
	return rc;
}

typedef uint8_t net_mac[KL_NET_MAC_BYTES];

/* Data of the table command: a count and so many addresses, unicast and then multicast. */
struct mac_tables {
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

static void add_table(struct mac_tables *tables, const net_mac *macs, unsigned int count,
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

static bool has_mac_command(const struct kl_net *net)
{
	return kl_device_has(net->device, VIRTIO_NET_F_CTRL_MAC_ADDR);
}

/* A device without a command for its own address gets that address in the table. */
static int send_macs(struct kl_net *net, const net_mac *macs, unsigned int count,
	const uint8_t *own)
{
	bool needs_own = !has_mac_command(net) && !is_equal(own, net->device_mac);
	struct mac_tables tables = {.used = 0};
	struct net_command command = {
		.what = "the table of MAC addresses",
		.class = VIRTIO_NET_CTRL_MAC,
		.command = VIRTIO_NET_CTRL_MAC_TABLE_SET,
		.data = tables.bytes,
	};

	add_table(&tables, macs, count, needs_own ? own : NULL, false);
	command.first_bytes = tables.used;
	add_table(&tables, macs, count, NULL, true);
	command.data_bytes = tables.used;
	return net_control_query(net, &command);
}

static int send_own_mac(struct kl_net *net, const uint8_t *mac)
{
	if (!has_mac_command(net))
		return send_macs(net, net->settings.macs, net->settings.mac_count, mac);
	return net_control_send(net, "the MAC address", VIRTIO_NET_CTRL_MAC,
		VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, KL_NET_MAC_BYTES);
}

static int check_mac(const struct kl_net *net, const uint8_t *mac, bool allows_multicast)
{
	struct rte_ether_addr address;

	memcpy(address.addr_bytes, mac, sizeof(address.addr_bytes));
	if (!rte_is_zero_ether_addr(&address) && (allows_multicast || !is_multicast(mac)))
		return 0;
	kl_error("%s: " RTE_ETHER_ADDR_PRT_FMT " is no possible address; allowed: %s",
		kl_device_info(net->device)->name, RTE_ETHER_ADDR_BYTES(&address),
		allows_multicast ? "any but zero" : "unicast addresses but zero");
	return -EINVAL;
}

int kl_net_mac_set(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES])
{
	int rc = check_mac(net, mac, false);

	if (rc == 0)
		rc = net_require_feature(net, VIRTIO_NET_F_CTRL_RX, "another MAC address");
	if (rc == 0 && net_is_started(net))
		rc = send_own_mac(net, mac);
	if (rc != 0)
		return rc;
	memcpy(net->info.mac, mac, KL_NET_MAC_BYTES);
	net->info.mac_is_random = false;
	net->settings.mac_is_given = true;
	net_setting_applied(net, KL_NET_SETTING_MAC);
	/* Without a command for it the table was sent too. */
	if (!has_mac_command(net))
		net_setting_applied(net, KL_NET_SETTING_MAC_TABLE);
	return 0;
}

static unsigned int find_mac(const struct net_settings *settings, const uint8_t *mac)
{
	unsigned int i = 0;

	while (i < settings->mac_count && !is_equal(settings->macs[i], mac))
		i++;
	return i;
}

/* Sends the new table to the device, then keeps it. */
static int change_macs(struct kl_net *net, const net_mac *macs, unsigned int count)
{
	int rc = net_require_feature(net, VIRTIO_NET_F_CTRL_RX, "a table of MAC addresses");

	if (rc == 0 && net_is_started(net))
		rc = send_macs(net, macs, count, net->info.mac);
	if (rc != 0)
		return rc;
	memcpy(net->settings.macs, macs, count * sizeof(net_mac));
	net->settings.mac_count = count;
	net_setting_applied(net, KL_NET_SETTING_MAC_TABLE);
	if (!has_mac_command(net))
		net_setting_applied(net, KL_NET_SETTING_MAC);
	return 0;
}

int kl_net_mac_add(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES])
{
	const struct net_settings *settings = &net->settings;
	net_mac macs[KL_NET_MACS_MAX];
	int rc = check_mac(net, mac, true);

	if (rc != 0)
		return rc;
	if (is_equal(mac, net->info.mac) || find_mac(settings, mac) < settings->mac_count)
		return 0;
	if (settings->mac_count == KL_NET_MACS_MAX) {
		kl_error("%s: the table of MAC addresses is full; allowed: %u",
			kl_device_info(net->device)->name, KL_NET_MACS_MAX);
		return -ENOSPC;
	}
	memcpy(macs, settings->macs, sizeof(macs));
	memcpy(macs[settings->mac_count], mac, sizeof(net_mac));
	return change_macs(net, macs, settings->mac_count + 1);
}

int kl_net_mac_remove(struct kl_net *net, const uint8_t mac[KL_NET_MAC_BYTES])
{
	const struct net_settings *settings = &net->settings;
	unsigned int at = find_mac(settings, mac), last = settings->mac_count - 1;
	net_mac macs[KL_NET_MACS_MAX];

	if (at == settings->mac_count)
		return -ENOENT;
	memcpy(macs, settings->macs, sizeof(macs));
	memmove(macs[at], macs[at + 1], (last - at) * sizeof(net_mac));
	return change_macs(net, macs, last);
}

const uint8_t *kl_net_mac_get(const struct kl_net *net, unsigned int n)
{
	return n < net->settings.mac_count ? net->settings.macs[n] : NULL;
}

/*
 * CTL-08: true if the address is not the one of the device's configuration, and a command sends it.
 * A device that offers no such commands delivers what it likes, and nothing is amiss.
 */
static bool has_own_mac(const struct kl_net *net)
{
	return !is_equal(net->info.mac, net->device_mac) &&
		(kl_device_has(net->device, VIRTIO_NET_F_CTRL_RX) ||
			(net->settings.mac_is_given &&
				kl_device_offers(net->device, VIRTIO_NET_F_CTRL_RX) &&
				kl_device_has_control_queues(net->device)));
}

static int replay_macs(struct kl_net *net)
{
	const bool has_own = has_own_mac(net);
	int sent = 0, rc = 0;

	if (has_own) {
		net_replay_begin(net, KL_NET_SETTING_MAC);
		sent = net_require_feature(net, VIRTIO_NET_F_CTRL_RX, "another MAC address");
		if (sent == 0)
			sent = send_own_mac(net, net->info.mac);
		rc = net_replay_end(net, sent);
	}
	if (rc != 0 || net->settings.mac_count == 0)
		return rc;
	net_replay_begin(net, KL_NET_SETTING_MAC_TABLE);
	/* Without a command for its own address the device has got the table by now, or not. */
	if (has_own && !has_mac_command(net))
		return net_replay_end(net, sent);
	rc = net_require_feature(net, VIRTIO_NET_F_CTRL_RX, "a table of MAC addresses");
	if (rc == 0)
		rc = send_macs(net, net->settings.macs, net->settings.mac_count, net->info.mac);
	return net_replay_end(net, rc);
}

#define VLAN_IDS 4096

static int send_vlan(struct kl_net *net, uint16_t id, bool on)
{
	int rc = net_require_feature(net, VIRTIO_NET_F_CTRL_VLAN, "a VLAN filter");

	if (rc != 0 || !net_is_started(net))
		return rc;
	return net_control_send(net, on ? "a VLAN id to pass" : "a VLAN id to drop",
		VIRTIO_NET_CTRL_VLAN, on ? VIRTIO_NET_CTRL_VLAN_ADD : VIRTIO_NET_CTRL_VLAN_DEL, &id,
		sizeof(id));
}

int kl_net_vlan_set(struct kl_net *net, uint16_t id, bool on)
{
	uint64_t bit = UINT64_C(1) << (id % 64);
	int rc;

	if (id >= VLAN_IDS) {
		kl_error("%s: VLAN id %u is not possible; allowed: 0 to %u",
			kl_device_info(net->device)->name, id, VLAN_IDS - 1);
		return -EINVAL;
	}
	if (kl_net_vlan_get(net, id) == on)
		return 0;
	rc = send_vlan(net, id, on);
	if (rc == 0)
		net->settings.vlans[id / 64] ^= bit;
	return rc;
}

bool kl_net_vlan_get(const struct kl_net *net, uint16_t id)
{
	return id < VLAN_IDS && (net->settings.vlans[id / 64] >> (id % 64) & 1) != 0;
}

/* Without the filter in this run all tags pass, which needs no command. */
static int replay_vlans(struct kl_net *net)
{
	int rc = 0;

	if (!kl_device_has(net->device, VIRTIO_NET_F_CTRL_VLAN) &&
		(net->conf.rx_offloads & RTE_ETH_RX_OFFLOAD_VLAN_FILTER) == 0)
		return 0;
	net_replay_begin(net, KL_NET_SETTING_VLANS);
	for (uint16_t id = 0; id < VLAN_IDS && rc == 0; id++)
		if (kl_net_vlan_get(net, id))
			rc = send_vlan(net, id, true);
	return net_replay_end(net, rc);
}

int net_filters_replay(struct kl_net *net)
{
	int rc = replay_macs(net);

	if (rc == 0)
		rc = replay_modes(net);
	return rc == 0 ? replay_vlans(net) : rc;
}
