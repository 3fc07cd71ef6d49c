/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that devices reach, and a clock: what the machine under a device gives. */
#ifndef KL_CONTRACT_HOST_H
#define KL_CONTRACT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The platform fills one per device, a test its own. */
struct kl__host {
	/* Zeroed, contiguous for the device, near it; NULL when there is none. */
	void *(*alloc)(struct kl__host *host, size_t size, size_t align, uint64_t *iova);
	void (*free)(struct kl__host *host, void *memory);
	/*
	 * The bus address of an application's memory; how many bytes from there on are contiguous,
	 * at most size, 0 when the device can't reach it. NULL: bus addresses equal virtual ones.
	 * Any thread.
	 */
	size_t (*translate)(const struct kl__host *host, const void *address, size_t size,
		uint64_t *iova);
	void (*close)(struct kl__host *host);
	int numa_node;
	uint64_t ticks_per_second; /* of the CPU's cycle counter */
	/* Bus addresses are the CPU's physical ones. */
	bool iova_is_physical;
	/*
	 * An IOMMU translates for devices that accept ACCESS_PLATFORM; one that does not bypasses
	 * it.
	 */
	bool has_iommu;
};

#endif
