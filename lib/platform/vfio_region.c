/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio_region.h"

#include <endian.h>
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_io.h>

#include <kickless/log.h>

/*
 * More than any list of areas that the kernel makes; and room for one that starts at the very end.
 */
#define INFO_SIZE_MAX 4096
#define INFO_SIZE_SPARE \
	(sizeof(struct vfio_region_info_cap_sparse_mmap) + \
		KL__VFIO_AREAS * sizeof(struct vfio_region_sparse_mmap_area))

static void map_area(struct kl__vfio_region *region, uint64_t offset, uint64_t size)
{
	struct kl__vfio_area *area = &region->areas[region->area_count];
	void *memory;

	/* Checked without sums, which the numbers of another could make wrap. */
	if (region->area_count == KL__VFIO_AREAS || size == 0 || offset > region->size ||
		size > region->size - offset)
		return;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd,
		(off_t)(region->offset + offset));
	/* What can't be mapped is still reached by system calls. */
	if (memory == MAP_FAILED)
		return;
	*area = (struct kl__vfio_area){.offset = offset, .size = size, .memory = memory};
	region->area_count++;
}

/* The list of mappable areas, when the kernel gives one; NULL means all of the region. */
static const struct vfio_region_info_cap_sparse_mmap *find_sparse(
	const struct vfio_region_info *info)
{
	const uint8_t *bytes = (const uint8_t *)info;
	uint32_t at = info->cap_offset;

	if ((info->flags & VFIO_REGION_INFO_FLAG_CAPS) == 0)
		return NULL;
	while (at >= sizeof(*info) && at < INFO_SIZE_MAX) {
		const struct vfio_info_cap_header *header = (const void *)(bytes + at);

		if (header->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			return (const void *)header;
		/* The list runs forward, so it ends. */
		if (header->next <= at)
			break;
		at = header->next;
	}
	return NULL;
}

static void map(struct kl__vfio_region *region, const struct vfio_region_info *info)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse = find_sparse(info);

	if ((info->flags & VFIO_REGION_INFO_FLAG_MMAP) == 0)
		return;
	if (sparse == NULL) {
		map_area(region, 0, region->size);
		return;
	}
	for (uint32_t i = 0; i < sparse->nr_areas && i < KL__VFIO_AREAS; i++)
		map_area(region, sparse->areas[i].offset, sparse->areas[i].size);
}

/* The answer may be longer than the question; then it says how long, and is asked for again. */
static struct vfio_region_info *get_info(int fd, unsigned int index)
{
	struct vfio_region_info *info = calloc(1, INFO_SIZE_MAX + INFO_SIZE_SPARE);

	if (info == NULL)
		return NULL;
	info->argsz = INFO_SIZE_MAX;
	info->index = index;
	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, info) == 0 && info->argsz <= INFO_SIZE_MAX)
		return info;
	free(info);
	return NULL;
}

int kl__vfio_region_open(int fd, unsigned int index, struct kl__vfio_region *region)
{
	struct vfio_region_info *info = get_info(fd, index);

	memset(region, 0, sizeof(*region));
	region->fd = fd;
	if (info == NULL)
		return -EIO;
	region->size = info->size;
	region->offset = info->offset;
	if (region->size != 0)
		map(region, info);
	free(info);
	return 0;
}

void kl__vfio_region_close(struct kl__vfio_region *region)
{
	while (region->area_count != 0) {
		region->area_count--;
		munmap(region->areas[region->area_count].memory,
			region->areas[region->area_count].size);
	}
}

void *kl__vfio_region_pointer(const struct kl__vfio_region *region, uint64_t offset,
	unsigned int width)
{
	for (unsigned int i = 0; i < region->area_count; i++) {
		const struct kl__vfio_area *area = &region->areas[i];

		if (offset >= area->offset && area->size >= width &&
			offset - area->offset <= area->size - width)
			return area->memory + (offset - area->offset);
	}
	return NULL;
}

static uint32_t get_by_call(const struct kl__vfio_region *region, uint64_t offset,
	unsigned int width)
{
	uint32_t value = 0;

	if (kl__vfio_region_read(region, offset, &value, width) != 0)
		value = UINT32_MAX >> (32 - 8 * width);
	return le32toh(value);
}

uint32_t kl__vfio_region_get(const struct kl__vfio_region *region, uint64_t offset,
	unsigned int width)
{
	const void *at = kl__vfio_region_pointer(region, offset, width);

	if (at == NULL)
		return get_by_call(region, offset, width);
	switch (width) {
	case 1:
		return rte_read8(at);
	case 2:
		return le16toh(rte_read16(at));
	default:
		return le32toh(rte_read32(at));
	}
}

void kl__vfio_region_put(const struct kl__vfio_region *region, uint64_t offset, unsigned int width,
	uint32_t value)
{
	void *at = kl__vfio_region_pointer(region, offset, width);
	uint32_t bytes = htole32(value);

	if (at == NULL) {
		if (kl__vfio_region_write(region, offset, &bytes, width) != 0)
			kl_debug("a register at 0x%llx could not be written",
				(unsigned long long)offset);
		return;
	}
	switch (width) {
	case 1:
		rte_write8((uint8_t)value, at);
		break;
	case 2:
		rte_write16(htole16((uint16_t)value), at);
		break;
	default:
		rte_write32(bytes, at);
		break;
	}
}

static bool is_inside(const struct kl__vfio_region *region, uint64_t offset, size_t size)
{
	return offset <= region->size && size <= region->size - offset;
}

int kl__vfio_region_read(const struct kl__vfio_region *region, uint64_t offset, void *data,
	size_t size)
{
	ssize_t done;

	if (!is_inside(region, offset, size))
		return -EIO;
	done = pread(region->fd, data, size, (off_t)(region->offset + offset));
	return done == (ssize_t)size ? 0 : -EIO;
}

int kl__vfio_region_write(const struct kl__vfio_region *region, uint64_t offset, const void *data,
	size_t size)
{
	ssize_t done;

	if (!is_inside(region, offset, size))
		return -EIO;
	done = pwrite(region->fd, data, size, (off_t)(region->offset + offset));
	return done == (ssize_t)size ? 0 : -EIO;
}
