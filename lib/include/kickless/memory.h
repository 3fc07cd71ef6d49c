/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that devices can reach. EAL's own (rte_malloc, mempools) always can be; this is for memory
 * of the application's.
 */
#ifndef KICKLESS_MEMORY_H
#define KICKLESS_MEMORY_H

#include <stddef.h>

#include <kickless/version.h>

/*
 * Memory for buffers on NUMA node (-1: any), zeroed, aligned to a power of two, contiguous for
 * devices where that matters. NULL when there is none. Any thread.
 */
KL_API void *kl_memory_alloc(size_t size, size_t align, int node);
KL_API void kl_memory_free(void *memory);

/*
 * Makes [address, address + size) reachable for all devices, those that are opened later too. Both
 * must be multiples of the page size, 4 KiB, and of the IOMMU's where that is larger; it must stay
 * mapped until it is unregistered, and be locked where bus addresses are physical. 0; -EINVAL
 * (alignment, overlap with what is registered), -ENOMEM (the IOMMU's limits, memlock), -ENOTSUP
 * (bus addresses are physical). Control thread.
 */
KL_API int kl_memory_register(void *address, size_t size);
/* No device may use it any more. 0, -EINVAL when exactly this was not registered. */
KL_API int kl_memory_unregister(void *address, size_t size);

#endif
