/* SPDX-License-Identifier: BSD-3-Clause */
/* An address space (IOAS) of /dev/iommu: functions are bound to it by files of their own. */
#include <errno.h>

#include "platform/iommufd_abi.h"
#include "platform/kernel.h"
#include "platform/map_limits.h"
#include "platform/process.h"
#include "platform/vfio_kind.h"

static int create_ioas(struct kl__vfio_space *space, struct kl__vfio_arrival *arrival)
{
	struct kl__iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	int rc;

	arrival->step = KL__VFIO_OPEN_SPACE;
	space->fd = kl__kernel_open(arrival->files->space);
	if (space->fd < 0)
		return space->fd;
	arrival->step = KL__VFIO_CREATE_SPACE;
	rc = kl__kernel_ioctl(space->fd, KL__IOMMU_IOAS_ALLOC, &alloc);
	if (rc != 0) {
		kl__kernel_close(space->fd);
		return rc;
	}
	space->ioas = alloc.out_ioas_id;
	return 0;
}

/* Groups have no files here; that of a function brings its group along. */
static int join_ioas(struct kl__vfio_space *space, struct kl__vfio_group *group,
	struct kl__vfio_arrival *arrival)
{
	(void)space;
	(void)group;
	(void)arrival;
	return 0;
}

static int bind_function(const struct kl__vfio_space *space, int fd,
	struct kl__vfio_arrival *arrival)
{
	struct kl__vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = space->fd};
	struct kl__vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = space->ioas,
	};
	int rc;

	arrival->step = KL__VFIO_BIND_FUNCTION;
	rc = kl__kernel_ioctl(fd, KL__VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (rc != 0)
		return rc;
	arrival->step = KL__VFIO_SET_IOMMU;
	return kl__kernel_ioctl(fd, KL__VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

static int open_by_file(struct kl__vfio_space *space, struct kl__vfio_group *group,
	struct kl__vfio_arrival *arrival)
{
	int fd, rc;

	(void)group;
	arrival->step = KL__VFIO_OPEN_FUNCTION;
	fd = kl__kernel_open(arrival->files->function);
	if (fd < 0)
		return fd;
	rc = bind_function(space, fd, arrival);
	if (rc == 0)
		return fd;
	kl__kernel_close(fd);
	return rc;
}

/* One that was torn off and closed is out of it; the number alone makes no difference here. */
static bool is_current(const struct kl__vfio_group *group)
{
	return group->devices != 0;
}

/* It keeps its mappings whatever becomes of the functions in it. */
static bool is_alive(const struct kl__vfio_space *space)
{
	(void)space;
	return true;
}

static int read_limits(const struct kl__vfio_space *space, struct kl__map_limits *limits)
{
	struct kl__iommu_iova_range found[KL__MAP_RANGES_MAX];
	struct kl__iommu_ioas_iova_ranges ranges = {
		.size = sizeof(ranges),
		.ioas_id = space->ioas,
		.num_iovas = KL__MAP_RANGES_MAX,
		.allowed_iovas = (uintptr_t)found,
	};
	int rc = kl__kernel_ioctl(space->fd, KL__IOMMU_IOAS_IOVA_RANGES, &ranges);

	kl__map_limits_add_memlock(space->machine, kl__process_pinned(space->machine), limits);
	limits->memlock_is_users = true;
	/* More than there is room for is no limit that could be checked. */
	if (rc != 0)
		return rc == -EMSGSIZE ? 0 : rc;
	limits->page_size = ranges.out_iova_alignment;
	for (uint32_t i = 0; i < ranges.num_iovas && i < KL__MAP_RANGES_MAX; i++)
		limits->range[limits->range_count++] = (struct kl__map_range){found[i].start,
			found[i].last};
	return 0;
}

static int map_memory(const struct kl__vfio_space *space, uint64_t address, uint64_t iova,
	uint64_t size)
{
	struct kl__iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = KL__IOMMU_IOAS_MAP_FIXED_IOVA | KL__IOMMU_IOAS_MAP_WRITEABLE |
			KL__IOMMU_IOAS_MAP_READABLE,
		.ioas_id = space->ioas,
		.user_va = address,
		.length = size,
		.iova = iova,
	};

	return kl__kernel_ioctl(space->fd, KL__IOMMU_IOAS_MAP, &map);
}

static int unmap_memory(const struct kl__vfio_space *space, uint64_t iova, uint64_t size)
{
	struct kl__iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = space->ioas,
		.iova = iova,
		.length = size,
	};

	return kl__kernel_ioctl(space->fd, KL__IOMMU_IOAS_UNMAP, &unmap);
}

/* One that is empty is no error. */
static int clear_ioas(const struct kl__vfio_space *space)
{
	int rc = unmap_memory(space, 0, UINT64_MAX);

	return rc == -ENOENT ? 0 : rc;
}

const struct kl__vfio_kind kl__vfio_ioas_kind = {
	.create = create_ioas,
	.join = join_ioas,
	.open_function = open_by_file,
	.is_current = is_current,
	.is_alive = is_alive,
	.map = map_memory,
	.unmap = unmap_memory,
	.clear = clear_ioas,
	.read_limits = read_limits,
};
