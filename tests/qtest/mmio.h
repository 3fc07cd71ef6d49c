/* SPDX-License-Identifier: BSD-3-Clause */
/* The registers of one virtio-mmio slot of a QEMU without a guest. */
#ifndef QTEST_MMIO_H
#define QTEST_MMIO_H

#include "contract/registers.h"

/* The slot at a physical address of the QEMU in folder. 0, -ENOMEM, or as qtest_machine_get. */
int qtest_mmio_open(const char *folder, uint64_t address, struct kl__mmio_access **access);

#endif
