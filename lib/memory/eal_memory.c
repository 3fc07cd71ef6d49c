/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/eal_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_memory.h>

#include <kickless/log.h>

#include "memory/shared_memory.h"

#define NAME "kickless"

/*
 * EAL frees pages one by one, and reports it. Else they are there for ever, and a contiguous run of
 * them can be one mapping.
 */
static bool is_dynamic;

/*
 * A mapping can only be undone as it was made. So it is a page that can be freed alone, or a run
 * that is never freed, or all of a heap's external memory, which is freed as one.
 */
static bool is_mapped_by_run(const struct rte_memseg_list *list)
{
	return rte_eal_iova_mode() != RTE_IOVA_PA && (list->external || !is_dynamic);
}

static bool is_eals(const struct rte_memseg_list *list)
{
	return !list->external || list->heap;
}

/* One part, which is one mapping. 0, or -errno to end the walk. */
typedef int visit_part(void *context, uint64_t address, uint64_t iova, uint64_t size);

struct walk {
	visit_part *visit;
	void *context;
	int rc;
};

static int visit_segment(struct walk *walk, const struct rte_memseg *segment, uint64_t size)
{
	uint64_t iova = rte_eal_iova_mode() == RTE_IOVA_PA ? segment->iova : segment->addr_64;

	if (iova == RTE_BAD_IOVA)
		return 0;
	walk->rc = walk->visit(walk->context, segment->addr_64, iova, size);
	return walk->rc == 0 ? 0 : -1;
}

static int visit_page(const struct rte_memseg_list *list, const struct rte_memseg *segment,
	void *walk)
{
	return is_eals(list) && !is_mapped_by_run(list) ?
		visit_segment(walk, segment, segment->len) :
		0;
}

static int visit_run(const struct rte_memseg_list *list, const struct rte_memseg *segment,
	size_t size, void *walk)
{
	return is_eals(list) && is_mapped_by_run(list) ? visit_segment(walk, segment, size) : 0;
}

/* EAL's lock is held. */
static int walk_parts(visit_part *visit, void *context)
{
	struct walk walk = {visit, context, 0};

	rte_memseg_walk_thread_unsafe(visit_page, &walk);
	if (walk.rc == 0)
		rte_memseg_contig_walk_thread_unsafe(visit_run, &walk);
	return walk.rc;
}

/* A need for room in a space. */
struct need {
	uint64_t bytes;
	uint64_t mappings;
};

static int add_need(void *context, uint64_t address, uint64_t iova, uint64_t size)
{
	struct need *need = context;

	(void)address;
	(void)iova;
	need->bytes += size;
	need->mappings++;
	return 0;
}

static uint64_t mebibytes(uint64_t bytes)
{
	return (bytes + (UINT64_C(1) << 20) - 1) >> 20;
}

/* 0, or -ENOMEM after a message; what is for the message. */
static int check_limits(const struct kl__space *space, const struct kl__map_limits *limits,
	const struct need *need, const char *what)
{
	if (need->bytes > limits->memlock_left) {
		kl_error(
			"%s: %s needs %" PRIu64
			" MiB of locked memory, but of the %smemlock limit of %" PRIu64
			" MiB %" PRIu64
			" are left; raise it (ulimit -l, or LimitMEMLOCK= of systemd), give EAL less with -m, or "
			"open the device with isolate=1",
			kl__space_name(space), what, mebibytes(need->bytes),
			limits->memlock_is_users ? "user's " : "", limits->memlock >> 20,
			limits->memlock_left >> 20);
		return -ENOMEM;
	}
	if (need->mappings > limits->mappings_left) {
		kl_error(
			"%s: %s needs %" PRIu64
			" mappings, but its IOMMU takes %u more; use larger hugepages, raise "
			"dma_entry_limit of the module vfio_iommu_type1, give EAL less with -m, or open the "
			"device with isolate=1",
			kl__space_name(space), what, need->mappings, limits->mappings_left);
		return -ENOMEM;
	}
	return 0;
}

/* EAL refuses to grow beyond the highest address from then on. */
static void set_dma_mask(const struct kl__map_limits *limits)
{
	uint64_t last = 0;

	for (unsigned int i = 0; i < limits->range_count; i++)
		if (limits->range[i].last > last)
			last = limits->range[i].last;
	/* A mask of 64 bits masks nothing, and is not allowed. */
	if (last != 0 && last <= UINT64_MAX / 2)
		rte_mem_check_dma_mask_thread_unsafe(
			(uint8_t)(64 - __builtin_clzll((unsigned long long)last)));
}

static int map_part(void *space, uint64_t address, uint64_t iova, uint64_t size)
{
	return kl__space_map(space, address, iova, size);
}

static int map_all(struct kl__space *space)
{
	struct kl__map_limits limits;
	struct need need = {0};
	int rc;

	walk_parts(add_need, &need);
	rc = space->mapper->ops->limits(space->mapper, &limits);
	if (rc == 0)
		rc = check_limits(space, &limits, &need, "EAL's memory");
	if (rc != 0)
		return rc;
	set_dma_mask(&limits);
	return walk_parts(map_part, space);
}

int kl__eal_memory_open(struct kl__space *space)
{
	return space->mapper != NULL ? map_all(space) : kl__shared_memory_open(space);
}

static uint64_t part_size(const void *address, uint64_t size)
{
	const struct rte_memseg_list *list = rte_mem_virt2memseg_list(address);

	return list == NULL || is_mapped_by_run(list) ? size : list->page_sz;
}

static uint64_t iova_of(uint64_t address)
{
	const struct rte_memseg *segment;

	if (rte_eal_iova_mode() != RTE_IOVA_PA)
		return address;
	segment = rte_mem_virt2memseg((void *)(uintptr_t)address, NULL);
	return segment != NULL ? segment->iova : RTE_BAD_IOVA;
}

/* A part that can't be mapped is logged and not in the table: requests with it fail. */
static void map_event(struct kl__space *space, uint64_t address, uint64_t size, uint64_t part)
{
	if (kl__space_is_torn_off(space))
		return;
	for (uint64_t at = 0; at < size; at += part)
		if (kl__space_map(space, address + at, iova_of(address + at), part) != 0)
			break;
}

static void unmap_event(struct kl__space *space, uint64_t address, uint64_t size, uint64_t part)
{
	for (uint64_t at = 0; at < size; at += part) {
		/* A part that is not in the table was never mapped. */
		bool is_mapped = kl__reach_find(space->reach, address + at).bytes != 0;

		if (is_mapped)
			(void)kl__space_unmap(space, address + at, iova_of(address + at), part);
	}
}

/* EAL holds its lock meanwhile, so its memory can be walked but not changed. */
static void on_event(enum rte_mem_event event, const void *memory, size_t size, void *unused)
{
	uint64_t address = (uintptr_t)memory, part = part_size(memory, size);
	struct kl__space *space = NULL;

	(void)unused;
	kl__spaces_lock();
	while ((space = kl__space_next(space)) != NULL) {
		if (!space->has_eal)
			continue;
		if (space->mapper == NULL)
			kl__shared_memory_event(space, event == RTE_MEM_EVENT_FREE, address, size);
		else if (event == RTE_MEM_EVENT_ALLOC)
			map_event(space, address, size, part);
		else
			unmap_event(space, address, size, part);
	}
	kl__spaces_unlock();
}

/* The memory that EAL has on one node, and its smallest page. */
struct node_memory {
	int node;
	uint64_t bytes;
	uint64_t page;
};

static int add_memory(const struct rte_memseg_list *list, const struct rte_memseg *segment,
	void *context)
{
	struct node_memory *memory = context;

	if (!list->external && list->socket_id == memory->node)
		memory->bytes += segment->len;
	return 0;
}

static int find_page(const struct rte_memseg_list *list, void *context)
{
	struct node_memory *memory = context;

	if (!list->external && list->socket_id == memory->node && list->page_sz < memory->page)
		memory->page = list->page_sz;
	return 0;
}

/*
 * The allocation validator, since an event can't refuse. EAL holds its lock, and wants to have
 * size bytes on the node. 0, or -1 to refuse it after a message.
 */
static int validate_growth(int node, size_t limit, size_t size)
{
	struct node_memory memory = {.node = node, .page = UINT64_C(1) << 30};
	struct kl__space *space = NULL;
	struct need need;
	int rc = 0;

	(void)limit;
	rte_memseg_walk_thread_unsafe(add_memory, &memory);
	rte_memseg_list_walk_thread_unsafe(find_page, &memory);
	need.bytes = size > memory.bytes ? size - memory.bytes : 0;
	need.mappings = (need.bytes + memory.page - 1) / memory.page;
	kl__spaces_lock();
	while ((space = kl__space_next(space)) != NULL && rc == 0) {
		struct kl__map_limits limits;

		if (!space->has_eal || space->mapper == NULL)
			continue;
		/* A mapper whose device was torn off limits nothing. */
		if (space->mapper->ops->limits(space->mapper, &limits) == 0)
			rc = check_limits(space, &limits, &need, "what EAL is to allocate");
	}
	kl__spaces_unlock();
	return rc == 0 ? 0 : -1;
}

static void register_validators(void)
{
	for (unsigned int i = 0; i < rte_socket_count(); i++) {
		int node = rte_socket_id_by_idx(i);

		if (rte_mem_alloc_validator_register(NAME, validate_growth, node, 0) != 0)
			kl_debug("EAL won't report before it allocates on node %d: %s", node,
				rte_strerror(rte_errno));
	}
}

static int start_watch(void)
{
	if (rte_mem_event_callback_register(NAME, on_event, NULL) == 0) {
		is_dynamic = true;
		register_validators();
		return 0;
	}
	if (rte_errno == ENOTSUP)
		return 0;
	kl_error("EAL can't report what it allocates: %s", rte_strerror(rte_errno));
	return -ENOMEM;
}

int kl__eal_memory_watch(void)
{
	static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
	static bool is_watched;
	int rc = 0;

	pthread_mutex_lock(&watch_lock);
	if (!is_watched)
		rc = start_watch();
	is_watched = rc == 0;
	pthread_mutex_unlock(&watch_lock);
	return rc;
}

size_t kl__eal_memory_translate(const void *address, size_t size, uint64_t *iova)
{
	const struct rte_memseg *segment = rte_mem_virt2memseg(address, NULL);
	size_t offset;

	if (segment == NULL || segment->iova == RTE_BAD_IOVA)
		return 0;
	offset = (uintptr_t)address - segment->addr_64;
	*iova = segment->iova + offset;
	return size < segment->len - offset ? size : segment->len - offset;
}

static bool is_eal_address(uint64_t address)
{
	const struct rte_memseg_list *list = rte_mem_virt2memseg_list((void *)(uintptr_t)address);

	return list != NULL && is_eals(list);
}

bool kl__eal_memory_overlaps(uint64_t address, uint64_t size)
{
	return is_eal_address(address) || is_eal_address(address + size - 1);
}
