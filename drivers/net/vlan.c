/* SPDX-License-Identifier: BSD-3-Clause */
/* Which VLAN ids the device lets through, when it filters them: virtio 1.x, 5.1.9.5.3. */
#include <errno.h>

#include <kickless/log.h>

#include "feature_bits.h"
#include "settings.h"
#include "wire_control.h"

#define IDS 4096

static int tell(struct kl_net *net, uint16_t id, bool on)
{
	int rc = net_require_feature(net, VIRTIO_NET_F_CTRL_VLAN, "a VLAN filter");

	if (rc != 0 || !net_is_started(net))
		return rc;
	return net_control_send(net, on ? "a VLAN id to let through" : "a VLAN id to stop",
		VIRTIO_NET_CTRL_VLAN, on ? VIRTIO_NET_CTRL_VLAN_ADD : VIRTIO_NET_CTRL_VLAN_DEL, &id,
		sizeof(id));
}

int kl_net_vlan_set(struct kl_net *net, uint16_t id, bool on)
{
	uint64_t bit = UINT64_C(1) << (id % 64);
	int rc;

	if (id >= IDS) {
		kl_error("%s: VLAN id %u is not possible; allowed: 0 to %u",
			kl_device_info(net->device)->name, id, IDS - 1);
		return -EINVAL;
	}
	if (kl_net_vlan_get(net, id) == on)
		return 0;
	rc = tell(net, id, on);
	if (rc == 0)
		net->settings.vlans[id / 64] ^= bit;
	return rc;
}

bool kl_net_vlan_get(const struct kl_net *net, uint16_t id)
{
	return id < IDS && (net->settings.vlans[id / 64] >> (id % 64) & 1) != 0;
}

/* Without the filter in this run all tags get through, which needs no command. */
int net_vlans_replay(struct kl_net *net)
{
	int rc = 0;

	if (!kl_device_has(net->device, VIRTIO_NET_F_CTRL_VLAN))
		return 0;
	for (uint16_t id = 0; id < IDS && rc == 0; id++)
		if (kl_net_vlan_get(net, id))
			rc = tell(net, id, true);
	return rc;
}
