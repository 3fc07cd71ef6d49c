/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI functions through uio_pci_generic and sysfs: what is left where the kernel has no VFIO, or
 * VFIO no IOMMU. Bus addresses are physical, nothing protects memory from the function, and its one
 * interrupt is the line.
 */
#ifndef KL_PLATFORM_UIO_H
#define KL_PLATFORM_UIO_H

#include <kickless/discover.h>

#include "platform/pci_bars.h"
#include "contract/host.h"

/*
 * Opens the function at address, which must be bound to uio_pci_generic. It answers to its BARs
 * then, and does not write to memory before bus mastering is switched on. 0, or after a message
 * -errno as for kl_device_open.
 */
int kl__uio_open(const char *address, struct kl__pci_access **access, struct kl__host **host);

/*
 * A BAR as sysfs shows it: resourceN, which is mapped, or read and written for I/O ports. What
 * can't be reached, which a message at debug level names, is left with a size of 0 and, when
 * nothing was opened, a file of -1.
 */
void kl__uio_bar_open(const struct kl_machine *machine, const char *address, unsigned int bar,
	struct kl__region *region);

#endif
