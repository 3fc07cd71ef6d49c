/* SPDX-License-Identifier: BSD-3-Clause */
/* The device status field: virtio 1.x, 2.1. */
#ifndef KL_SPEC_STATUS_H
#define KL_SPEC_STATUS_H

#define VIRTIO_STATUS_RESET 0x00
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER 0x02
#define VIRTIO_STATUS_DRIVER_OK 0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED 0x80

/* The value read from a function that has left the bus: no legal status has all bits set. */
#define VIRTIO_STATUS_GONE 0xff

#endif
