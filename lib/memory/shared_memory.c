/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/shared_memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include <kickless/log.h>

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

static int list_regions(struct kl__shared_memory *memory, struct kl__shared_region *shared,
	unsigned int limit)
{
	struct collection all = {.regions = shared, .limit = limit};

	(void)memory;
	if (rte_eal_iova_mode() == RTE_IOVA_PA) {
		kl_error(
			"a vhost-user back end shares virtual addresses with us, but bus addresses are physical here; "
			"run with the EAL option --iova-mode=va");
		return -ENOTSUP;
	}
	rte_memseg_walk(collect_segment, &all);
	return result_of(&all);
}

/* Its address is the key of EAL for its callback. */
struct eal_memory {
	struct kl__shared_memory base;
	kl__shared_memory_changed *changed;
	void *context;
	bool is_watched;
};

/* EAL holds its lock on memory meanwhile, so it can be walked but not changed. */
static void on_event(enum rte_mem_event event, const void *address, size_t size, void *argument)
{
	const struct eal_memory *memory = argument;
	struct kl__shared_region shared[KL__SHARED_REGIONS_MAX];
	struct collection all = {.regions = shared, .limit = KL__SHARED_REGIONS_MAX};

	if (event == RTE_MEM_EVENT_FREE) {
		all.leaving = (uintptr_t)address;
		all.leaving_end = all.leaving + size;
	}
	rte_memseg_walk_thread_unsafe(collect_segment, &all);
	memory->changed(memory->context, shared, result_of(&all));
}

static int watch_memory(struct kl__shared_memory *base, kl__shared_memory_changed *changed,
	void *context)
{
	struct eal_memory *memory = (struct eal_memory *)base;

	memory->changed = changed;
	memory->context = context;
	memory->is_watched = rte_mem_event_callback_register(WATCH_NAME, on_event, memory) == 0;
	/* Without hugepages, and with --legacy-mem, all memory is there from the start. */
	return memory->is_watched || rte_errno == ENOTSUP ? 0 : -ENOMEM;
}

static void unwatch_memory(struct kl__shared_memory *base)
{
	struct eal_memory *memory = (struct eal_memory *)base;

	if (memory->is_watched)
		rte_mem_event_callback_unregister(WATCH_NAME, memory);
	memory->is_watched = false;
}

struct kl__shared_memory *kl__eal_shared_memory_create(void)
{
	struct eal_memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return NULL;
	memory->base = (struct kl__shared_memory){
		.regions = list_regions,
		.watch = watch_memory,
		.unwatch = unwatch_memory,
	};
	return &memory->base;
}
