/* SPDX-License-Identifier: BSD-3-Clause */
/* Which packets the device takes beyond those for its addresses: virtio 1.x, 5.1.9.5.1. */
#include <errno.h>

#include <kickless/log.h>

#include "feature_bits.h"
#include "settings.h"
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

static int tell(struct kl_net *net, unsigned int mode, bool on)
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
	rc = tell(net, mode, on);
	if (rc != 0)
		return rc;
	settings->rx_modes_set |= (uint8_t)(1 << mode);
	settings->rx_modes &= (uint8_t) ~(1 << mode);
	settings->rx_modes |= (uint8_t)(on << mode);
	return 0;
}

bool kl_net_rx_mode_get(const struct kl_net *net, enum kl_net_rx_mode mode)
{
	return (unsigned int)mode < KL_NET_RX_MODES && (net->settings.rx_modes >> mode & 1) != 0;
}

int net_rx_modes_replay(struct kl_net *net)
{
	int rc = 0;

	for (unsigned int mode = 0; mode < KL_NET_RX_MODES && rc == 0; mode++)
		if ((net->settings.rx_modes_set >> mode & 1) != 0)
			rc = tell(net, mode, (net->settings.rx_modes >> mode & 1) != 0);
	return rc;
}
