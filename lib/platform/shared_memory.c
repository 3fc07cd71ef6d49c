/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/shared_memory.h"

#include <errno.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include <kickless/log.h>

struct collection {
	struct kl__shared_region *regions;
	unsigned int limit;
	unsigned int count;
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

	if (list->external)
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

int kl__shared_memory(struct kl__shared_region *regions, unsigned int limit)
{
	struct collection all = {.regions = regions, .limit = limit};

	if (rte_eal_iova_mode() == RTE_IOVA_PA) {
		kl_error(
			"a vhost-user back end shares virtual addresses with us, but bus addresses are physical here; "
			"run with the EAL option --iova-mode=va");
		return -ENOTSUP;
	}
	rte_memseg_walk(collect, &all);
	if (all.rc == 0)
		return (int)all.count;
	kl_error(
		"EAL's memory can't be shared with a vhost-user back end: %s; run with the EAL options "
		"--in-memory --single-file-segments, or with --no-huge",
		all.rc == -E2BIG ? "it is made of more files than the protocol can name" :
				   "it is not made of files");
	return all.rc;
}
