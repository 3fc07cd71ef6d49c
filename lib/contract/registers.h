/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access to registers: of the PCI function that lies under a PCI transport, and of the block of
 * registers under the MMIO one. VFIO, UIO, a QEMU without a guest and a fake device in a test each
 * fill one of these. Only a notifier may keep a raw pointer.
 */
#ifndef KL_CONTRACT_REGISTERS_H
#define KL_CONTRACT_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec/pci.h"

/* The ways to a PCI function through VFIO. */
enum kl__vfio_way {
	KL__VFIO_AUTO, /* its own file where that may be opened, else its group's */
	KL__VFIO_GROUP, /* the file of its IOMMU group, and a container */
	KL__VFIO_CDEV, /* its own file, and /dev/iommu */
};

struct kl__pci_access;

struct kl__pci_bar {
	uint64_t size; /* 0: no such BAR, or not reachable */
	bool is_io;
};

struct kl__pci_access_ops {
	/* Configuration space. 0, or -EIO when fewer than size bytes could be moved. */
	int (*config_read)(struct kl__pci_access *access, uint32_t offset, void *data, size_t size);
	int (*config_write)(struct kl__pci_access *access, uint32_t offset, const void *data,
		size_t size);

	/* One access of exactly width 1, 2 or 4 bytes; the caller stays inside the BAR. */
	uint32_t (*read)(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
		unsigned int width);
	void (*write)(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
		unsigned int width, uint32_t value);

	/*
	 * Where width bytes at offset of bar are mapped; NULL when they can only be reached by
	 * write.
	 */
	volatile void *(*pointer)(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
		unsigned int width);

	/*
	 * Enables vectors MSI-X vectors and connects the n-th to the eventfd fds[n] (-1: none); 0
	 * vectors turns MSI-X off. 0, or -ENOTSUP when the function has fewer.
	 */
	int (*interrupts)(struct kl__pci_access *access, unsigned int vectors, const int *fds);

	/*
	 * The interrupt line INTx, for a function whose MSI-X can't be had. intx_open lets it be
	 * raised and returns a file descriptor, access's own, that becomes readable each time;
	 * -ENOTSUP when there is none. intx_rearm lets it be raised again, once its reason was
	 * acknowledged. Both NULL: never.
	 */
	int (*intx_open)(struct kl__pci_access *access);
	void (*intx_rearm)(struct kl__pci_access *access);

	/*
	 * Tests whether the system has requested the function's removal, to unplug it or for
	 * another driver. NULL: it never does.
	 */
	bool (*removal_requested)(struct kl__pci_access *access);

	void (*close)(struct kl__pci_access *access);
};

struct kl__pci_access {
	const struct kl__pci_access_ops *ops;
	char name[64];
	char way[32]; /* for a person: "vfio group 5", "iommufd", ... */
	int numa_node;
	struct kl__pci_bar bar[PCI_BARS];
	unsigned int msix_vectors; /* 0: none */
};

struct kl__mmio_access;

struct kl__mmio_access_ops {
	/* One aligned access of exactly width 1, 2 or 4 bytes; the caller stays inside of size. */
	uint32_t (*read)(struct kl__mmio_access *access, uint32_t offset, unsigned int width);
	void (*write)(struct kl__mmio_access *access, uint32_t offset, unsigned int width,
		uint32_t value);
	/* Where the 32 bits at offset are mapped; NULL when only write reaches them. */
	volatile void *(*pointer)(struct kl__mmio_access *access, uint32_t offset);
	void (*close)(struct kl__mmio_access *access);
};

struct kl__mmio_access {
	const struct kl__mmio_access_ops *ops;
	char name[64];
	int numa_node;
	size_t size; /* bytes that may be accessed; more than the 0x100 of the common registers */
};

#endif
