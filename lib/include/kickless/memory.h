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

struct kl_device;

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
 * Makes [address, address + size) reachable for all devices behind an IOMMU, those that are opened
 * later too. A vhost-user back end does not reach it, since it can be sent files only: see
 * kl_region_create.
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
 * Returns: 0; after a message -EINVAL (exactly this range was not registered), -EBUSY (a buffer of
 * a device lies in it; if one came at this moment, others may have ended with -EFAULT), -EAGAIN (a
 * thread stays within a call, or a device is being started or recovered), -EIO.
 */
KL_API int kl_memory_unregister(void *address, size_t size);

/**
 * Memory of its own, of which devices reach only what they were granted. It is made of pages of
 * 2 MiB if there are free ones, else of 4 KiB, it lies at an address that any IOMMU can map, and it
 * can be shared with a vhost-user back end. A device with isolate=1 in its name reaches its rings,
 * what it was granted, and over VFIO what was registered; another one EAL's memory, too.
 */
struct kl_region;

/**
 * Makes a region of at least size zeroed bytes, on NUMA node if that has memory (-1: any).
 *
 * Thread: any.
 * Ownership: the caller's, to be destroyed with kl_region_destroy.
 * Returns: 0; after a message -ENOMEM, -EINVAL (size 0).
 */
KL_API int kl_region_create(size_t size, int node, struct kl_region **region);
/**
 * Frees the region; NULL is allowed. Closing a device revokes what it was granted.
 *
 * Thread: any.
 * Returns: 0; after a message -EBUSY while it is granted to a device.
 */
KL_API int kl_region_destroy(struct kl_region *region);
/** The address of the first byte; constant. Thread: any. */
KL_API void *kl_region_memory(const struct kl_region *region);
/** Bytes of the region, as many as were requested or more; constant. Thread: any. */
KL_API size_t kl_region_size(const struct kl_region *region);

/**
 * Lets the device reach the region until it is revoked or the device is closed. All devices that
 * share an address space of the IOMMU reach it then, which isolated ones do not.
 *
 * Thread: control.
 * Returns: 0, also when it was granted already; after a message -ENOTSUP (bus addresses are
 * physical), -ENOMEM (the limits of the IOMMU, memlock), -E2BIG (the back end takes no more).
 */
KL_API int kl_region_grant(struct kl_region *region, struct kl_device *device);
/**
 * Takes the region from the device.
 *
 * Thread: control.
 * Returns: 0; -EINVAL, it was not granted; else as kl_memory_unregister.
 */
KL_API int kl_region_revoke(struct kl_region *region, struct kl_device *device);

#endif
