/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The id rule of virtio over PCI (virtio 1.x, 4.1.2), the outcome of a long argument: one vendor
 * id, and the device type carried as data, so that a new type never touches this code.
 */
#ifndef KL_TRANSPORT_PCI_ID_H
#define KL_TRANSPORT_PCI_ID_H

#include <stdint.h>

enum kl__pci_generation {
	KL__PCI_NOT_VIRTIO,
	KL__PCI_TRANSITIONAL, /* 0x1000-0x103f: legacy, or both interfaces when it has capabilities
			       */
	KL__PCI_MODERN, /* 0x1040-0x107f */
};

/* Any revision and any subsystem vendor are accepted (4.1.2.2). *type is set unless NOT_VIRTIO. */
enum kl__pci_generation kl__pci_id(uint16_t vendor, uint16_t device, uint16_t subsystem_device,
	uint32_t *type);

#endif
