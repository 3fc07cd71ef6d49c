/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One region of a VFIO device, a BAR or the configuration space: what of it can be mapped is
 * reached by loads and stores, the rest (I/O ports, the pages around an MSI-X table) by system
 * calls.
 */
#ifndef KL_PLATFORM_VFIO_REGION_H
#define KL_PLATFORM_VFIO_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KL__VFIO_AREAS 4

struct kl__vfio_area {
	uint64_t offset; /* in the region */
	uint64_t size;
	uint8_t *memory;
};

struct kl__vfio_region {
	int fd;
	uint64_t size; /* 0: the device has no such region */
	uint64_t offset; /* in the file */
	unsigned int area_count;
	struct kl__vfio_area areas[KL__VFIO_AREAS];
};

/* Asks for region index of the device fd and maps what may be mapped. 0 or -errno. */
int kl__vfio_region_open(int fd, unsigned int index, struct kl__vfio_region *region);
void kl__vfio_region_close(struct kl__vfio_region *region);

/* Where width bytes at offset are mapped, or NULL. */
void *kl__vfio_region_pointer(const struct kl__vfio_region *region, uint64_t offset,
	unsigned int width);

/* One access of exactly width 1, 2 or 4 bytes. What can't be reached reads as all ones. */
uint32_t kl__vfio_region_get(const struct kl__vfio_region *region, uint64_t offset,
	unsigned int width);
void kl__vfio_region_put(const struct kl__vfio_region *region, uint64_t offset, unsigned int width,
	uint32_t value);

/* Bytes by system calls, for configuration space. 0 or -EIO. */
int kl__vfio_region_read(const struct kl__vfio_region *region, uint64_t offset, void *data,
	size_t size);
int kl__vfio_region_write(const struct kl__vfio_region *region, uint64_t offset, const void *data,
	size_t size);

#endif
