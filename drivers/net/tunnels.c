/* SPDX-License-Identifier: BSD-3-Clause */
/* Hashing what is inside of an encapsulation: virtio 1.x, 5.1.9.4.4.4. */
#include <errno.h>

#include <kickless/log.h>

#include "feature_bits.h"
#include "settings.h"
#include "wire_control.h"

static int tell(struct kl_net *net, uint32_t types)
{
	int rc = net_require_feature(net, VIRTIO_NET_F_HASH_TUNNEL, "a hash of inner packets");

	if (rc != 0 || !net_is_started(net))
		return rc;
	return net_control_send(net, "a hash of inner packets", VIRTIO_NET_CTRL_HASH_TUNNEL,
		VIRTIO_NET_CTRL_HASH_TUNNEL_SET, &types, sizeof(types));
}

int kl_net_hash_tunnels_set(struct kl_net *net, uint32_t types)
{
	int rc;

	if ((types & ~net->tunnels) != 0) {
		kl_error("%s: the device can't look into the tunnels 0x%x; allowed: 0x%x",
			kl_device_info(net->device)->name, types & ~net->tunnels, net->tunnels);
		return -EINVAL;
	}
	rc = tell(net, types);
	if (rc == 0)
		net->settings.tunnels = types;
	return rc;
}

uint32_t kl_net_hash_tunnels_get(const struct kl_net *net)
{
	return net->tunnels;
}

int net_tunnels_replay(struct kl_net *net)
{
	return net->settings.tunnels != 0 ? tell(net, net->settings.tunnels) : 0;
}
