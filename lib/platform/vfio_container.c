/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A container of VFIO: groups join it, and with the first one it gets its IOMMU, type 1 v2, or the
 * one of no-IOMMU mode, which maps nothing.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>

#include "platform/kernel.h"
#include "platform/map_limits.h"
#include "platform/process.h"
#include "platform/vfio_kind.h"

static int create_container(struct kl__vfio_space *space, struct kl__vfio_arrival *arrival)
{
	int rc;

	arrival->step = KL__VFIO_OPEN_SPACE;
	space->fd = kl__kernel_open(arrival->files->space);
	if (space->fd < 0)
		return space->fd;
	arrival->step = KL__VFIO_CREATE_SPACE;
	rc = kl__kernel_ioctl_number(space->fd, VFIO_GET_API_VERSION, 0);
	if (rc == VFIO_API_VERSION)
		return 0;
	kl__kernel_close(space->fd);
	return rc < 0 ? rc : -EPROTO;
}

/* A container keeps its IOMMU until its last group has left. */
static int set_iommu(struct kl__vfio_space *space)
{
	int rc;

	if (space->has_iommu)
		return 0;
	rc = kl__kernel_ioctl_number(space->fd, VFIO_SET_IOMMU,
		space->is_noiommu ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU);
	space->has_iommu = rc == 0;
	return rc;
}

static int join_container(struct kl__vfio_space *space, struct kl__vfio_group *group,
	struct kl__vfio_arrival *arrival)
{
	int rc;

	arrival->step = KL__VFIO_OPEN_FUNCTION;
	group->fd = kl__kernel_open(arrival->files->function);
	if (group->fd < 0)
		return group->fd;
	/* With an IOMMU in the container this one is attached to it, which can be refused too. */
	arrival->step = space->has_iommu ? KL__VFIO_SET_IOMMU : KL__VFIO_JOIN_SPACE;
	rc = kl__kernel_ioctl(group->fd, VFIO_GROUP_SET_CONTAINER, &space->fd);
	if (rc != 0)
		return rc;
	arrival->step = KL__VFIO_SET_IOMMU;
	return set_iommu(space);
}

static int open_by_group(struct kl__vfio_space *space, struct kl__vfio_group *group,
	struct kl__vfio_arrival *arrival)
{
	(void)space;
	arrival->step = KL__VFIO_GET_FUNCTION;
	/* The request reads the address only. */
	return kl__kernel_ioctl(group->fd, VFIO_GROUP_GET_DEVICE_FD,
		(void *)(uintptr_t)arrival->address);
}

/* The kernel reports nothing of a group whose last function has been torn off. */
static bool is_current(const struct kl__vfio_group *group)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};

	return kl__kernel_ioctl(group->fd, VFIO_GROUP_GET_STATUS, &status) == 0;
}

/* More than the capabilities of any kernel take. */
#define INFO_BYTES 8192

static int read_limits(const struct kl__vfio_space *space, struct kl__map_limits *limits)
{
	struct vfio_iommu_type1_info *info = calloc(1, INFO_BYTES);
	int rc;

	if (info == NULL)
		return -ENOMEM;
	info->argsz = INFO_BYTES;
	rc = kl__kernel_ioctl(space->fd, VFIO_IOMMU_GET_INFO, info);
	kl__map_limits_add_memlock(space->machine, kl__process_locked(space->machine), limits);
	if (rc == 0)
		kl__map_limits_parse(info, info->argsz < INFO_BYTES ? info->argsz : INFO_BYTES,
			limits);
	free(info);
	return rc;
}

/* A container whose last group was torn off has lost its IOMMU, and all mappings with it. */
static bool is_alive(const struct kl__vfio_space *space)
{
	struct kl__map_limits limits = {0};

	return read_limits(space, &limits) == 0;
}

static int map_memory(const struct kl__vfio_space *space, uint64_t address, uint64_t iova,
	uint64_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = address,
		.iova = iova,
		.size = size,
	};

	return kl__kernel_ioctl(space->fd, VFIO_IOMMU_MAP_DMA, &map);
}

/* The kernel unmaps what lies within, be it nothing, and answers how much that was. */
static int unmap_memory(const struct kl__vfio_space *space, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};
	int rc = kl__kernel_ioctl(space->fd, VFIO_IOMMU_UNMAP_DMA, &unmap);

	if (rc != 0)
		return rc;
	return unmap.size == size ? 0 : -ENOENT;
}

static int clear_container(const struct kl__vfio_space *space)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};

	return kl__kernel_ioctl(space->fd, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

const struct kl__vfio_kind kl__vfio_container_kind = {
	.create = create_container,
	.join = join_container,
	.open_function = open_by_group,
	.is_current = is_current,
	.is_alive = is_alive,
	.map = map_memory,
	.unmap = unmap_memory,
	.clear = clear_container,
	.read_limits = read_limits,
};
