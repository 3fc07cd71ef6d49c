/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command register: what a function answers to, and whether it may write to memory by itself.
 */
#ifndef KL_PLATFORM_PCI_COMMAND_H
#define KL_PLATFORM_PCI_COMMAND_H

#include "contract/registers.h"

/* Sets and clears bits, PCI_CFG_COMMAND_*. 0 or -EIO. */
int kl__pci_command(struct kl__pci_access *access, uint16_t set, uint16_t clear);

#endif
