/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The PCI transport from before virtio 1.0, which transitional devices still have beside the modern
 * one: virtio 1.x, 4.1.4.10, over any kind of register access.
 */
#ifndef KL_TRANSPORT_PCI_LEGACY_H
#define KL_TRANSPORT_PCI_LEGACY_H

#include "contract/registers.h"
#include "contract/transport.h"
#include "pci/pci_caps.h"
#include "pci/pci_identity.h"

/*
 * Makes a transport of the function behind access, which it owns from then on and closes. Of caps
 * only the fields of MSI-X are used. Returns 0; after a message and with access still the caller's:
 * -ENODEV (modern only), -EPROTO (its registers are not where they have to be), -ENOMEM.
 */
int kl__pci_legacy_open(struct kl__pci_access *access, const struct kl__pci_identity *identity,
	const struct kl__pci_caps *caps, struct kl__transport **transport);

#endif
