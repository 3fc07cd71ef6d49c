/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/iommu.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/sysfs.h"

int kl__iommu_group_find(const struct kl_machine *machine, const char *address)
{
	char name[32], *end;
	long group;

	if (kl__read_link(name, sizeof(name), "%s/bus/pci/devices/%s/iommu_group", machine->sysfs,
		    address) != 0)
		return -1;
	group = strtol(name, &end, 10);
	return end == name || *end != '\0' || group < 0 || group > INT_MAX ? -1 : (int)group;
}

static bool is_noiommu(const struct kl_machine *machine, const char *group)
{
	char name[32];

	kl__read_text(name, sizeof(name), "%s/kernel/iommu_groups/%s/name", machine->sysfs, group);
	return strcmp(name, "vfio-noiommu") == 0;
}

bool kl__iommu_group_is_noiommu(const struct kl_machine *machine, int group)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", group);
	return is_noiommu(machine, number);
}

enum kl__iommu_groups kl__iommu_groups(const struct kl_machine *machine)
{
	enum kl__iommu_groups kind = KL__IOMMU_GROUPS_NONE;
	char folder[PATH_MAX];
	struct dirent *entry;
	DIR *groups;

	snprintf(folder, sizeof(folder), "%s/kernel/iommu_groups", machine->sysfs);
	groups = opendir(folder);
	if (groups == NULL)
		return kind;
	while ((entry = readdir(groups)) != NULL && kind != KL__IOMMU_GROUPS_IOMMU)
		if (entry->d_name[0] != '.')
			kind = is_noiommu(machine, entry->d_name) ? KL__IOMMU_GROUPS_NOIOMMU :
								    KL__IOMMU_GROUPS_IOMMU;
	closedir(groups);
	return kind;
}

char *kl__iommu_group_path(const struct kl_machine *machine, int group, char *path, size_t size)
{
	snprintf(path, size, "%s/vfio/%s%d", machine->dev,
		kl__iommu_group_is_noiommu(machine, group) ? "noiommu-" : "", group);
	return path;
}

/*
 * Bridges are shared by all below them; their driver does no DMA of its own, so the kernel lets it
 * be.
 */
static bool leaves_dma_alone(const char *driver)
{
	return driver[0] == '\0' || strstr(driver, "vfio") != NULL ||
		strcmp(driver, "pci-stub") == 0 || strcmp(driver, "xen-pciback") == 0 ||
		strcmp(driver, "pcieport") == 0;
}

bool kl__iommu_group_find_blocker(const struct kl_machine *machine, int group, const char *except,
	char address[KL_ADDRESS_SIZE], char driver[32])
{
	char folder[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *members;

	snprintf(folder, sizeof(folder), "%s/kernel/iommu_groups/%d/devices", machine->sysfs,
		group);
	members = opendir(folder);
	if (members == NULL)
		return false;
	while (!found && (entry = readdir(members)) != NULL) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, except) == 0)
			continue;
		kl__read_link(driver, 32, "%s/%s/driver", folder, entry->d_name);
		if (leaves_dma_alone(driver))
			continue;
		snprintf(address, KL_ADDRESS_SIZE, "%.19s", entry->d_name);
		found = true;
	}
	closedir(members);
	return found;
}
