/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/shared_memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include <kickless/log.h>

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

/* Whether page continues the region in our memory, in the device's, and in the file. */
static bool continues(const struct kl__shared_region *region, const struct kl__shared_region *page)
{
	return region->fd == page->fd && region->address + region->size == page->address &&
		region->iova + region->size == page->iova &&
		region->offset + region->size == page->offset;
}

static int collect(const struct rte_memseg_list *list, const struct rte_memseg *segment,
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
	if (all->count > 0 && continues(&all->regions[all->count - 1], &page)) {
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

/* How many were collected, or why not, after a message. */
static int result_of(const struct collection *all)
{
	if (all->rc == 0)
		return (int)all->count;
	if (all->rc == -E2BIG)
		kl_error(
			"EAL's memory can't be shared with a vhost-user back end: it is made of more than "
			"the %u files that the back end can be told of; run with the EAL options "
			"--in-memory --single-file-segments, or with --no-huge",
			all->limit);
	else
		kl_error(
			"EAL's memory can't be shared with a vhost-user back end: it is not made of files; "
			"run with the EAL options --in-memory --single-file-segments, or with --no-huge");
	return all->rc;
}

static int regions(struct kl__shared_region *shared, unsigned int limit)
{
	struct collection all = {.regions = shared, .limit = limit};

	if (rte_eal_iova_mode() == RTE_IOVA_PA) {
		kl_error(
			"a vhost-user back end shares virtual addresses with us, but bus addresses are physical here; "
			"run with the EAL option --iova-mode=va");
		return -ENOTSUP;
	}
	rte_memseg_walk(collect, &all);
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
	rte_memseg_walk_thread_unsafe(collect, &all);
	watcher->changed(watcher->context, shared, result_of(&all));
}

static int watch(kl__shared_memory_changed *changed, void *context)
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
static struct watcher *take(kl__shared_memory_changed *changed, const void *context)
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

static void unwatch(kl__shared_memory_changed *changed, void *context)
{
	struct watcher *watcher = take(changed, context);

	if (watcher != NULL)
		rte_mem_event_callback_unregister(WATCH_NAME, watcher);
	free(watcher);
}

const struct kl__shared_memory kl__eal_shared_memory = {
	.regions = regions,
	.watch = watch,
	.unwatch = unwatch,
};
