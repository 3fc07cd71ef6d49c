/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The PCI transport from before virtio 1.0, which transitional devices still have beside the modern
 * one: virtio 1.x, 4.1.4.10, over any kind of register access.
 */
#ifndef KL_TRANSPORT_PCI_LEGACY_H
#define KL_TRANSPORT_PCI_LEGACY_H

#include "contract/registers.h"
#include "contract/transport.h"

/*
 * Makes a transport of the function behind access, which it owns from then on and closes. Returns
 * 0; after a message and with access still the caller's: -ENODEV (not virtio, or modern only),
 * -EPROTO (its registers are not where they have to be), -EIO (configuration space can't be read),
 * -ENOMEM.
 */
int kl__pci_legacy_open(struct kl__pci_access *access, struct kl__transport **transport);

#endif
