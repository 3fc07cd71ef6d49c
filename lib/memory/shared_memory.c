/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/shared_memory.h"

#include <errno.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include <kickless/log.h>

struct collection {
	const struct kl__space *space;
	struct kl__shared_region *regions;
	unsigned int limit;
	unsigned int count;
	/* The memory that is about to be freed, and left out. */
	uint64_t leaving;
	uint64_t leaving_end;
	int rc;
};

/* Tests whether part continues the region in our memory, in the device's, and in the file. */
static bool continues_region(const struct kl__shared_region *region,
	const struct kl__shared_region *part)
{
	return region->fd == part->fd && region->address + region->size == part->address &&
		region->iova + region->size == part->iova &&
		region->offset + region->size == part->offset;
}

/* Appends a part, or extends the last region by it. False when there are too many. */
static bool add_part(struct collection *all, const struct kl__shared_region *part)
{
	if (all->count > 0 && continues_region(&all->regions[all->count - 1], part)) {
		all->regions[all->count - 1].size += part->size;
		return true;
	}
	if (all->count == all->limit) {
		all->rc = -E2BIG;
		return false;
	}
	all->regions[all->count++] = *part;
	return true;
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
	return add_part(all, &page) ? 0 : -1;
}

static bool is_first_grant(const struct kl__space *space, const struct kl__grant *grant)
{
	const struct kl__grant *other = space->grants;

	while (other->region != grant->region)
		other = other->next;
	return other == grant;
}

static void collect_grants(struct collection *all)
{
	for (const struct kl__grant *grant = all->space->grants; grant != NULL && all->rc == 0;
		grant = grant->next) {
		const struct kl_region *region = grant->region;
		const struct kl__shared_region part = {
			.address = (uintptr_t)region->memory,
			.iova = (uintptr_t)region->memory,
			.size = region->size,
			.fd = region->fd,
		};

		if (is_first_grant(all->space, grant))
			(void)add_part(all, &part);
	}
}

static void sort_regions(struct collection *all)
{
	for (unsigned int i = 1; i < all->count; i++) {
		struct kl__shared_region region = all->regions[i];
		unsigned int at = i;

		for (; at > 0 && all->regions[at - 1].address > region.address; at--)
			all->regions[at] = all->regions[at - 1];
		all->regions[at] = region;
	}
}

static void log_failure(const struct collection *all)
{
	if (all->rc == -E2BIG)
		kl_error(
			"memory can't be shared with a vhost-user back end: it is made of more than the %u "
			"files that the back end can be sent; run with the EAL options --in-memory "
			"--single-file-segments, or with --no-huge, and grant it fewer regions",
			all->limit);
	else
		kl_error(
			"EAL's memory can't be shared with a vhost-user back end: it is not made of files; "
			"run with the EAL options --in-memory --single-file-segments, or with --no-huge");
}

/* The number of regions, or -errno after a message. */
static int collect_all(struct collection *all)
{
	if (all->space->has_eal)
		rte_memseg_walk_thread_unsafe(collect_segment, all);
	if (all->rc == 0)
		collect_grants(all);
	if (all->rc != 0) {
		log_failure(all);
		return all->rc;
	}
	sort_regions(all);
	return (int)all->count;
}

static struct kl__space *space_of(struct kl__shared_memory *memory)
{
	return (struct kl__space *)((char *)memory - offsetof(struct kl__space, shared));
}

static int list_regions(struct kl__shared_memory *memory, struct kl__shared_region *regions,
	unsigned int limit)
{
	struct collection all = {.space = space_of(memory), .regions = regions, .limit = limit};
	int count;

	if (rte_eal_iova_mode() == RTE_IOVA_PA) {
		kl_error(
			"a vhost-user back end shares virtual addresses with us, but bus addresses are physical here; "
			"run with the EAL option --iova-mode=va");
		return -ENOTSUP;
	}
	kl__spaces_lock_with_eal();
	count = collect_all(&all);
	/* Once all are sent, also those are there that could not be when they were added. */
	for (int i = 0; i < count; i++)
		(void)kl__reach_add(all.space->reach, regions[i].address, regions[i].size);
	kl__spaces_unlock_with_eal();
	return count;
}

static int watch_memory(struct kl__shared_memory *memory, kl__shared_memory_changed *changed,
	void *context)
{
	struct kl__space *space = space_of(memory);

	kl__spaces_lock();
	space->changed = changed;
	space->changed_context = context;
	kl__spaces_unlock();
	return 0;
}

static void unwatch_memory(struct kl__shared_memory *memory)
{
	watch_memory(memory, NULL, NULL);
}

void kl__shared_memory_init(struct kl__space *space)
{
	space->shared = (struct kl__shared_memory){
		.regions = list_regions,
		.watch = watch_memory,
		.unwatch = unwatch_memory,
	};
}

static int send_all(struct kl__space *space, uint64_t leaving, uint64_t size)
{
	struct kl__shared_region regions[KL__SHARED_REGIONS_MAX];
	struct collection all = {
		.space = space,
		.regions = regions,
		.limit = KL__SHARED_REGIONS_MAX,
		.leaving = leaving,
		.leaving_end = leaving + size,
	};

	if (space->changed == NULL)
		return 0;
	return space->changed(space->changed_context, regions, collect_all(&all));
}

int kl__shared_memory_send(struct kl__space *space)
{
	return send_all(space, 0, 0);
}

void kl__shared_memory_event(struct kl__space *space, bool is_free, uint64_t address, uint64_t size)
{
	const struct rte_memseg_list *list = rte_mem_virt2memseg_list((void *)(uintptr_t)address);

	/* External memory of a heap lies in no file. */
	if (list != NULL && list->external)
		return;
	if (is_free) {
		kl__reach_remove(space->reach, address, size);
		(void)send_all(space, address, size);
	} else if (send_all(space, 0, 0) == 0) {
		(void)kl__reach_add(space->reach, address, size);
	}
}

static int enter_segment(const struct rte_memseg_list *list, const struct rte_memseg *segment,
	void *space)
{
	if (list->external)
		return 0;
	return kl__reach_add(((struct kl__space *)space)->reach, segment->addr_64, segment->len);
}

int kl__shared_memory_open(struct kl__space *space)
{
	return rte_memseg_walk_thread_unsafe(enter_segment, space) == 0 ? 0 : -ENOMEM;
}
