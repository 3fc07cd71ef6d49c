/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for a device, which it reaches, and for its driver, which no device reaches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"
#include "ring/queue.h"

int kl_device_dma_alloc(struct kl_device *device, size_t size, size_t align, struct kl_dma *dma)
{
	dma->size = size;
	dma->memory = device->host->alloc(device->host, size, align, &dma->iova);
	if (dma->memory != NULL)
		return 0;
	kl_error(
		"%s: no %zu bytes of memory that the device can reach on NUMA node %d; give EAL more "
		"with -m MIB, or more hugepages",
		device->info.name, size, device->host->numa_node);
	return -ENOMEM;
}

void kl_device_dma_free(struct kl_device *device, struct kl_dma *dma)
{
	/* A device that is lost may still write there. */
	if (dma->memory != NULL && kl_device_state(device) != KL_DEVICE_LOST)
		device->host->free(device->host, dma->memory);
	*dma = (struct kl_dma){0};
}

static void *alloc_lines(size_t size)
{
	size_t rounded = (size + KL__CACHE_LINE - 1) & ~(size_t)(KL__CACHE_LINE - 1);
	void *memory = aligned_alloc(KL__CACHE_LINE, rounded);

	return memory != NULL ? memset(memory, 0, rounded) : NULL;
}

void *kl_device_private_alloc(struct kl_device *device, size_t size)
{
	struct kl__host *host = device->host;
	void *memory = host->alloc_private != NULL ? host->alloc_private(host, size) :
						     alloc_lines(size);

	if (memory == NULL)
		(void)kl_no_memory(device->info.name, size);
	return memory;
}

void kl_device_private_free(struct kl_device *device, void *memory, size_t size)
{
	struct kl__host *host = device->host;

	if (memory == NULL)
		return;
	if (host->free_private != NULL)
		host->free_private(host, memory, size);
	else
		free(memory);
}

bool kl_device_iova_is_virtual(const struct kl_device *device)
{
	return device->host->translate == NULL;
}

size_t kl_device_translate(const struct kl_device *device, const void *address, size_t size,
	uint64_t *iova)
{
	const struct kl__host *host = device->host;
	struct kl__range range;
	uint64_t left;

	if (host->translate != NULL)
		return host->translate(host, address, size, iova);
	*iova = (uintptr_t)address;
	if (host->reach == NULL)
		return size;
	range = kl__reach_find(host->reach, *iova);
	left = range.first + range.bytes - *iova;
	return range.bytes == 0 ? 0 : KL__MIN(size, left);
}

uint64_t kl_device_ticks_per_second(const struct kl_device *device)
{
	return device->host->ticks_per_second;
}
