/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>
#include <rte_memzone.h>

#include <kickless/log.h>

#include "memory/shared_memory.h"

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

/*
 * A block is a memzone, because only those promise to be contiguous for the device also where bus
 * addresses are physical ones.
 */
struct block {
	const struct rte_memzone *zone;
	struct block *next;
};

struct host {
	struct kl__host host;
	struct block *blocks;
	struct kl__shared_memory *shared;
	bool has_logged; /* that memory is from another node */
};

static struct host *host_of(struct kl__host *host)
{
	return (struct host *)host;
}

static const struct rte_memzone *reserve_on(int node, size_t size, size_t align)
{
	static unsigned int serial;
	char name[RTE_MEMZONE_NAMESIZE];

	snprintf(name, sizeof(name), "kickless_%u",
		__atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
	return rte_memzone_reserve_aligned(name, size, node, RTE_MEMZONE_IOVA_CONTIG,
		align < RTE_CACHE_LINE_SIZE ? RTE_CACHE_LINE_SIZE : (unsigned int)align);
}

static const struct rte_memzone *reserve_zone(struct host *host, size_t size, size_t align)
{
	const struct rte_memzone *zone = reserve_on(host->host.numa_node, size, align);

	if (zone != NULL || host->host.numa_node == SOCKET_ID_ANY)
		return zone;
	zone = reserve_on(SOCKET_ID_ANY, size, align);
	if (zone != NULL && !host->has_logged) {
		host->has_logged = true;
		kl_notice(
			"NUMA node %d, where the device is, has no memory left for it; node %d is used, "
			"which is slower; give it hugepages in /sys/devices/system/node/node%d/hugepages",
			host->host.numa_node, zone->socket_id, host->host.numa_node);
	}
	return zone;
}

static void log_failure(size_t size)
{
	kl_error(
		"%zu bytes for a device can't be had: %s; free memory, or give DPDK more with -m or "
		"hugepages",
		size, rte_strerror(rte_errno != 0 ? rte_errno : ENOMEM));
}

static void *alloc_block(struct kl__host *base, size_t size, size_t align, uint64_t *iova)
{
	struct host *host = host_of(base);
	struct block *block = malloc(sizeof(*block));

	if (block == NULL)
		return NULL;
	rte_errno = 0;
	block->zone = reserve_zone(host, size, align);
	if (block->zone == NULL)
		goto fail;
	if (block->zone->iova == RTE_BAD_IOVA) {
		rte_memzone_free(block->zone);
		goto fail;
	}
	memset(block->zone->addr, 0, size);
	block->next = host->blocks;
	host->blocks = block;
	*iova = block->zone->iova;
	return block->zone->addr;
fail:
	log_failure(size);
	free(block);
	return NULL;
}

static void free_block(struct kl__host *base, void *memory)
{
	for (struct block **at = &host_of(base)->blocks; *at != NULL; at = &(*at)->next) {
		struct block *block = *at;

		if (block->zone->addr != memory)
			continue;
		*at = block->next;
		rte_memzone_free(block->zone);
		free(block);
		return;
	}
}

static size_t translate_address(const struct kl__host *host, const void *address, size_t size,
	uint64_t *iova)
{
	(void)host;
	return kl__memory_translate(address, size, iova);
}

static void close_host(struct kl__host *base)
{
	struct host *host = host_of(base);

	while (host->blocks != NULL) {
		struct block *block = host->blocks;

		host->blocks = block->next;
		free(block);
	}
	free(host->shared);
	free(host);
}

int kl__host_create(const struct kl__host_conf *conf, struct kl__host **result)
{
	bool is_physical = rte_eal_iova_mode() == RTE_IOVA_PA;
	struct host *host = calloc(1, sizeof(*host));

	if (host == NULL)
		return kl_no_memory(conf->name, sizeof(*host));
	host->host = (struct kl__host){
		.alloc = alloc_block,
		.free = free_block,
		.translate = is_physical ? translate_address : NULL,
		.close = close_host,
		.numa_node = conf->numa_node < 0 ? SOCKET_ID_ANY : conf->numa_node,
		.ticks_per_second = rte_get_tsc_hz(),
		.iova_is_physical = is_physical,
		.has_iommu = conf->has_iommu,
	};
	snprintf(host->host.access, sizeof(host->host.access), "%s", conf->access);
	if (conf->is_shared) {
		host->shared = kl__eal_shared_memory_create();
		if (host->shared == NULL) {
			free(host);
			return kl_no_memory(conf->name, sizeof(*host));
		}
	}
	*result = &host->host;
	return 0;
}

struct kl__shared_memory *kl__host_shared_memory(struct kl__host *host)
{
	return host_of(host)->shared;
}
