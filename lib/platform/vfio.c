/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include <kickless/discover.h>
#include <kickless/log.h>

#include "memory/host.h"
#include "platform/obstacles.h"
#include "platform/pci.h"
#include "platform/pci_bars.h"
#include "platform/vfio_files.h"
#include "platform/vfio_space.h"

/*
 * More than any list of areas that the kernel makes; and room for one that starts at the very end.
 */
#define INFO_SIZE_MAX 4096
#define INFO_SIZE_SPARE \
	(sizeof(struct vfio_region_info_cap_sparse_mmap) + \
		KL__REGION_AREAS * sizeof(struct vfio_region_sparse_mmap_area))

/* The list of mappable areas, when the kernel gives one; NULL means all of the region. */
static const struct vfio_region_info_cap_sparse_mmap *find_sparse(
	const struct vfio_region_info *info)
{
	const uint8_t *bytes = (const uint8_t *)info;
	uint32_t at = info->cap_offset;

	if ((info->flags & VFIO_REGION_INFO_FLAG_CAPS) == 0)
		return NULL;
	while (at >= sizeof(*info) && at < INFO_SIZE_MAX) {
		const struct vfio_info_cap_header *header = (const void *)(bytes + at);

		if (header->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			return (const void *)header;
		/* The list runs forward, so it ends. */
		if (header->next <= at)
			break;
		at = header->next;
	}
	return NULL;
}

static void map_region(struct kl__region *region, const struct vfio_region_info *info)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse = find_sparse(info);

	if ((info->flags & VFIO_REGION_INFO_FLAG_MMAP) == 0)
		return;
	if (sparse == NULL) {
		kl__region_map(region, 0, region->size);
		return;
	}
	for (uint32_t i = 0; i < sparse->nr_areas && i < KL__REGION_AREAS; i++)
		kl__region_map(region, sparse->areas[i].offset, sparse->areas[i].size);
}

/* The answer may be longer than the request; then it holds its length, and is requested again. */
static struct vfio_region_info *get_info(int fd, unsigned int index)
{
	struct vfio_region_info *info = calloc(1, INFO_SIZE_MAX + INFO_SIZE_SPARE);

	if (info == NULL)
		return NULL;
	info->argsz = INFO_SIZE_MAX;
	info->index = index;
	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, info) == 0 && info->argsz <= INFO_SIZE_MAX)
		return info;
	free(info);
	return NULL;
}

static int open_region(int fd, unsigned int index, struct kl__region *region)
{
	struct vfio_region_info *info = get_info(fd, index);

	memset(region, 0, sizeof(*region));
	region->fd = fd;
	if (info == NULL)
		return -EIO;
	region->size = info->size;
	region->offset = info->offset;
	if (region->size != 0)
		map_region(region, info);
	free(info);
	return 0;
}

static unsigned int count_vectors(int fd)
{
	struct vfio_irq_info info = {.argsz = sizeof(info), .index = VFIO_PCI_MSIX_IRQ_INDEX};

	if (ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &info) != 0 ||
		(info.flags & VFIO_IRQ_INFO_EVENTFD) == 0)
		return 0;
	return info.count;
}

static int disable_vectors(int fd)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
	};

	return ioctl(fd, VFIO_DEVICE_SET_IRQS, &set) == 0 ? 0 : -errno;
}

static int connect_vectors(int fd, unsigned int index, unsigned int vectors, const int *fds)
{
	size_t size = sizeof(struct vfio_irq_set) + vectors * sizeof(int32_t);
	struct vfio_irq_set *set = calloc(1, size);
	int rc = 0;

	if (set == NULL)
		return -ENOMEM;
	set->argsz = (uint32_t)size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = vectors;
	for (unsigned int i = 0; i < vectors; i++)
		memcpy(set->data + i * sizeof(int32_t), &(int32_t){fds[i]}, sizeof(int32_t));
	if (ioctl(fd, VFIO_DEVICE_SET_IRQS, set) != 0)
		rc = -errno;
	free(set);
	return rc;
}

static int enable_vectors(int fd, unsigned int vectors, const int *fds)
{
	return connect_vectors(fd, VFIO_PCI_MSIX_IRQ_INDEX, vectors, fds);
}

static int enable_request(int fd, int eventfd)
{
	return connect_vectors(fd, VFIO_PCI_REQ_IRQ_INDEX, 1, &eventfd);
}

struct vfio {
	struct kl__pci_bars regions;
	struct kl__vfio_member member;
	/* readable when the kernel requests its removal; -1: it does not report that */
	int request_fd;
	bool irqs_are_on;
	bool removal_requested;
};

static struct vfio *vfio_of(struct kl__pci_access *access)
{
	return (struct vfio *)access;
}

static int turn_off_interrupts(struct vfio *vfio)
{
	int rc;

	if (!vfio->irqs_are_on)
		return 0;
	rc = disable_vectors(vfio->member.fd);
	if (rc == 0)
		vfio->irqs_are_on = false;
	return rc;
}

/* Vectors can't be added to those that are on, so each set starts from none. */
static int set_vectors(struct kl__pci_access *access, unsigned int vectors, const int *fds)
{
	struct vfio *vfio = vfio_of(access);
	int rc;

	if (vectors > access->msix_vectors)
		return -ENOTSUP;
	rc = turn_off_interrupts(vfio);
	if (rc == 0 && vectors != 0) {
		rc = enable_vectors(vfio->member.fd, vectors, fds);
		vfio->irqs_are_on = rc == 0;
	}
	if (rc != 0)
		kl_warning("%s: %u MSI-X interrupts of %u can't be had: %s; use it by polling",
			access->name, vectors, access->msix_vectors, strerror(-rc));
	return rc;
}

static bool removal_requested(struct kl__pci_access *access)
{
	struct vfio *vfio = vfio_of(access);
	uint64_t count;

	vfio->removal_requested |= vfio->request_fd >= 0 &&
		read(vfio->request_fd, &count, sizeof(count)) == sizeof(count);
	return vfio->removal_requested;
}

/* A kernel without this one waits for us all the same. */
static void listen_for_requests(struct vfio *vfio)
{
	int rc;

	vfio->request_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (vfio->request_fd < 0)
		return;
	rc = enable_request(vfio->member.fd, vfio->request_fd);
	if (rc == 0)
		return;
	kl_debug("%s: the kernel won't report when it wants it: %s", vfio->regions.access.name,
		strerror(-rc));
	close(vfio->request_fd);
	vfio->request_fd = -1;
}

static void close_vfio(struct kl__pci_access *access)
{
	struct vfio *vfio = vfio_of(access);

	turn_off_interrupts(vfio);
	kl__pci_bars_close(&vfio->regions);
	kl__vfio_space_close(&vfio->member);
	if (vfio->request_fd >= 0)
		close(vfio->request_fd);
	free(vfio);
}

static const struct kl__pci_access_ops vfio_ops = {
	.config_read = kl__pci_bars_config_read,
	.config_write = kl__pci_bars_config_write,
	.read = kl__pci_bars_read,
	.write = kl__pci_bars_write,
	.pointer = kl__pci_bars_pointer,
	.interrupts = set_vectors,
	.removal_requested = removal_requested,
	.close = close_vfio,
};

static int open_regions(struct vfio *vfio)
{
	int rc;

	rc = open_region(vfio->member.fd, VFIO_PCI_CONFIG_REGION_INDEX, &vfio->regions.config);
	for (unsigned int i = 0; i < PCI_BARS && rc == 0; i++)
		rc = open_region(vfio->member.fd, VFIO_PCI_BAR0_REGION_INDEX + i,
			&vfio->regions.bars[i]);
	return rc == 0 ? kl__pci_bars_enable(&vfio->regions) : rc;
}

static void name_way(const struct kl__vfio_files *files, char *way, size_t size)
{
	if (files->is_cdev)
		snprintf(way, size, "iommufd");
	else if (files->is_noiommu)
		snprintf(way, size, "vfio no-iommu");
	else
		snprintf(way, size, "vfio group %d", files->group);
}

static int open_function(const char *address, const struct kl__vfio_files *files, bool isolate,
	struct vfio **result)
{
	struct vfio *vfio = calloc(1, sizeof(*vfio));
	struct kl__pci_access *access;
	int rc;

	if (vfio == NULL)
		return kl_no_memory(address, sizeof(*vfio));
	access = &vfio->regions.access;
	access->ops = &vfio_ops;
	access->numa_node = kl__numa_from_function(&kl_machine_current, address);
	snprintf(access->name, sizeof(access->name), "%s", address);
	name_way(files, access->way, sizeof(access->way));
	rc = kl__vfio_space_open(&kl_machine_current, address, files, isolate, &vfio->member);
	if (rc != 0)
		goto free_vfio;
	rc = open_regions(vfio);
	if (rc != 0) {
		kl_error(
			"%s: its registers can't be reached through VFIO: %s; is the device still there?",
			address, strerror(-rc));
		goto close_regions;
	}
	access->msix_vectors = count_vectors(vfio->member.fd);
	listen_for_requests(vfio);
	*result = vfio;
	return 0;
close_regions:
	kl__pci_bars_close(&vfio->regions);
	kl__vfio_space_close(&vfio->member);
free_vfio:
	free(vfio);
	return rc;
}

/* The start of EAL has decided which bus addresses there are. */
static int check_addresses(const char *address, const struct kl__vfio_files *files)
{
	if (!files->is_noiommu || rte_eal_iova_mode() == RTE_IOVA_PA)
		return 0;
	kl_error(
		"%s: it is in no-IOMMU mode and needs physical addresses, but DPDK runs with "
		"--iova-mode=va; those are known of hugepages and to root only: as root, see that "
		"there are some (sysctl vm.nr_hugepages=256), and start this program again, if need be "
		"with --iova-mode=pa",
		address);
	return -EACCES;
}

static void warn_of_limits(const char *address)
{
	static bool has_warned;

	kl__host_warn_once(&has_warned, address,
		"it is in no-IOMMU mode: nothing keeps it, or a fault of this program, from writing to "
		"any memory of this machine; only memory in hugepages can be used with it");
}

/* The group's functions are all opened the one way. */
static void find_files(const char *address, enum kl__vfio_way way, struct kl__vfio_files *files)
{
	kl__vfio_files_find(&kl_machine_current, address, way, files);
	if (way != KL__VFIO_AUTO)
		return;
	way = kl__vfio_space_way(files->group);
	if (way != KL__VFIO_AUTO)
		kl__vfio_files_find(&kl_machine_current, address, way, files);
}

int kl__vfio_open(const char *address, const struct kl__vfio_choice *choice,
	struct kl__pci_access **access, struct kl__mapper **mapper)
{
	struct kl__vfio_files files;
	struct vfio *vfio = NULL;
	uint64_t needed;
	int rc;

	find_files(address, choice->way, &files);
	/* An isolated device reaches little of it, which shows when that is mapped. */
	needed = choice->isolate ? 1 : rte_eal_get_physmem_size();
	rc = kl__obstacles_log(address, files.is_cdev ? KL__VFIO_CDEV : KL__VFIO_GROUP, needed);
	if (rc == 0)
		rc = check_addresses(address, &files);
	if (rc == 0)
		rc = open_function(address, &files, choice->isolate, &vfio);
	if (rc != 0)
		return rc;
	if (files.is_noiommu)
		warn_of_limits(address);
	*mapper = kl__vfio_space_mapper(vfio->member.space);
	*access = &vfio->regions.access;
	return 0;
}
