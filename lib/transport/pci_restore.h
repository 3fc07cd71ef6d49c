/* SPDX-License-Identifier: BSD-3-Clause */
/* The command register of a function that was in use, when the function has fallen silent. */
#ifndef KL_TRANSPORT_PCI_RESTORE_H
#define KL_TRANSPORT_PCI_RESTORE_H

#include "contract/registers.h"

/* As restore_command of struct kl__transport_ops. */
int kl__pci_restore(struct kl__pci_access *access);

#endif
