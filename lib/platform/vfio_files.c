/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/iommu.h"
#include "platform/sysfs.h"

/* On x86 it is the IOMMU that keeps a device from sending any interrupt. */
#if defined(__x86_64__)
#define IOMMU_REMAPS_INTERRUPTS true
#else
#define IOMMU_REMAPS_INTERRUPTS false
#endif

static bool may_open(const char *path)
{
	return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0;
}

static bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The kernel names it in a folder of the function's; "" for none. */
static void find_device(const struct kl_machine *machine, const char *address, char *name,
	size_t size)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	DIR *entries;

	name[0] = '\0';
	snprintf(folder, sizeof(folder), "%s/bus/pci/devices/%s/vfio-dev", machine->sysfs, address);
	entries = opendir(folder);
	if (entries == NULL)
		return;
	while (name[0] == '\0' && (entry = readdir(entries)) != NULL)
		if (strncmp(entry->d_name, "vfio", 4) == 0)
			snprintf(name, size, "%.31s", entry->d_name);
	closedir(entries);
}

static void name_cdev(const struct kl_machine *machine, struct kl__vfio_files *files)
{
	snprintf(files->space, sizeof(files->space), "%s/iommu", machine->dev);
	snprintf(files->function, sizeof(files->function), "%s/vfio/devices/%s", machine->dev,
		files->device);
}

static void name_group(const struct kl_machine *machine, struct kl__vfio_files *files)
{
	snprintf(files->space, sizeof(files->space), "%s/vfio/vfio", machine->dev);
	kl__iommu_group_path(machine, files->group, files->function, sizeof(files->function));
}

/* On x86 that is all of virtio-iommu, which is a device itself, and is linked to. */
bool kl__vfio_find_unsafe_iommu(const struct kl_machine *machine, const char *address, char *name,
	size_t size)
{
	kl__read_link(name, size, "%s/bus/pci/devices/%s/iommu/device", machine->sysfs, address);
	return IOMMU_REMAPS_INTERRUPTS && strncmp(name, "virtio", 6) == 0;
}

const char *kl__vfio_interrupts_parameter(bool is_cdev)
{
	return is_cdev ? "module/iommufd/parameters/allow_unsafe_interrupts" :
			 "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";
}

static bool allows_interrupts(const struct kl_machine *machine, bool is_cdev)
{
	char value[8];

	kl__read_text(value, sizeof(value), "%s/%s", machine->sysfs,
		kl__vfio_interrupts_parameter(is_cdev));
	return value[0] == 'Y';
}

static bool needs_group(const struct kl_machine *machine, const char *address)
{
	char iommu[32];

	return kl__vfio_find_unsafe_iommu(machine, address, iommu, sizeof(iommu)) &&
		!allows_interrupts(machine, true) && allows_interrupts(machine, false);
}

static bool prefers_cdev(const struct kl_machine *machine, const char *address,
	struct kl__vfio_files *files)
{
	bool may_open_cdev;

	name_cdev(machine, files);
	if (files->device[0] == '\0' || !file_exists(files->space) || !file_exists(files->function))
		return false;
	may_open_cdev = may_open(files->space) && may_open(files->function);
	name_group(machine, files);
	if (!file_exists(files->function))
		return true;
	return may_open_cdev && !needs_group(machine, address);
}

void kl__vfio_files_find(const struct kl_machine *machine, const char *address,
	enum kl__vfio_way way, struct kl__vfio_files *files)
{
	*files = (struct kl__vfio_files){.group = kl__iommu_group_find(machine, address)};
	files->is_noiommu = kl__iommu_group_is_noiommu(machine, files->group);
	find_device(machine, address, files->device, sizeof(files->device));
	if (way == KL__VFIO_AUTO)
		files->is_cdev = !files->is_noiommu && prefers_cdev(machine, address, files);
	else
		files->is_cdev = way == KL__VFIO_CDEV;
	if (files->is_cdev)
		name_cdev(machine, files);
	else
		name_group(machine, files);
}
