/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life cycle callbacks of struct kl_driver, which core calls on the control thread. virtio
 * 1.x, 3.1.1, 5.1.5.
 */
#ifndef KL_NET_START_H
#define KL_NET_START_H

#include <kickless/driver/driver.h>

/* Checks conf, a struct kl_net_conf, and keeps it. 0, or -errno after a message. */
int net_configure(struct kl_device *device, const void *conf);
/* Reads the configuration and negotiates the features. 0, or -errno after a message. */
int net_negotiate(struct kl_device *device);
/* Makes all queues of the kept configuration. 0, or -errno after a message. */
int net_create_queues(struct kl_device *device);
/* Kicks the receive queues, and sends all settings again. 0, or -errno after a message. */
int net_replay(struct kl_device *device);
/* Before a reset: frees the packets that the device has sent. */
void net_quiesce(struct kl_device *device);
/* After a reset: frees the packets in flight and the queues' memory. */
void net_drain(struct kl_device *device);
/* The device stopped until a recovery: the link is down. */
void net_halted(struct kl_device *device);
/* Wakes the threads of all receive queues. */
void net_wake_all(struct kl_device *device);

#endif
