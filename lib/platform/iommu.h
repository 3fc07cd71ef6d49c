/* SPDX-License-Identifier: BSD-3-Clause */
/* The groups of the IOMMU, the unit in which the kernel hands functions to a process. */
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

#endif
