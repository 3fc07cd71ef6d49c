/* SPDX-License-Identifier: BSD-3-Clause */
/* Feature bits that belong to no device type: virtio 1.x, section 6. */
#ifndef KL_SPEC_FEATURES_H
#define KL_SPEC_FEATURES_H

#define VIRTIO_F_NOTIFY_ON_EMPTY 24 /* legacy only */
#define VIRTIO_F_ANY_LAYOUT 27 /* legacy only */
#define VIRTIO_F_INDIRECT_DESC 28
#define VIRTIO_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED 34
#define VIRTIO_F_IN_ORDER 35
#define VIRTIO_F_ORDER_PLATFORM 36
#define VIRTIO_F_SR_IOV 37
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_NOTIF_CONFIG_DATA 39
#define VIRTIO_F_RING_RESET 40
#define VIRTIO_F_ADMIN_VQ 41
#define VIRTIO_F_SUSPEND 43

/* 2.2: the bits that are not the device type's own: 24 to 49 (50 up are the type's again). */
#define VIRTIO_F_TRANSPORT_FIRST 24
#define VIRTIO_F_TRANSPORT_LAST 49

#endif
