/* SPDX-License-Identifier: BSD-3-Clause */
/* What a function says of itself before any of its registers is touched. */
#ifndef KL_TRANSPORT_PCI_IDENTITY_H
#define KL_TRANSPORT_PCI_IDENTITY_H

#include "transport/access.h"
#include "transport/pci_id.h"

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
