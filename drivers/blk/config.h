/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device configuration: capacity, limits, topology, cache, zones. virtio 1.x, 5.2.4. The
 * control thread calls all of these functions.
 */
#ifndef KL_BLK_CONFIG_H
#define KL_BLK_CONFIG_H

#include <kickless/blk.h>

/* Reads the fields of offered features, and checks them. 0, or -errno after a message. */
int blk_config_probe(struct kl_blk *blk);

/* The same with the accepted features, once they are negotiated. */
int blk_config_negotiated(struct kl_blk *blk);

/* The capacity may have changed, or the device may need a reset. */
void blk_config_changed(struct kl_device *device);

#endif
