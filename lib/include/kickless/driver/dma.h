/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Memory that a device reaches, its bus addresses, and memory that no device reaches; for drivers
 * inside this tree; not installed.
 */
#ifndef KICKLESS_DRIVER_DMA_H
#define KICKLESS_DRIVER_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/device.h>
#include <kickless/version.h>

/** A block of memory that the device can reach, contiguous for it. */
struct kl_dma {
	void *memory;
	uint64_t iova;
	size_t size;
};

/**
 * Allocates size zeroed bytes on the device's NUMA node. align is a power of two.
 *
 * Thread: control.
 * Returns: 0; after a message -ENOMEM.
 */
KL_API int kl_device_dma_alloc(struct kl_device *device, size_t size, size_t align,
	struct kl_dma *dma);
/**
 * Frees a block and clears dma. The memory of a device that is lost is kept, since the device may
 * still write there. Thread: control.
 */
KL_API void kl_device_dma_free(struct kl_device *device, struct kl_dma *dma);

/**
 * Allocates size zeroed bytes that no device reaches, near the device and aligned to a cache line.
 * All that a driver decides on lies in such memory or in the heap: what a device was given, and
 * under which number.
 *
 * Thread: control.
 * Ownership: the caller's, to be freed with kl_device_private_free before the device is closed.
 * Returns: NULL, after a message, when there is none.
 */
KL_API void *kl_device_private_alloc(struct kl_device *device, size_t size);
/** Frees what kl_device_private_alloc returned for that size; NULL is allowed. Thread: control. */
KL_API void kl_device_private_free(struct kl_device *device, void *memory, size_t size);

/** True when bus addresses equal virtual ones for all memory; constant. Thread: any. */
KL_API bool kl_device_iova_is_virtual(const struct kl_device *device);

/** Ticks per second of the CPU's cycle counter, which is the clock of the rings. Thread: any. */
KL_API uint64_t kl_device_ticks_per_second(const struct kl_device *device);

/**
 * The bus address of the application's memory.
 *
 * Thread: any.
 * Returns: how many bytes from address on are contiguous for the device, at most size; 0 when the
 * device can't reach the memory: it was neither registered nor granted, and is not EAL's or the
 * device is isolated from that.
 * Spec: 2.7.5.
 */
KL_API size_t kl_device_translate(const struct kl_device *device, const void *address, size_t size,
	uint64_t *iova);

#endif
