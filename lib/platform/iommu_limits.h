/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an IOMMU can map, as VFIO tells it of a container: nothing about address widths, reserved
 * places or page sizes is the same for Intel's, AMD's and virtio's.
 */
#ifndef KL_PLATFORM_IOMMU_LIMITS_H
#define KL_PLATFORM_IOMMU_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define KL__IOMMU_RANGES 16

struct kl__iommu_range {
	uint64_t first;
	uint64_t last;
};

struct kl__iommu_limits {
	uint64_t page_size; /* the smallest; 0 when VFIO does not say */
	uint32_t mappings_left; /* UINT32_MAX when VFIO does not say */
	unsigned int range_count; /* 0 when VFIO does not say */
	struct kl__iommu_range range[KL__IOMMU_RANGES]; /* bus addresses that can be mapped */
};

/* Reads a struct vfio_iommu_type1_info with its capabilities, size bytes in all. */
void kl__iommu_limits_parse(const void *info, size_t size, struct kl__iommu_limits *limits);

/* Asks a container that has its IOMMU. 0 or -errno. */
int kl__iommu_limits_read(int container, struct kl__iommu_limits *limits);

/*
 * Asks the container that DPDK has opened in this process. 0, or -ENODEV when none has its IOMMU
 * yet.
 */
int kl__iommu_limits_read_process(struct kl__iommu_limits *limits);

/*
 * Writes why size bytes can't be mapped at iova, as far as the limits tell, else "". No newline.
 * Returns text.
 */
char *kl__iommu_limits_explain(const struct kl__iommu_limits *limits, uint64_t iova, uint64_t size,
	char *text, size_t text_size);

#endif
