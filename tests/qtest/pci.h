/* SPDX-License-Identifier: BSD-3-Clause */
/* A PCI function of a QEMU without a guest. */
#ifndef QTEST_PCI_H
#define QTEST_PCI_H

#include "contract/registers.h"

/*
 * The function at address, as kl_pci_address writes it, of the QEMU in folder. Its BARs are laid
 * out and answer. It may not write to memory yet, as after kl__vfio_open. Only functions of bus 0
 * have space for their BARs. 0, or after a message -EINVAL (address), -ENODEV (nothing there),
 * -ENOMEM, and the errors of qtest_machine_get.
 */
int qtest_pci_open(const char *folder, const char *address, struct kl__pci_access **access);

#endif
