/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/iommu.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

/* More than the capabilities of any kernel take. */
#define INFO_BYTES 8192

/* Bytes of one capability, all of which lie within the info. */
struct capability {
	const uint8_t *bytes;
	size_t size;
};

static void take_ranges(const struct capability *capability, struct kl__iommu_limits *limits)
{
	struct vfio_iommu_type1_info_cap_iova_range head;
	struct vfio_iova_range range;

	if (capability->size < sizeof(head))
		return;
	memcpy(&head, capability->bytes, sizeof(head));
	for (uint32_t i = 0; i < head.nr_iovas && limits->range_count < KL__IOMMU_RANGES; i++) {
		size_t at = sizeof(head) + i * sizeof(range);

		if (capability->size - at < sizeof(range))
			return;
		memcpy(&range, capability->bytes + at, sizeof(range));
		limits->range[limits->range_count++] = (struct kl__iommu_range){range.start,
			range.end};
	}
}

static void take_left(const struct capability *capability, struct kl__iommu_limits *limits)
{
	struct vfio_iommu_type1_info_dma_avail avail;

	if (capability->size < sizeof(avail))
		return;
	memcpy(&avail, capability->bytes, sizeof(avail));
	limits->mappings_left = avail.avail;
}

static void take_capabilities(const uint8_t *bytes, size_t size, uint32_t at,
	struct kl__iommu_limits *limits)
{
	struct vfio_info_cap_header header;

	while (at >= sizeof(struct vfio_iommu_type1_info) && at <= size - sizeof(header)) {
		const struct capability capability = {bytes + at, size - at};

		memcpy(&header, bytes + at, sizeof(header));
		if (header.id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			take_ranges(&capability, limits);
		else if (header.id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL)
			take_left(&capability, limits);
		/* The list runs forward, so it ends. */
		if (header.next <= at)
			return;
		at = header.next;
	}
}

void kl__iommu_limits_parse(const void *info, size_t size, struct kl__iommu_limits *limits)
{
	struct vfio_iommu_type1_info head;

	*limits = (struct kl__iommu_limits){.mappings_left = UINT32_MAX};
	if (size < sizeof(head))
		return;
	memcpy(&head, info, sizeof(head));
	if ((head.flags & VFIO_IOMMU_INFO_PGSIZES) != 0)
		limits->page_size = head.iova_pgsizes & -head.iova_pgsizes;
	if ((head.flags & VFIO_IOMMU_INFO_CAPS) != 0)
		take_capabilities(info, size, head.cap_offset, limits);
}

int kl__iommu_limits_read(int container, struct kl__iommu_limits *limits)
{
	struct vfio_iommu_type1_info *info = calloc(1, INFO_BYTES);
	int rc = 0;

	if (info == NULL)
		return -ENOMEM;
	info->argsz = INFO_BYTES;
	if (ioctl(container, VFIO_IOMMU_GET_INFO, info) != 0)
		rc = -errno;
	else
		kl__iommu_limits_parse(info, info->argsz < INFO_BYTES ? info->argsz : INFO_BYTES,
			limits);
	free(info);
	return rc;
}

static bool is_container(DIR *fds, const char *fd)
{
	static const char path[] = "/dev/vfio/vfio";
	char target[sizeof(path)];

	return readlinkat(dirfd(fds), fd, target, sizeof(target)) == sizeof(path) - 1 &&
		memcmp(target, path, sizeof(path) - 1) == 0;
}

int kl__iommu_limits_read_process(struct kl__iommu_limits *limits)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	int rc = -ENODEV;

	if (fds == NULL)
		return -ENODEV;
	while (rc != 0 && (entry = readdir(fds)) != NULL)
		if (is_container(fds, entry->d_name) &&
			kl__iommu_limits_read(atoi(entry->d_name), limits) == 0)
			rc = 0;
	closedir(fds);
	return rc;
}

static bool is_in_range(const struct kl__iommu_limits *limits, uint64_t iova, uint64_t size)
{
	for (unsigned int i = 0; i < limits->range_count; i++) {
		const struct kl__iommu_range *range = &limits->range[i];

		if (iova >= range->first && iova <= range->last && size - 1 <= range->last - iova)
			return true;
	}
	return limits->range_count == 0;
}

static void list_ranges(const struct kl__iommu_limits *limits, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "its IOMMU takes bus addresses from ");

	for (unsigned int i = 0; i < limits->range_count && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s0x%" PRIx64 " to 0x%" PRIx64,
			i == 0 ? "" : ", ", limits->range[i].first, limits->range[i].last);
}

char *kl__iommu_limits_explain(const struct kl__iommu_limits *limits, uint64_t iova, uint64_t size,
	char *text, size_t text_size)
{
	text[0] = '\0';
	if (limits->page_size != 0 && ((iova | size) & (limits->page_size - 1)) != 0)
		snprintf(text, text_size, "its IOMMU maps whole pages of %" PRIu64 " KiB",
			limits->page_size / 1024);
	else if (!is_in_range(limits, iova, size))
		list_ranges(limits, text, text_size);
	else if (limits->mappings_left == 0)
		snprintf(text, text_size, "its IOMMU takes no more mappings");
	return text;
}
