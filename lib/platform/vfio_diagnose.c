/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/vfio_diagnose.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include <kickless/discover.h>
#include <kickless/log.h>

#include "platform/iommu.h"
#include "platform/process.h"

struct trial {
	const char *address;
	int container;
	int error;
	uint64_t iova;
	uint64_t size;
};

static int explain_open(const char *address, const char *path, int error)
{
	struct kl__file_user user;

	if (error == EBUSY && kl__process_find_by_file(&kl_machine_current, path, &user))
		kl_error("%s: its IOMMU group is in use: process %d (%s) has %s open", address,
			(int)user.pid, user.command, path);
	else if (error == EBUSY)
		kl_error("%s: its IOMMU group is in use: a process has %s open; as root, "
			 "kickless-devbind --status names it",
			address, path);
	else if (error == EPERM || error == EACCES)
		kl_error(
			"%s: %s can't be opened: %s; run as root, or for a group with an IOMMU give this "
			"user the right to the file",
			address, path, strerror(error));
	else
		kl_error("%s: %s can't be opened: %s", address, path, strerror(error));
	return error == EBUSY ? -EBUSY : error == EPERM || error == EACCES ? -EACCES : -EIO;
}

static int explain_iommu(const char *address, int error)
{
	if (error == EPERM)
		kl_error(
			"%s: its IOMMU does not remap interrupts, so VFIO refuses it: the device could send any "
			"interrupt; if it may be trusted with that, run as root: "
			"echo Y > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
			address);
	else
		kl_error("%s: VFIO can't use its IOMMU: %s; is the module vfio_iommu_type1 loaded?",
			address, strerror(error));
	return error == EPERM ? -EACCES : -EIO;
}

/* Maps one segment of DPDK's memory; stops at the first that can't be mapped. */
static int try_mapping(struct trial *trial, const struct rte_memseg *segment, size_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = segment->addr_64,
		.iova = segment->iova,
		.size = size,
	};

	if (segment->iova == RTE_BAD_IOVA || ioctl(trial->container, VFIO_IOMMU_MAP_DMA, &map) == 0)
		return 0;
	trial->error = errno;
	trial->iova = segment->iova;
	trial->size = size;
	return 1;
}

static int try_run(const struct rte_memseg_list *list, const struct rte_memseg *segment,
	size_t size, void *context)
{
	return list->external ? 0 : try_mapping(context, segment, size);
}

static int try_segment(const struct rte_memseg_list *list, const struct rte_memseg *segment,
	void *context)
{
	return list->external ? 0 : try_mapping(context, segment, segment->len);
}

static int explain_mapping(const struct trial *trial)
{
	uint64_t limit = kl__process_memlock_limit(&kl_machine_current);
	struct kl__iommu_limits limits;
	char why[512] = "";

	if (trial->error == ENOMEM && limit != UINT64_MAX) {
		kl_error(
			"%s: memory can't be locked for it: this process may lock %llu KiB, DPDK has %llu KiB; "
			"run as root: prlimit --pid $$ --memlock=unlimited (for this shell), or request less "
			"with -m",
			trial->address, (unsigned long long)limit / 1024,
			(unsigned long long)rte_eal_get_physmem_size() / 1024);
		return -ENOMEM;
	}
	if (trial->error == ENOSPC) {
		kl_error(
			"%s: DPDK's memory lies in more segments than VFIO maps "
			"(/sys/module/vfio_iommu_type1/parameters/dma_entry_limit); use hugepages or "
			"--iova-mode=va",
			trial->address);
		return -ENOMEM;
	}
	if (kl__iommu_limits_read(trial->container, &limits) == 0)
		kl__iommu_limits_explain(&limits, trial->iova, trial->size, why, sizeof(why));
	kl_error(
		"%s: %llu KiB of memory can't be mapped for it at bus address 0x%llx: %s%s%s; if the address "
		"is the reason, choose another with --base-virtaddr=0x100000000 or --iova-mode=pa",
		trial->address, (unsigned long long)trial->size / 1024,
		(unsigned long long)trial->iova, strerror(trial->error), why[0] != '\0' ? ", " : "",
		why);
	return -EIO;
}

static int explain_nothing(const char *address)
{
	kl_error("%s: DPDK could not set it up for VFIO; its own message stands above", address);
	return -EIO;
}

static int diagnose_container(const char *address, int group, int container, bool is_noiommu)
{
	struct trial trial = {.address = address, .container = container};

	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) != 0) {
		kl_error("%s: its IOMMU group can't be used: %s", address, strerror(errno));
		return -EIO;
	}
	if (ioctl(container, VFIO_SET_IOMMU, is_noiommu ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1_IOMMU) !=
		0)
		return explain_iommu(address, errno);
	if (is_noiommu)
		return explain_nothing(address);
	if (rte_eal_iova_mode() == RTE_IOVA_VA)
		rte_memseg_contig_walk(try_run, &trial);
	else
		rte_memseg_walk(try_segment, &trial);
	if (trial.error != 0)
		return explain_mapping(&trial);
	return explain_nothing(address);
}

int kl__vfio_diagnose(const char *address)
{
	int number = kl__iommu_group_find(&kl_machine_current, address);
	bool is_noiommu = kl__iommu_group_is_noiommu(&kl_machine_current, number);
	int group, container, rc;
	char path[PATH_MAX];

	kl__iommu_group_path(&kl_machine_current, number, path, sizeof(path));
	group = open(path, O_RDWR | O_CLOEXEC);
	if (group < 0)
		return explain_open(address, path, errno);
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0) {
		rc = explain_open(address, "/dev/vfio/vfio", errno);
	} else {
		rc = diagnose_container(address, group, container, is_noiommu);
		close(container);
	}
	close(group);
	return rc;
}
