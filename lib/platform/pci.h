/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI functions as libpci and sysfs show them, and NUMA nodes. libpci ends the process on errors
 * unless it is stopped from doing so, so it is kept behind one call.
 */
#ifndef KL_PLATFORM_PCI_H
#define KL_PLATFORM_PCI_H

#include <kickless/discover.h>

#include "contract/registers.h"

struct kl__pci_facts {
	char address[KL_ADDRESS_SIZE];
	uint16_t vendor_id;
	uint16_t device_id;
	uint16_t subsystem_vendor;
	uint16_t subsystem_id;
	int numa_node;
	int iommu_group;
	char driver[32];
	char name[96];
	struct kl__pci_bar bar[PCI_BARS];
	uint8_t config[PCI_CFG_SIZE];
	size_t config_size; /* 64 when we lack the rights to read more */
};

/* The ids of the function at address, as sysfs has them. 0, or -ENODEV when there is none. */
int kl__pci_read_ids(const struct kl_machine *machine, const char *address, uint16_t *vendor,
	uint16_t *device, uint16_t *subsystem_device);

/* The virtio device type of the function at address. 0, or -ENODEV: absent, or not virtio. */
int kl__pci_read_type(const struct kl_machine *machine, const char *address, uint32_t *type);

/*
 * Calls found for each function of vendor until it returns other than 0. Returns that, or -EIO
 * after a message when libpci can't go on.
 */
int kl__pci_scan(const struct kl_machine *machine, uint16_t vendor,
	int (*found)(const struct kl__pci_facts *facts, void *context), void *context);

/* The node of the PCI function at address; -1 when it is not known or there is only one. */
int kl__numa_from_function(const struct kl_machine *machine, const char *address);

/* node when libnuma knows it, else -1: firmware is known to name nodes that do not exist. */
int kl__numa_check(int node);

#endif
