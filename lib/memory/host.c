/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_config.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_memory.h>

#include <kickless/log.h>

#include "memory/chunks.h"
#include "memory/eal_memory.h"
#include "memory/grant.h"
#include "memory/join.h"
#include "memory/space.h"

int kl__host_require_physical(const char *name, const char *way)
{
	if (rte_eal_iova_mode() == RTE_IOVA_PA && rte_eal_has_hugepages())
		return 0;
	kl_error(
		"%s: through %s it needs physical addresses, but DPDK runs with %s; get hugepages, and "
		"start this program as root with --iova-mode=pa",
		name, way, rte_eal_has_hugepages() ? "--iova-mode=va" : "--no-huge");
	return -EACCES;
}

void kl__host_warn_once(bool *has_warned, const char *name, const char *text)
{
	if (!*has_warned)
		kl_warning("%s: %s", name, text);
	*has_warned = true;
}

struct host {
	struct kl__host host;
	char name[64];
	/* NULL where there is neither an IOMMU nor a back end: bus addresses are physical. */
	struct kl__space *space;
	struct kl__space_user user;
	struct kl__mapper *mapper;
	/* Of an isolated device. */
	struct kl__arena own;
	struct kl__granted_chunks own_chunks;
	bool has_logged; /* that memory is from another node */
};

static struct host *host_of(struct kl__host *host)
{
	return (struct host *)host;
}

static void log_failure(const struct host *host, size_t size, int rc)
{
	if (rc == -ENOSPC)
		kl_error("%s: %zu bytes can't be had: EAL has given out all of its %d memzones "
			 "(RTE_MAX_MEMZONE); use fewer of them, or a DPDK that was built with more",
			host->name, size, RTE_MAX_MEMZONE);
	else
		kl_error(
			"%s: %zu bytes can't be had: %s; free memory, or give DPDK more with -m or "
			"hugepages",
			host->name, size, strerror(-rc));
}

static void *alloc_from_eal(struct host *host, size_t size, size_t align, uint64_t *iova)
{
	int node = host->host.numa_node, rc;
	void *memory;

	rc = kl__arena_alloc(kl__eal_arena(node), size, align, &memory, iova);
	if (rc != 0 && node != SOCKET_ID_ANY) {
		rc = kl__arena_alloc(kl__eal_arena(SOCKET_ID_ANY), size, align, &memory, iova);
		if (rc == 0 && !host->has_logged) {
			host->has_logged = true;
			kl_notice(
				"%s: NUMA node %d, where the device is, has no memory left for it; another "
				"node is used, which is slower; give it hugepages in "
				"/sys/devices/system/node/node%d/hugepages",
				host->name, node, node);
		}
	}
	if (rc != 0)
		log_failure(host, size, rc);
	return memory;
}

/* Memory that EAL had to have may be beyond what could be mapped. */
static bool is_reached(const struct host *host, const void *memory, size_t size)
{
	uint64_t address = (uintptr_t)memory;

	return host->space == NULL ||
		kl__range_covers(kl__reach_find(host->space->reach, address), address, size);
}

static void free_block(struct kl__host *base, void *memory)
{
	struct host *host = host_of(base);

	if (base->is_isolated) {
		kl__arena_free(&host->own, memory);
		return;
	}
	kl__arena_free(kl__eal_arena(base->numa_node), memory);
	/* The block is in one of both. */
	if (base->numa_node != SOCKET_ID_ANY)
		kl__arena_free(kl__eal_arena(SOCKET_ID_ANY), memory);
}

static void *alloc_block(struct kl__host *base, size_t size, size_t align, uint64_t *iova)
{
	struct host *host = host_of(base);
	void *memory;

	if (base->is_isolated) {
		/* A failure has been logged. */
		(void)kl__arena_alloc(&host->own, size, align, &memory, iova);
		return memory;
	}
	memory = alloc_from_eal(host, size, align, iova);
	if (memory == NULL || is_reached(host, memory, size))
		return memory;
	kl_error("%s: %zu bytes at %p are EAL's, but could not be mapped for it", host->name, size,
		memory);
	free_block(base, memory);
	return NULL;
}

static void *alloc_private(struct kl__host *base, size_t size)
{
	uint64_t unused;
	void *memory;

	if (kl__arena_alloc(kl__private_arena(base->numa_node), size, 1, &memory, &unused) != 0)
		return NULL;
	return memory;
}

static void free_private(struct kl__host *base, void *memory, size_t size)
{
	(void)size;
	kl__arena_free(kl__private_arena(base->numa_node), memory);
}

static size_t translate_address(const struct kl__host *base, const void *address, size_t size,
	uint64_t *iova)
{
	const struct host *host = (const struct host *)base;
	size_t part = kl__eal_memory_translate(address, size, iova);

	return part != 0 && is_reached(host, address, part) ? part : 0;
}

static int grant_region(struct kl__host *base, struct kl_region *region)
{
	struct host *host = host_of(base);

	if (host->space != NULL)
		return kl__region_grant(host->space, &host->user, region);
	if (!base->iova_is_physical)
		return 0;
	kl_error(
		"%s: a region of memory can't be granted to it: bus addresses are physical here; run "
		"behind an IOMMU",
		host->name);
	return -ENOTSUP;
}

static int revoke_region(struct kl__host *base, struct kl_region *region)
{
	struct host *host = host_of(base);

	if (host->space != NULL)
		return kl__region_revoke(host->space, &host->user, region, false);
	return base->iova_is_physical ? -EINVAL : 0;
}

static void set_owner(struct kl__host *base, void *owner, kl__uses_memory *uses_memory)
{
	kl__space_user_set_owner(&host_of(base)->user, owner, uses_memory);
}

static void close_host(struct kl__host *base)
{
	struct host *host = host_of(base);

	set_owner(base, NULL, NULL);
	if (base->is_isolated)
		kl__arena_close(&host->own);
	if (host->space != NULL)
		kl__space_leave(host->space, &host->user);
	if (host->mapper != NULL)
		host->mapper->ops->put(host->mapper);
	free(host);
}

/* The space of the device, if it has one, and where its blocks come from. */
static int open_memory(struct host *host, const struct kl__host_conf *conf)
{
	int rc;

	host->user.name = host->name;
	if (conf->mapper == NULL && !conf->is_shared)
		return 0;
	rc = kl__space_join(conf->mapper, conf->is_isolated, &host->user, &host->space);
	if (rc != 0)
		return rc;
	if (!host->host.iova_is_physical)
		host->host.reach = host->space->reach;
	host->own_chunks = (struct kl__granted_chunks){host->space, &host->user};
	if (conf->is_isolated)
		kl__arena_init(&host->own, &kl__granted_chunks_source, &host->own_chunks,
			conf->numa_node);
	return 0;
}

int kl__host_create(const struct kl__host_conf *conf, struct kl__host **result)
{
	bool is_physical = rte_eal_iova_mode() == RTE_IOVA_PA;
	struct host *host = calloc(1, sizeof(*host));
	int rc;

	if (host == NULL)
		return kl_no_memory(conf->name, sizeof(*host));
	host->host = (struct kl__host){
		.alloc = alloc_block,
		.free = free_block,
		.alloc_private = alloc_private,
		.free_private = free_private,
		.translate = is_physical ? translate_address : NULL,
		.grant = grant_region,
		.revoke = revoke_region,
		.set_owner = set_owner,
		.close = close_host,
		.numa_node = conf->numa_node < 0 ? SOCKET_ID_ANY : conf->numa_node,
		.ticks_per_second = rte_get_tsc_hz(),
		.iova_is_physical = is_physical,
		.has_iommu = conf->has_iommu,
		.is_isolated = conf->is_isolated,
	};
	snprintf(host->host.access, sizeof(host->host.access), "%s", conf->access);
	snprintf(host->name, sizeof(host->name), "%s", conf->name);
	rc = open_memory(host, conf);
	if (rc != 0) {
		free(host);
		return rc;
	}
	host->mapper = conf->mapper;
	*result = &host->host;
	return 0;
}

struct kl__shared_memory *kl__host_shared_memory(struct kl__host *host)
{
	return &host_of(host)->space->shared;
}
