/* SPDX-License-Identifier: BSD-3-Clause */
/* The modern PCI transport: virtio 1.x, 4.1, over any kind of register access. */
#ifndef KL_TRANSPORT_PCI_MODERN_H
#define KL_TRANSPORT_PCI_MODERN_H

#include "contract/registers.h"
#include "contract/transport.h"

/*
 * Looks at the function behind access and makes a transport of it. The transport owns access from
 * then on and closes it. Returns 0; after a message and with access still the caller's: -ENODEV
 * (not virtio, or legacy only), -EPROTO (its capabilities make no sense), -EIO (configuration space
 * can't be read), -ENOMEM.
 */
int kl__pci_modern_open(struct kl__pci_access *access, struct kl__transport **transport);

#endif
