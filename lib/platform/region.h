/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One region of a device, a BAR or the configuration space: what of it can be mapped is
 * reached by loads and stores, the rest (I/O ports, the pages around an MSI-X table) by system
 * calls.
 */
#ifndef KL_PLATFORM_REGION_H
#define KL_PLATFORM_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * Maps size bytes at offset, both multiples of the page size, if they lie in the region and the file
 * can be mapped; else they are reached by system calls.
 */
void kl__region_map(struct kl__region *region, uint64_t offset, uint64_t size);
/* Unmaps; the file stays open. */
void kl__region_close(struct kl__region *region);

/* Where width bytes at offset are mapped, or NULL. */
void *kl__region_pointer(const struct kl__region *region, uint64_t offset, unsigned int width);

/* One access of exactly width 1, 2 or 4 bytes. What can't be reached reads as all ones. */
uint32_t kl__region_get(const struct kl__region *region, uint64_t offset, unsigned int width);
void kl__region_put(const struct kl__region *region, uint64_t offset, unsigned int width,
	uint32_t value);

/* Bytes by system calls, for configuration space. 0 or -EIO. */
int kl__region_read(const struct kl__region *region, uint64_t offset, void *data, size_t size);
int kl__region_write(const struct kl__region *region, uint64_t offset, const void *data,
	size_t size);

#endif
