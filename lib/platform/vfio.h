/* SPDX-License-Identifier: BSD-3-Clause */
/* A PCI function through VFIO: its registers, its interrupts, the address space that it is in. */
#ifndef KL_PLATFORM_VFIO_H
#define KL_PLATFORM_VFIO_H

#include <stdbool.h>

#include "contract/mapper.h"
#include "contract/registers.h"

struct kl__vfio_choice {
	enum kl__vfio_way way;
	bool isolate; /* in an address space of its own */
};

/*
 * Opens the function at address (full form). Its registers answer, but it may not write to memory
 * yet: a device that a killed process left running has to be reset first, then
 * kl__pci_command_change allows PCI_CFG_COMMAND_MASTER. Closing access takes that back.
 *
 * mapper is the address space that it is in, which the caller ends its use of by put, before access
 * is closed or after; NULL without an IOMMU. It is not isolated, although that was requested, when
 * another function of the group is in it as an ordinary one. 0, or an error of kl_device_open after
 * a message.
 */
int kl__vfio_open(const char *address, const struct kl__vfio_choice *choice,
	struct kl__pci_access **access, struct kl__mapper **mapper);

#endif
