/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio over PCI: virtio 1.x, 4.1, and the few PCI configuration registers that a driver touches.
 */
#ifndef KL_SPEC_PCI_H
#define KL_SPEC_PCI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* 4.1.2: one vendor; the device id encodes the generation and, for modern devices, the type. */
#define VIRTIO_PCI_VENDOR 0x1af4
#define VIRTIO_PCI_DEVICE_FIRST 0x1000
#define VIRTIO_PCI_DEVICE_LAST 0x107f
#define VIRTIO_PCI_DEVICE_MODERN 0x1040

/* PCI configuration space, type 0 header. */
#define PCI_CFG_VENDOR_ID 0x00
#define PCI_CFG_DEVICE_ID 0x02
#define PCI_CFG_COMMAND 0x04
#define PCI_CFG_COMMAND_IO 0x1
#define PCI_CFG_COMMAND_MEMORY 0x2
#define PCI_CFG_COMMAND_MASTER 0x4
#define PCI_CFG_COMMAND_INTX_DISABLE 0x400
#define PCI_CFG_STATUS 0x06
#define PCI_CFG_STATUS_CAP_LIST 0x10
#define PCI_CFG_REVISION 0x08
#define PCI_CFG_SUBSYSTEM_VENDOR 0x2c
#define PCI_CFG_SUBSYSTEM_ID 0x2e
#define PCI_CFG_CAP_POINTER 0x34
#define PCI_CFG_HEADER_SIZE 0x40
#define PCI_CFG_SIZE 0x100
#define PCI_CAP_VENDOR_ID 0x09
#define PCI_CAP_MSIX_ID 0x11
#define PCI_CAP_MSIX_CONTROL 2
#define PCI_CAP_MSIX_CONTROL_SIZE 0x7ff /* vectors, less one */
#define PCI_CAP_MSIX_CONTROL_ENABLE 0x8000
#define PCI_BARS 6

/* 4.1.4: what a vendor capability describes. */
#define VIRTIO_PCI_CAP_COMMON_CFG 1
#define VIRTIO_PCI_CAP_NOTIFY_CFG 2
#define VIRTIO_PCI_CAP_ISR_CFG 3
#define VIRTIO_PCI_CAP_DEVICE_CFG 4
#define VIRTIO_PCI_CAP_PCI_CFG 5

/* 4.1.4: offsets in struct virtio_pci_cap. */
#define VIRTIO_PCI_CAP_LEN 2
#define VIRTIO_PCI_CAP_CFG_TYPE 3
#define VIRTIO_PCI_CAP_BAR 4
#define VIRTIO_PCI_CAP_OFFSET 8
#define VIRTIO_PCI_CAP_LENGTH 12
#define VIRTIO_PCI_CAP_SIZE 16
#define VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER 16
#define VIRTIO_PCI_CAP_NOTIFY_SIZE 20
#define VIRTIO_PCI_CAP_CFG_DATA 16
#define VIRTIO_PCI_CAP_CFG_SIZE 20

/* 4.1.5.1.2: no MSI-X vector. */
#define VIRTIO_MSI_NO_VECTOR 0xffff

/* 4.1.4.10: the registers from before virtio 1.0, in the I/O ports of BAR 0. */
#define VIRTIO_PCI_LEGACY_DEVICE_FEATURES 0
#define VIRTIO_PCI_LEGACY_DRIVER_FEATURES 4
#define VIRTIO_PCI_LEGACY_QUEUE_PFN 8
#define VIRTIO_PCI_LEGACY_QUEUE_SIZE 12
#define VIRTIO_PCI_LEGACY_QUEUE_SELECT 14
#define VIRTIO_PCI_LEGACY_QUEUE_NOTIFY 16
#define VIRTIO_PCI_LEGACY_STATUS 18
#define VIRTIO_PCI_LEGACY_ISR 19
#define VIRTIO_PCI_LEGACY_CONFIG_VECTOR 20 /* while MSI-X is on */
#define VIRTIO_PCI_LEGACY_QUEUE_VECTOR 22 /* while MSI-X is on */
#define VIRTIO_PCI_LEGACY_CONFIG 20 /* while MSI-X is off */
#define VIRTIO_PCI_LEGACY_CONFIG_MSIX 24 /* while MSI-X is on */

/* 4.1.4.3 */
struct virtio_pci_common_cfg {
	uint32_t device_feature_select;
	uint32_t device_feature;
	uint32_t driver_feature_select;
	uint32_t driver_feature;
	uint16_t config_msix_vector;
	uint16_t num_queues;
	uint8_t device_status;
	uint8_t config_generation;
	uint16_t queue_select;
	uint16_t queue_size;
	uint16_t queue_msix_vector;
	uint16_t queue_enable;
	uint16_t queue_notify_off;
	uint64_t queue_desc;
	uint64_t queue_driver;
	uint64_t queue_device;
	uint16_t queue_notif_config_data; /* with NOTIF_CONFIG_DATA */
	uint16_t queue_reset; /* with RING_RESET */
};
static_assert(offsetof(struct virtio_pci_common_cfg, config_msix_vector) == 0x10, "4.1.4.3");
static_assert(offsetof(struct virtio_pci_common_cfg, device_status) == 0x14, "4.1.4.3");
static_assert(offsetof(struct virtio_pci_common_cfg, queue_select) == 0x16, "4.1.4.3");
static_assert(offsetof(struct virtio_pci_common_cfg, queue_desc) == 0x20, "4.1.4.3");
static_assert(offsetof(struct virtio_pci_common_cfg, queue_device) == 0x30, "4.1.4.3");
static_assert(offsetof(struct virtio_pci_common_cfg, queue_notif_config_data) == 0x38, "4.1.4.3");
static_assert(offsetof(struct virtio_pci_common_cfg, queue_reset) == 0x3a, "4.1.4.3");

/* The part that every modern device has; the two optional registers follow it. */
#define VIRTIO_PCI_COMMON_CFG_MIN 0x38

#endif
