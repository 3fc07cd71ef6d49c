/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The BARs and the configuration space of a PCI function, each a region of a file. What of a region
 * can be mapped is reached by loads and stores, the rest (I/O ports, the pages around an MSI-X
 * table) by system calls.
 */
#ifndef KL_PLATFORM_PCI_BARS_H
#define KL_PLATFORM_PCI_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/registers.h"

#define KL__REGION_AREAS 4

struct kl__region_area {
	uint64_t offset; /* in the region */
	uint64_t size;
	uint8_t *memory;
};

struct kl__region {
	int fd;
	uint64_t size; /* 0: the device has no such region, or it is out of reach */
	uint64_t offset; /* in the file */
	unsigned int area_count;
	struct kl__region_area areas[KL__REGION_AREAS];
};

/*
 * Maps size bytes at offset, both multiples of the page size, if they lie in the region and the
 * file can be mapped; else they are reached by system calls.
 */
void kl__region_map(struct kl__region *region, uint64_t offset, uint64_t size);
/* Unmaps; the file stays open. */
void kl__region_close(struct kl__region *region);

/* The place where width bytes at offset are mapped, or NULL. */
void *kl__region_pointer(const struct kl__region *region, uint64_t offset, unsigned int width);

/* One access of exactly width 1, 2 or 4 bytes. What can't be reached reads as all ones. */
uint32_t kl__region_read_register(const struct kl__region *region, uint64_t offset,
	unsigned int width);
void kl__region_write_register(const struct kl__region *region, uint64_t offset, unsigned int width,
	uint32_t value);

/* Bytes by system calls, for configuration space. 0 or -EIO. */
int kl__region_read_bytes(const struct kl__region *region, uint64_t offset, void *data,
	size_t size);
int kl__region_write_bytes(const struct kl__region *region, uint64_t offset, const void *data,
	size_t size);

struct kl__pci_bars {
	struct kl__pci_access access;
	struct kl__region config;
	struct kl__region bars[PCI_BARS];
};

/* Operations of struct kl__pci_access_ops. */
int kl__pci_bars_config_read(struct kl__pci_access *access, uint32_t offset, void *data,
	size_t size);
int kl__pci_bars_config_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size);
uint32_t kl__pci_bars_read(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width);
void kl__pci_bars_write(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width, uint32_t value);
volatile void *kl__pci_bars_pointer(struct kl__pci_access *access, unsigned int bar,
	uint64_t offset, unsigned int width);

/*
 * With all regions open: fills in the BARs of access, lets the function answer to them and not
 * write to memory, nor raise its interrupt line. 0 or -EIO.
 */
int kl__pci_bars_enable(struct kl__pci_bars *regions);
/* The function writes to memory no more, and nothing of it is mapped. */
void kl__pci_bars_close(struct kl__pci_bars *regions);

#endif
