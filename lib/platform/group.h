/* SPDX-License-Identifier: BSD-3-Clause */
/* IOMMU groups: the unit in which the kernel hands functions to a process. */
#ifndef KL_PLATFORM_GROUP_H
#define KL_PLATFORM_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include <kickless/discover.h>

/* The group of the PCI function at address, -1 for none. */
int kl__group_find(const struct kl_machine *machine, const char *address);

/* Whether the group was made by VFIO's no-IOMMU mode and isolates nothing. */
bool kl__group_is_noiommu(const struct kl_machine *machine, int group);

enum kl__groups {
	KL__GROUPS_NONE,
	KL__GROUPS_NOIOMMU, /* all of them are such */
	KL__GROUPS_IOMMU,
};

enum kl__groups kl__groups(const struct kl_machine *machine);

/* The file by which a process opens the group. Returns path. */
char *kl__group_path(const struct kl_machine *machine, int group, char *path, size_t size);

/*
 * Finds a function in the group that is bound to a kernel driver which does not leave the IOMMU to
 * userspace; as long as there is one, nobody gets the group.
 */
bool kl__group_blocker(const struct kl_machine *machine, int group, const char *except,
	char address[KL_ADDRESS_SIZE], char driver[32]);

#endif
