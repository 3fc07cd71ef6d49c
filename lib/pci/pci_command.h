/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command register of a function: what it answers to, and whether it may write to memory by
 * itself.
 */
#ifndef KL_PCI_COMMAND_H
#define KL_PCI_COMMAND_H

#include "contract/registers.h"

/* Sets and clears bits, PCI_CFG_COMMAND_*. 0 or -EIO. */
int kl__pci_command_change(struct kl__pci_access *access, uint16_t set, uint16_t clear);

/* As restore_command of struct kl__transport_ops. */
int kl__pci_command_restore(struct kl__pci_access *access);

#endif
