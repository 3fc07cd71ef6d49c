/* SPDX-License-Identifier: BSD-3-Clause */
/* The device configuration: MAC, link, MTU, speed, RSS. virtio 1.x, 5.1.4. Control thread. */
#ifndef KL_NET_CONFIG_H
#define KL_NET_CONFIG_H

#include <kickless/net.h>

/* Reads the configuration that the offered features allow. 0, or -errno after a message. */
int net_config_read(struct kl_net *net);

/*
 * True if the device offers feature, has its field in the configuration space, and the
 * field is valid.
 */
bool net_config_is_usable(const struct kl_net *net, unsigned int feature);

/* True when the device offers a feature, and the options in its name don't decline it. */
bool net_feature_is_possible(const struct kl_net *net, unsigned int feature);

/* To be called without queues: an MTU that changed while they were there takes effect. */
void net_config_apply_mtu(struct kl_net *net);

/* Link and speed may have changed, and the device may request an announcement. */
void net_config_changed(struct kl_device *device);

#endif
