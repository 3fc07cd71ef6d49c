/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Memory that devices can reach. EAL's own (rte_malloc, mempools) always can be; these functions
 * are for memory of the application.
 */
#ifndef KICKLESS_MEMORY_H
#define KICKLESS_MEMORY_H

#include <stddef.h>

#include <kickless/version.h>

/**
 * Allocates memory for buffers on NUMA node (-1: any), zeroed, aligned to align, a power of two.
 *
 * Thread: any.
 *
 * Ownership: the caller's, to be freed with kl_memory_free.
 *
 * Returns: NULL when there is none.
 */
KL_API void *kl_memory_alloc(size_t size, size_t align, int node);
/**
 * Frees what kl_memory_alloc returned; NULL is allowed.
 *
 * Thread: any.
 */
KL_API void kl_memory_free(void *memory);

/**
 * Makes [address, address + size) reachable for all devices, those that are opened later too.
 *
 * Both must be multiples of the page size, 4 KiB, and of the IOMMU's where that is larger. The
 * memory must stay mapped until it is unregistered.
 *
 * Thread: control.
 *
 * Returns: 0; after a message -EINVAL (alignment, overlap with what is registered), -ENOMEM (the
 * limits of the IOMMU, memlock), -ENOTSUP (bus addresses are physical).
 */
KL_API int kl_memory_register(void *address, size_t size);
/**
 * Ends a registration: no device may use the memory any more.
 *
 * Thread: control.
 *
 * Returns: 0; -EINVAL when exactly this range was not registered.
 */
KL_API int kl_memory_unregister(void *address, size_t size);

#endif
