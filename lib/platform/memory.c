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

size_t kl__memory_translate(const void *address, size_t size, uint64_t *iova)
{
	const struct rte_memseg *segment = rte_mem_virt2memseg(address, NULL);
	size_t offset;

	if (segment == NULL || segment->iova == RTE_BAD_IOVA)
		return 0;
	offset = (uintptr_t)address - segment->addr_64;
	*iova = segment->iova + offset;
	return size < segment->len - offset ? size : segment->len - offset;
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

#define WATCH_NAME "kickless"

struct collection {
	struct kl__shared_region *regions;
	unsigned int limit;
	unsigned int count;
	/* What is about to be freed, and left out. */
	uint64_t leaving;
	uint64_t leaving_end;
	int rc;
};

/* Tests whether page continues the region in our memory, in the device's, and in the file. */
static bool continues_region(const struct kl__shared_region *region,
	const struct kl__shared_region *page)
{
	return region->fd == page->fd && region->address + region->size == page->address &&
		region->iova + region->size == page->iova &&
		region->offset + region->size == page->offset;
}

static int collect_segment(const struct rte_memseg_list *list, const struct rte_memseg *segment,
	void *context)
{
	struct collection *all = context;
	struct kl__shared_region page = {
		.address = segment->addr_64,
		.iova = segment->iova,
		.size = segment->len,
	};
	size_t offset;

	if (list->external || (page.address >= all->leaving && page.address < all->leaving_end))
		return 0;
	page.fd = rte_memseg_get_fd_thread_unsafe(segment);
	if (page.fd < 0 || rte_memseg_get_fd_offset_thread_unsafe(segment, &offset) != 0) {
		all->rc = -ENOTSUP;
		return -1;
	}
	page.offset = offset;
	if (all->count > 0 && continues_region(&all->regions[all->count - 1], &page)) {
		all->regions[all->count - 1].size += page.size;
		return 0;
	}
	if (all->count == all->limit) {
		all->rc = -E2BIG;
		return -1;
	}
	all->regions[all->count++] = page;
	return 0;
}

/* The number of regions, or -errno after a message. */
static int result_of(const struct collection *all)
{
	if (all->rc == 0)
		return (int)all->count;
	if (all->rc == -E2BIG)
		kl_error(
			"EAL's memory can't be shared with a vhost-user back end: it is made of more than "
			"the %u files that the back end can be sent; run with the EAL options "
			"--in-memory --single-file-segments, or with --no-huge",
			all->limit);
	else
		kl_error(
			"EAL's memory can't be shared with a vhost-user back end: it is not made of files; "
			"run with the EAL options --in-memory --single-file-segments, or with --no-huge");
	return all->rc;
}

static int list_regions(struct kl__shared_region *shared, unsigned int limit)
{
	struct collection all = {.regions = shared, .limit = limit};

	if (rte_eal_iova_mode() == RTE_IOVA_PA) {
		kl_error(
			"a vhost-user back end shares virtual addresses with us, but bus addresses are physical here; "
			"run with the EAL option --iova-mode=va");
		return -ENOTSUP;
	}
	rte_memseg_walk(collect_segment, &all);
	return result_of(&all);
}

/* Its address is the key that EAL tells watchers apart by. */
struct watcher {
	kl__shared_memory_changed *changed;
	void *context;
	struct watcher *next;
};

static struct watcher *watchers;
static pthread_mutex_t watchers_lock = PTHREAD_MUTEX_INITIALIZER;

/* EAL holds its lock on memory meanwhile, so it can be walked but not changed. */
static void on_event(enum rte_mem_event event, const void *address, size_t size, void *argument)
{
	const struct watcher *watcher = argument;
	struct kl__shared_region shared[KL__SHARED_REGIONS_MAX];
	struct collection all = {.regions = shared, .limit = KL__SHARED_REGIONS_MAX};

	if (event == RTE_MEM_EVENT_FREE) {
		all.leaving = (uintptr_t)address;
		all.leaving_end = all.leaving + size;
	}
	rte_memseg_walk_thread_unsafe(collect_segment, &all);
	watcher->changed(watcher->context, shared, result_of(&all));
}

static int watch_memory(kl__shared_memory_changed *changed, void *context)
{
	struct watcher *watcher = malloc(sizeof(*watcher));

	if (watcher == NULL)
		return kl_no_memory("a watch of DPDK's memory", sizeof(*watcher));
	*watcher = (struct watcher){.changed = changed, .context = context};
	if (rte_mem_event_callback_register(WATCH_NAME, on_event, watcher) == 0) {
		pthread_mutex_lock(&watchers_lock);
		watcher->next = watchers;
		watchers = watcher;
		pthread_mutex_unlock(&watchers_lock);
		return 0;
	}
	free(watcher);
	/* Without hugepages, and with --legacy-mem, all memory is there from the start. */
	return rte_errno == ENOTSUP ? 0 : -ENOMEM;
}

/* Out of the list; NULL when it was never there. */
static struct watcher *remove_watcher(kl__shared_memory_changed *changed, const void *context)
{
	struct watcher **at = &watchers, *watcher;

	pthread_mutex_lock(&watchers_lock);
	while (*at != NULL && ((*at)->changed != changed || (*at)->context != context))
		at = &(*at)->next;
	watcher = *at;
	if (watcher != NULL)
		*at = watcher->next;
	pthread_mutex_unlock(&watchers_lock);
	return watcher;
}

static void unwatch_memory(kl__shared_memory_changed *changed, void *context)
{
	struct watcher *watcher = remove_watcher(changed, context);

	if (watcher != NULL)
		rte_mem_event_callback_unregister(WATCH_NAME, watcher);
	free(watcher);
}

const struct kl__shared_memory kl__eal_shared_memory = {
	.regions = list_regions,
	.watch = watch_memory,
	.unwatch = unwatch_memory,
};
