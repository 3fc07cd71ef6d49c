/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that devices reach, and a clock: what the machine under a device gives. */
#ifndef KL_CONTRACT_HOST_H
#define KL_CONTRACT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kl_region;
struct kl__reach;

/*
 * Tests whether a buffer that the device holds lies in the size bytes at address. The gates are
 * closed meanwhile. 0: none; -EBUSY: one does; -EAGAIN: a thread stayed within a call. Any thread,
 * with locks of the memory room held, so it must not call what takes or returns memory of a device.
 */
typedef int kl__uses_memory(void *owner, uint64_t address, uint64_t size);

/* lib/memory fills one per device, a test its own. */
struct kl__host {
	/* Zeroed, contiguous for the device, near it; NULL when there is none. */
	void *(*alloc)(struct kl__host *host, size_t size, size_t align, uint64_t *iova);
	void (*free)(struct kl__host *host, void *memory);
	/*
	 * Zeroed memory near the device that no device reaches; NULL when there is none. It is
	 * aligned to a cache line, and freed with the size that it was allocated with. Both NULL:
	 * that of the C library will do.
	 */
	void *(*alloc_private)(struct kl__host *host, size_t size);
	void (*free_private)(struct kl__host *host, void *memory, size_t size);
	/*
	 * The bus address of an application's memory; how many bytes from there on are contiguous,
	 * at most size, 0 when the device can't reach it. NULL: bus addresses equal virtual ones.
	 * Any thread.
	 */
	size_t (*translate)(const struct kl__host *host, const void *address, size_t size,
		uint64_t *iova);
	/*
	 * The memory that the device reaches where bus addresses equal virtual ones. NULL: all
	 * memory, or translate answers.
	 */
	struct kl__reach *reach;
	/*
	 * Lets the device reach a region, and no longer. 0, also when it was so already; after a
	 * message -ENOTSUP, -ENOMEM, -E2BIG, -EBUSY, -EAGAIN, -EIO. NULL: -ENOTSUP.
	 */
	int (*grant)(struct kl__host *host, struct kl_region *region);
	int (*revoke)(struct kl__host *host, struct kl_region *region);
	/*
	 * Sets the device that owns the host from now on, and its function to be called before
	 * memory is taken from the device, NULL for none. NULL: it is never called.
	 */
	void (*set_owner)(struct kl__host *host, void *owner, kl__uses_memory *uses_memory);
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
	/* The device reaches nothing but its own blocks and what was granted or registered. */
	bool is_isolated;
	/* The way that the device is reached, for a person, such as "vfio group 5"; "": unknown. */
	char access[32];
};

#endif
