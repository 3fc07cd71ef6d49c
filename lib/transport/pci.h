/* SPDX-License-Identifier: BSD-3-Clause */
/* A PCI function by whichever of its two interfaces is to be used: virtio 1.x, 4.1.5.1.1.1. */
#ifndef KL_TRANSPORT_PCI_H
#define KL_TRANSPORT_PCI_H

#include "contract/registers.h"
#include "contract/transport.h"

enum kl__pci_interface {
	KL__PCI_BEST, /* modern if it has that, else legacy */
	KL__PCI_USE_MODERN,
	KL__PCI_USE_LEGACY,
};

/* As kl__pci_modern_open and kl__pci_legacy_open. */
int kl__pci_open(struct kl__pci_access *access, enum kl__pci_interface interface,
	struct kl__transport **transport);

#endif
