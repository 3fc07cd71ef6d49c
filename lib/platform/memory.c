/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_vfio.h>

#include <kickless/log.h>
#include <kickless/memory.h>

#include "platform/iommu.h"

#define PAGE 4096
#define MAX_REGIONS 256

struct region {
	uintptr_t address;
	size_t size;
	bool is_mapped;
};

static struct region regions[MAX_REGIONS];
static unsigned int region_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *kl_memory_alloc(size_t size, size_t align, int node)
{
	return rte_zmalloc_socket("kickless", size, (unsigned int)align,
		node < 0 ? SOCKET_ID_ANY : node);
}

void kl_memory_free(void *memory)
{
	rte_free(memory);
}

/*
 * -EAGAIN while no device has given the container its IOMMU; the region waits for one then. DPDK
 * reports that by rte_errno, which it leaves alone when the kernel refuses the mapping.
 */
static int map_region(struct region *region)
{
	rte_errno = 0;
	if (rte_vfio_container_dma_map(RTE_VFIO_DEFAULT_CONTAINER_FD, region->address,
		    region->address, region->size) == 0) {
		region->is_mapped = true;
		return 0;
	}
	return rte_errno == ENODEV || rte_errno == ENOTSUP ? -EAGAIN : -ENOMEM;
}

static void explain_refusal(uintptr_t address, size_t size)
{
	struct kl__iommu_limits limits;
	char why[512] = "";

	if (kl__iommu_limits_read_process(&limits) == 0)
		kl__iommu_limits_explain(&limits, address, size, why, sizeof(why));
	kl_error("%zu bytes at 0x%zx can't be mapped for the device: %s; %s", size, (size_t)address,
		rte_errno != 0 ? rte_strerror(rte_errno) : "the kernel refuses it",
		why[0] != '\0' ? why : "is the memlock limit (ulimit -l) large enough?");
}

static struct region *find_overlapping(uintptr_t address, size_t size)
{
	for (unsigned int i = 0; i < region_count; i++)
		if (address < regions[i].address + regions[i].size &&
			regions[i].address < address + size)
			return &regions[i];
	return NULL;
}

static int check_range(uintptr_t address, size_t size)
{
	if (rte_eal_iova_mode() == RTE_IOVA_PA) {
		kl_error(
			"memory at %p can't be registered: bus addresses are physical here; take it from "
			"kl_memory_alloc, or run behind an IOMMU",
			(void *)address);
		return -ENOTSUP;
	}
	if (address % PAGE != 0 || size == 0 || size % PAGE != 0 || address + size < address) {
		kl_error(
			"memory of %zu bytes at %p can't be registered: both must be multiples of %d",
			size, (void *)address, PAGE);
		return -EINVAL;
	}
	if (find_overlapping(address, size) != NULL ||
		rte_mem_virt2memseg((void *)address, NULL) != NULL) {
		kl_error("memory of %zu bytes at %p is registered already, or DPDK's own", size,
			(void *)address);
		return -EINVAL;
	}
	if (region_count == MAX_REGIONS) {
		kl_error("no more than %d regions of memory can be registered", MAX_REGIONS);
		return -ENOMEM;
	}
	return 0;
}

int kl_memory_register(void *address, size_t size)
{
	struct region *region;
	int rc;

	pthread_mutex_lock(&lock);
	rc = check_range((uintptr_t)address, size);
	if (rc != 0)
		goto unlock;
	region = &regions[region_count];
	*region = (struct region){(uintptr_t)address, size, false};
	rc = rte_vfio_is_enabled("vfio") == 1 ? map_region(region) : 0;
	if (rc == 0 || rc == -EAGAIN) {
		region_count++;
		rc = 0;
	} else {
		explain_refusal((uintptr_t)address, size);
	}
unlock:
	pthread_mutex_unlock(&lock);
	return rc;
}

int kl_memory_unregister(void *address, size_t size)
{
	struct region *region;
	int rc = -EINVAL;

	pthread_mutex_lock(&lock);
	region = find_overlapping((uintptr_t)address, size);
	if (region != NULL && region->address == (uintptr_t)address && region->size == size) {
		if (region->is_mapped)
			rte_vfio_container_dma_unmap(RTE_VFIO_DEFAULT_CONTAINER_FD, region->address,
				region->address, size);
		*region = regions[--region_count];
		rc = 0;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

int kl__memory_map_registered(void)
{
	int rc = 0;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < region_count && rc == 0; i++) {
		if (regions[i].is_mapped)
			continue;
		rc = map_region(&regions[i]);
		if (rc != 0)
			explain_refusal(regions[i].address, regions[i].size);
	}
	pthread_mutex_unlock(&lock);
	return rc;
}
