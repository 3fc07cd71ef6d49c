/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A PCI function through VFIO. DPDK opens the group, puts it into its container and maps its memory
 * for the device, also what it allocates later; registers and interrupts are our own business.
 */
#ifndef KL_PLATFORM_VFIO_H
#define KL_PLATFORM_VFIO_H

#include "contract/registers.h"
#include "contract/host.h"

/*
 * Opens the function at address (full form) and makes the host that serves it. Its registers
 * answer, but it may not write to memory yet: a device that a killed process left running has to be
 * reset first, then kl__pci_command_change allows PCI_CFG_COMMAND_MASTER. Closing access takes that
 * back. 0, or an error of kl_device_open after a message.
 */
int kl__vfio_open(const char *address, struct kl__pci_access **access, struct kl__host **host);

#endif
