/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the kernel's interface to /dev/iommu that is used here, and of VFIO's for it, as
 * declared in linux/iommufd.h and linux/vfio.h of Linux 6.6 and later. Older headers know none of
 * it, so it is declared here and found at run time.
 */
#ifndef KL_PLATFORM_IOMMUFD_ABI_H
#define KL_PLATFORM_IOMMUFD_ABI_H

#include <assert.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* Every structure begins with its own size. */
#define KL__IOMMU_IOAS_ALLOC _IO(';', 0x81)
#define KL__IOMMU_IOAS_IOVA_RANGES _IO(';', 0x84)
#define KL__IOMMU_IOAS_MAP _IO(';', 0x85)
#define KL__IOMMU_IOAS_UNMAP _IO(';', 0x86)

struct kl__iommu_ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_ioas_id;
};
static_assert(sizeof(struct kl__iommu_ioas_alloc) == 12, "as in linux/iommufd.h");

struct kl__iommu_iova_range {
	uint64_t start;
	uint64_t last;
};
static_assert(sizeof(struct kl__iommu_iova_range) == 16, "as in linux/iommufd.h");

/* num_iovas is the room for ranges, and then how many there are; EMSGSIZE when that is more. */
struct kl__iommu_ioas_iova_ranges {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas;
	uint64_t out_iova_alignment;
};
static_assert(sizeof(struct kl__iommu_ioas_iova_ranges) == 32, "as in linux/iommufd.h");
static_assert(offsetof(struct kl__iommu_ioas_iova_ranges, allowed_iovas) == 16, "");

#define KL__IOMMU_IOAS_MAP_FIXED_IOVA 1
#define KL__IOMMU_IOAS_MAP_WRITEABLE 2
#define KL__IOMMU_IOAS_MAP_READABLE 4

struct kl__iommu_ioas_map {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	uint32_t reserved;
	uint64_t user_va;
	uint64_t length;
	uint64_t iova;
};
static_assert(sizeof(struct kl__iommu_ioas_map) == 40, "as in linux/iommufd.h");
static_assert(offsetof(struct kl__iommu_ioas_map, user_va) == 16, "");

struct kl__iommu_ioas_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uint64_t iova;
	uint64_t length;
};
static_assert(sizeof(struct kl__iommu_ioas_unmap) == 24, "as in linux/iommufd.h");

/* Of the file of a function, /dev/vfio/devices/vfioN. */
#define KL__VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#define KL__VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)

struct kl__vfio_device_bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
};
static_assert(sizeof(struct kl__vfio_device_bind_iommufd) == 16, "as in linux/vfio.h");

struct kl__vfio_device_attach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id;
};
static_assert(sizeof(struct kl__vfio_device_attach_iommufd_pt) == 12, "as in linux/vfio.h");

#endif
