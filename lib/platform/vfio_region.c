/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio_region.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/*
 * More than any list of areas that the kernel makes; and room for one that starts at the very end.
 */
#define INFO_SIZE_MAX 4096
#define INFO_SIZE_SPARE \
	(sizeof(struct vfio_region_info_cap_sparse_mmap) + \
		KL__REGION_AREAS * sizeof(struct vfio_region_sparse_mmap_area))

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

static void map(struct kl__region *region, const struct vfio_region_info *info)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse = find_sparse(info);

	if ((info->flags & VFIO_REGION_INFO_FLAG_MMAP) == 0)
		return;
	if (sparse == NULL) {
		kl__region_map(region, 0, region->size);
		return;
	}
	for (uint32_t i = 0; i < sparse->nr_areas && i < KL__REGION_AREAS; i++)
		kl__region_map(region, sparse->areas[i].offset, sparse->areas[i].size);
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

int kl__vfio_region_open(int fd, unsigned int index, struct kl__region *region)
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
