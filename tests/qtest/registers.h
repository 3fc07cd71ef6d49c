/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers of devices of a QEMU without a guest: PCI functions and virtio-mmio slots. */
#ifndef QTEST_REGISTERS_H
#define QTEST_REGISTERS_H

#include "contract/registers.h"

/*
 * pci.c: the function at address, as kl_pci_address writes it, of the QEMU in folder. Its BARs are
 * laid out and answer. It may not write to memory yet, as after kl__vfio_open. Only functions of
 * bus 0 have space for their BARs. 0, or after a message -EINVAL (address), -ENODEV (nothing
 * there), -ENOMEM, and the errors of qtest_machine_get.
 */
int qtest_pci_open(const char *folder, const char *address, struct kl__pci_access **access);

/*
 * mmio.c: the slot at a physical address of the QEMU in folder. 0, -ENOMEM, or as
 * qtest_machine_get.
 */
int qtest_mmio_open(const char *folder, uint64_t address, struct kl__mmio_access **access);

#endif
