/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IOMMU: its groups, the unit in which the kernel hands functions to a process, and the limits
 * of what it maps, as VFIO reports them of a container. Nothing about address widths, reserved
 * places or page sizes is the same for Intel's, AMD's and virtio's.
 */
#ifndef KL_PLATFORM_IOMMU_H
#define KL_PLATFORM_IOMMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/discover.h>

/* The group of the PCI function at address, -1 for none. */
int kl__iommu_group_find(const struct kl_machine *machine, const char *address);

/* Tests whether the group was made by VFIO's no-IOMMU mode and isolates nothing. */
bool kl__iommu_group_is_noiommu(const struct kl_machine *machine, int group);

enum kl__iommu_groups {
	KL__IOMMU_GROUPS_NONE,
	KL__IOMMU_GROUPS_NOIOMMU, /* all of them are such */
	KL__IOMMU_GROUPS_IOMMU,
};

enum kl__iommu_groups kl__iommu_groups(const struct kl_machine *machine);

/* The file by which a process opens the group. Returns path. */
char *kl__iommu_group_path(const struct kl_machine *machine, int group, char *path, size_t size);

/*
 * Finds a function in the group that is bound to a kernel driver which does not leave the IOMMU to
 * userspace; as long as there is one, nobody gets the group.
 */
bool kl__iommu_group_find_blocker(const struct kl_machine *machine, int group, const char *except,
	char address[KL_ADDRESS_SIZE], char driver[32]);

#define KL__IOMMU_RANGES 16

struct kl__iommu_range {
	uint64_t first;
	uint64_t last;
};

struct kl__iommu_limits {
	uint64_t page_size; /* the smallest; 0 when VFIO does not report it */
	uint32_t mappings_left; /* UINT32_MAX when VFIO does not report it */
	unsigned int range_count; /* 0 when VFIO does not report it */
	struct kl__iommu_range range[KL__IOMMU_RANGES]; /* bus addresses that can be mapped */
};

/* Reads a struct vfio_iommu_type1_info with its capabilities, size bytes in all. */
void kl__iommu_limits_parse(const void *info, size_t size, struct kl__iommu_limits *limits);

/* Reads those of a container that has its IOMMU. 0 or -errno. */
int kl__iommu_limits_read(int container, struct kl__iommu_limits *limits);

/*
 * Reads those of the container that DPDK has opened in this process. 0, or -ENODEV when none has
 * its IOMMU yet.
 */
int kl__iommu_limits_read_process(struct kl__iommu_limits *limits);

/*
 * Writes why size bytes can't be mapped at iova, as far as the limits show, else "". No newline.
 * Returns text.
 */
char *kl__iommu_limits_explain(const struct kl__iommu_limits *limits, uint64_t iova, uint64_t size,
	char *text, size_t text_size);

#endif
