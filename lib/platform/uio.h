/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI functions through uio_pci_generic and sysfs: what is left where the kernel has no VFIO, or
 * VFIO no IOMMU. Bus addresses are physical, nothing protects memory from the function, and its one
 * interrupt is the line.
 */
#ifndef KL_PLATFORM_UIO_H
#define KL_PLATFORM_UIO_H

#include <stdbool.h>

#include <kickless/discover.h>

#include "contract/registers.h"
#include "contract/host.h"

#define KL__UIO_DRIVER "uio_pci_generic"

bool kl__uio_is_bound(const struct kl_machine *machine, const char *address);

/* N of the function's file /dev/uioN, -1 when it has none. */
int kl__uio_number(const struct kl_machine *machine, const char *address);

/* Whether any function is bound to uio_pci_generic. */
bool kl__uio_is_used(const struct kl_machine *machine);

/*
 * Opens the function at address, which must be bound to uio_pci_generic. It answers to its BARs
 * then, and does not write to memory before bus mastering is switched on. 0, or after a message
 * -errno as for kl_device_open.
 */
int kl__uio_open(const char *address, struct kl__pci_access **access, struct kl__host **host);

#endif
