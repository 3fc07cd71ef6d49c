/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Life cycle callbacks of struct kl_driver, which core calls on the control thread. virtio
 * 1.x, 3.1.1, 5.2.5.
 */
#ifndef KL_BLK_START_H
#define KL_BLK_START_H

#include <kickless/driver/driver.h>

/* Checks conf, a struct kl_blk_conf, and keeps it. 0, or -errno after a message. */
int blk_configure(struct kl_device *device, const void *conf);
/* Negotiates the features and reads the configuration. 0, or -errno after a message. */
int blk_negotiate(struct kl_device *device);
/* Makes all queues of the kept configuration. 0, or -errno after a message. */
int blk_create_queues(struct kl_device *device);
/* recover.c: before a reset, keeps the completions that the device has written. */
void blk_quiesce(struct kl_device *device);
/* recover.c: after a reset, completes the requests that were in flight. */
void blk_drain(struct kl_device *device);
/* memory_use.c: true when a request in flight may use memory there. */
bool blk_uses_memory(struct kl_device *device, const void *address, size_t size);
/* wait.c: wakes the threads of all queues. */
void blk_wake_all(struct kl_device *device);

#endif
