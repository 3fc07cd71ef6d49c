/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The identity of a function, from its configuration space, before any of its registers is touched.
 * The id rule of virtio over PCI (virtio 1.x, 4.1.2) is the outcome of a long argument: one vendor
 * id, and the device type carried as data, so that a new type never touches this code.
 */
#ifndef KL_PCI_IDENTITY_H
#define KL_PCI_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "contract/registers.h"

enum kl__pci_generation {
	KL__PCI_NOT_VIRTIO,
	/* 0x1000-0x103f: legacy, or both interfaces when it has capabilities. */
	KL__PCI_TRANSITIONAL,
	KL__PCI_MODERN, /* 0x1040-0x107f */
};

/* Any revision and any subsystem vendor are accepted (4.1.2.2). *type is set unless NOT_VIRTIO. */
enum kl__pci_generation kl__pci_id(uint16_t vendor, uint16_t device, uint16_t subsystem_device,
	uint32_t *type);

struct kl__pci_identity {
	uint8_t config[PCI_CFG_SIZE];
	size_t size; /* how much of it could be read */
	enum kl__pci_generation generation;
	uint32_t type; /* virtio device type */
};

/*
 * Reads the configuration space. 0, or after a message -EIO (it can't be read) or -ENODEV (not
 * virtio).
 */
int kl__pci_identify(struct kl__pci_access *access, struct kl__pci_identity *identity);

#endif
