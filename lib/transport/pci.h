/* SPDX-License-Identifier: BSD-3-Clause */
/* A PCI function by whichever of its two interfaces is to be used: virtio 1.x, 4.1.5.1.1.1. */
#ifndef KL_TRANSPORT_PCI_H
#define KL_TRANSPORT_PCI_H

#include "contract/registers.h"
#include "contract/transport.h"

/* The options legacy=0|1 and vfio=auto|group|cdev, and the end of the table. */
extern const struct kl__transport_option kl__pci_options[];

/*
 * Makes a transport of the function behind access; its identity and its capabilities are read once,
 * and no register is touched. The transport owns access from then on and closes it. Returns 0;
 * after a message and with access still the caller's: -ENODEV (not virtio, or without that
 * interface), -EPROTO (its capabilities, or the place of its registers, make no sense), -EIO
 * (configuration space can't be read), -ENOMEM.
 */
int kl__pci_open(struct kl__pci_access *access, enum kl__interface interface,
	struct kl__transport **transport);

#endif
