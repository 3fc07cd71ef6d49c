/* SPDX-License-Identifier: BSD-3-Clause */
/* The modern PCI transport: virtio 1.x, 4.1, over any kind of register access. */
#ifndef KL_TRANSPORT_PCI_MODERN_H
#define KL_TRANSPORT_PCI_MODERN_H

#include "contract/registers.h"
#include "contract/transport.h"
#include "pci/pci_caps.h"
#include "pci/pci_identity.h"

/*
 * Makes a transport of the function behind access, whose capabilities are all that a modern device
 * needs. The transport owns access from then on and closes it. 0, or -ENOMEM after a message and
 * with access still the caller's.
 */
int kl__pci_modern_open(struct kl__pci_access *access, const struct kl__pci_identity *identity,
	const struct kl__pci_caps *caps, struct kl__transport **transport);

#endif
