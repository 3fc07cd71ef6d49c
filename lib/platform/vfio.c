/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_memory.h>
#include <rte_vfio.h>

#include <kickless/discover.h>
#include <kickless/log.h>

#include "platform/group.h"
#include "platform/host.h"
#include "platform/memory.h"
#include "platform/numa.h"
#include "platform/obstacles.h"
#include "platform/regions.h"
#include "platform/vfio_irq.h"
#include "platform/vfio_region.h"

/* DPDK's functions want it so, and there is only one machine for them. */
#define DEVICES "/sys/bus/pci/devices/"

struct vfio {
	struct kl__regions regions;
	int fd;
	int request_fd; /* readable when the kernel wants the device back; -1: it does not tell */
	bool irqs_are_on;
	bool removal_requested;
};

static struct vfio *own(struct kl__pci_access *access)
{
	return (struct vfio *)access;
}

static int turn_off_interrupts(struct vfio *vfio)
{
	int rc;

	if (!vfio->irqs_are_on)
		return 0;
	rc = kl__vfio_irq_off(vfio->fd);
	if (rc == 0)
		vfio->irqs_are_on = false;
	return rc;
}

/* Vectors can't be added to those that are on, so each set starts from none. */
static int interrupts(struct kl__pci_access *access, unsigned int vectors, const int *fds)
{
	struct vfio *vfio = own(access);
	int rc;

	if (vectors > access->msix_vectors)
		return -ENOTSUP;
	rc = turn_off_interrupts(vfio);
	if (rc == 0 && vectors != 0) {
		rc = kl__vfio_irq_on(vfio->fd, vectors, fds);
		vfio->irqs_are_on = rc == 0;
	}
	if (rc != 0)
		kl_warning("%s: %u MSI-X interrupts of %u can't be had: %s; use it by polling",
			access->name, vectors, access->msix_vectors, strerror(-rc));
	return rc;
}

static void release(struct vfio *vfio)
{
	/* Of a function that was unplugged DPDK finds the group no more, and closes nothing. */
	if (kl__group_find(&kl_machine_current, vfio->regions.access.name) < 0)
		close(vfio->fd);
	else if (rte_vfio_release_device(DEVICES, vfio->regions.access.name, vfio->fd) != 0)
		kl_warning(
			"%s: DPDK could not give it back completely; it is free when this process ends",
			vfio->regions.access.name);
}

static bool removal_requested(struct kl__pci_access *access)
{
	struct vfio *vfio = own(access);
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
	rc = kl__vfio_request_on(vfio->fd, vfio->request_fd);
	if (rc == 0)
		return;
	kl_debug("%s: the kernel won't tell when it wants it back: %s", vfio->regions.access.name,
		strerror(-rc));
	close(vfio->request_fd);
	vfio->request_fd = -1;
}

static void close_vfio(struct kl__pci_access *access)
{
	struct vfio *vfio = own(access);

	turn_off_interrupts(vfio);
	kl__regions_close(&vfio->regions);
	release(vfio);
	if (vfio->request_fd >= 0)
		close(vfio->request_fd);
	free(vfio);
}

static const struct kl__pci_access_ops vfio_ops = {
	.config_read = kl__regions_config_read,
	.config_write = kl__regions_config_write,
	.read = kl__regions_read,
	.write = kl__regions_write,
	.pointer = kl__regions_pointer,
	.interrupts = interrupts,
	.removal_requested = removal_requested,
	.close = close_vfio,
};

static int open_regions(struct vfio *vfio)
{
	int rc;

	rc = kl__vfio_region_open(vfio->fd, VFIO_PCI_CONFIG_REGION_INDEX, &vfio->regions.config);
	for (unsigned int i = 0; i < PCI_BARS && rc == 0; i++)
		rc = kl__vfio_region_open(vfio->fd, VFIO_PCI_BAR0_REGION_INDEX + i,
			&vfio->regions.bars[i]);
	return rc == 0 ? kl__regions_answer(&vfio->regions) : rc;
}

static int open_function(const char *address, struct vfio **result)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	struct vfio *vfio = calloc(1, sizeof(*vfio));
	int rc;

	if (vfio == NULL)
		return kl_no_memory(address, sizeof(*vfio));
	vfio->regions.access.ops = &vfio_ops;
	vfio->regions.access.numa_node = kl__numa_from_function(&kl_machine_current, address);
	snprintf(vfio->regions.access.name, sizeof(vfio->regions.access.name), "%s", address);
	if (rte_vfio_setup_device(DEVICES, address, &vfio->fd, &info) != 0) {
		rc = kl__vfio_diagnose(address);
		goto free_vfio;
	}
	rc = open_regions(vfio);
	if (rc != 0) {
		kl_error(
			"%s: its registers can't be reached through VFIO: %s; is the device still there?",
			address, strerror(-rc));
		goto close_regions;
	}
	vfio->regions.access.msix_vectors = kl__vfio_irq_count(vfio->fd);
	listen_for_requests(vfio);
	*result = vfio;
	return 0;
close_regions:
	kl__regions_close(&vfio->regions);
	release(vfio);
free_vfio:
	free(vfio);
	return rc;
}

/* How EAL was started decides what VFIO can do now. */
static int check_eal(const char *address, bool is_noiommu)
{
	if (!rte_vfio_is_enabled("vfio")) {
		kl_error(
			"%s: DPDK was started before the kernel had VFIO, or not at all, and looks for it only "
			"then; start this program again",
			address);
		return -ENODEV;
	}
	if (is_noiommu && rte_eal_iova_mode() != RTE_IOVA_PA) {
		kl_error(
			"%s: it is in no-IOMMU mode and needs physical addresses, but DPDK runs with "
			"--iova-mode=va; those are known of hugepages and to root only: as root, see that "
			"there are some (sysctl vm.nr_hugepages=256), and start this program again, if need be "
			"with --iova-mode=pa",
			address);
		return -EACCES;
	}
	return 0;
}

/* Said once, since it is as true of the second device. */
static void tell_limits(const char *address)
{
	static bool has_told;

	if (has_told)
		return;
	has_told = true;
	kl_warning(
		"%s: it is in no-IOMMU mode: nothing keeps it, or a fault of this program, from writing to "
		"any memory of this machine; only memory in hugepages can be used with it",
		address);
}

int kl__vfio_open(const char *address, struct kl__pci_access **access, struct kl__host **host)
{
	struct vfio *vfio = NULL;
	bool is_noiommu;
	int rc;

	rc = kl__obstacles_log(address, rte_eal_get_physmem_size());
	if (rc != 0)
		return rc;
	is_noiommu = kl__group_is_noiommu(&kl_machine_current,
		kl__group_find(&kl_machine_current, address));
	rc = check_eal(address, is_noiommu);
	if (rc != 0)
		return rc;
	rc = open_function(address, &vfio);
	if (rc != 0)
		return rc;
	rc = kl__memory_map_registered();
	if (rc == 0)
		rc = kl__host_create(vfio->regions.access.numa_node, !is_noiommu, host);
	if (rc != 0) {
		close_vfio(&vfio->regions.access);
		return rc;
	}
	if (is_noiommu)
		tell_limits(address);
	*access = &vfio->regions.access;
	return 0;
}
