/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A PCI function by its regions: the part of register access that is the same whoever gave the
 * files. What embeds this fills in the regions and the rest of the operations.
 */
#ifndef KL_PLATFORM_REGIONS_H
#define KL_PLATFORM_REGIONS_H

#include "platform/region.h"
#include "contract/registers.h"

struct kl__regions {
	struct kl__pci_access access;
	struct kl__region config;
	struct kl__region bars[PCI_BARS];
};

/* Operations of struct kl__pci_access_ops. */
int kl__regions_config_read(struct kl__pci_access *access, uint32_t offset, void *data,
	size_t size);
int kl__regions_config_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size);
uint32_t kl__regions_read(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width);
void kl__regions_write(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width, uint32_t value);
volatile void *kl__regions_pointer(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width);

/*
 * With all regions open: tells access of the BARs, lets the function answer to them and not write
 * to memory, nor raise its interrupt line. 0 or -EIO.
 */
int kl__regions_answer(struct kl__regions *regions);
/* The function writes to memory no more, and nothing of it is mapped. */
void kl__regions_close(struct kl__regions *regions);

#endif
