/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory that the device reaches: windows of bus addresses. Those of the host's own blocks
 * differ from the CPU's addresses, so that a driver that mixes the two up is caught at once.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static struct fake_device *fake_of(struct kl__host *host)
{
	return (struct fake_device *)(void *)((char *)host - offsetof(struct fake_device, host));
}

static bool add_window(struct fake_device *fake, struct fake_window window)
{
	struct fake_window *grown = realloc(fake->window,
		(fake->windows + 1) * sizeof(*fake->window));

	if (grown == NULL)
		return false;
	fake->window = grown;
	fake->window[fake->windows++] = window;
	return true;
}

void fake_add_window(struct fake_device *fake, void *memory, uint64_t iova, size_t size)
{
	if (!add_window(fake, (struct fake_window){memory, iova, size, false}))
		fake_violation(fake, "the fake device is out of memory");
}

static uint64_t place(struct fake_device *fake, const void *memory, size_t size, size_t align)
{
	uint64_t iova = (fake->script.next_iova + align - 1) & ~(uint64_t)(align - 1);

	if (fake->script.next_iova == 0)
		return (uintptr_t)memory + (fake->host.translate == NULL ? 0 : FAKE_IOVA_SHIFT);
	fake->script.next_iova = iova + size;
	return iova;
}

static void *host_alloc(struct kl__host *host, size_t size, size_t align, uint64_t *iova)
{
	struct fake_device *fake = fake_of(host);
	void *memory = NULL;

	fake->allocations++;
	if (fake->script.alloc_fails_at != 0 && --fake->script.alloc_fails_at == 0)
		return NULL;
	if (size == 0 || align == 0 || (align & (align - 1)) != 0)
		fake_violation(fake, "%zu bytes requested with alignment %zu", size, align);
	else if (posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, size) !=
		0)
		memory = NULL;
	if (memory == NULL)
		return NULL;
	memset(memory, 0, size);
	*iova = place(fake, memory, size, align);
	if (!add_window(fake, (struct fake_window){memory, *iova, size, true})) {
		free(memory);
		return NULL;
	}
	fake->allocated++;
	return memory;
}

static void *host_alloc_private(struct kl__host *host, size_t size)
{
	struct fake_device *fake = fake_of(host);
	void *memory;

	fake->allocations++;
	if (fake->script.alloc_fails_at != 0 && --fake->script.alloc_fails_at == 0)
		return NULL;
	if (posix_memalign(&memory, 64, size) != 0)
		return NULL;
	fake->allocated_private++;
	return memset(memory, 0, size);
}

static void host_free_private(struct kl__host *host, void *memory, size_t size)
{
	(void)size;
	fake_of(host)->allocated_private--;
	free(memory);
}

/* 3.3.1: the rings of a live queue belong to the device too. */
static void check_unused(struct fake_device *fake, const struct fake_window *window)
{
	for (unsigned int i = 0; i < FAKE_QUEUES; i++) {
		if (!fake->queue[i].is_enabled || fake->script.is_gone)
			continue;
		for (unsigned int part = 0; part < 3; part++) {
			uint64_t offset = fake->queue[i].address[part] - window->iova;

			if (offset < window->size)
				fake_violation(fake,
					"INIT-16: memory of queue %u freed while it is live", i);
		}
	}
}

static void host_free(struct kl__host *host, void *memory)
{
	struct fake_device *fake = fake_of(host);

	for (size_t i = 0; i < fake->windows; i++) {
		if (fake->window[i].memory != memory || !fake->window[i].is_from_host)
			continue;
		check_unused(fake, &fake->window[i]);
		free(memory);
		fake->window[i] = fake->window[--fake->windows];
		fake->allocated--;
		return;
	}
	fake_violation(fake, "memory freed that the host did not give");
}

static size_t host_translate(const struct kl__host *host, const void *address, size_t size,
	uint64_t *iova)
{
	const struct fake_device *fake =
		(const struct fake_device *)(const void *)((const char *)host -
			offsetof(struct fake_device, host));

	for (size_t i = 0; i < fake->windows; i++) {
		const struct fake_window *window = &fake->window[i];
		uint64_t offset = (uint64_t)((const uint8_t *)address - window->memory);

		if (offset >= window->size)
			continue;
		*iova = window->iova + offset;
		return size < window->size - offset ? size : window->size - offset;
	}
	return 0;
}

static void host_close(struct kl__host *host)
{
	struct fake_device *fake = fake_of(host);

	fake->host_closes++;
	if (fake->host_closes > 1)
		fake_violation(fake, "the host was closed twice");
}

void fake_init_host(struct fake_device *fake)
{
	fake->host = (struct kl__host){
		.alloc = host_alloc,
		.free = host_free,
		.alloc_private = host_alloc_private,
		.free_private = host_free_private,
		.translate = host_translate,
		.close = host_close,
		.numa_node = -1,
		.ticks_per_second = 1000000000,
	};
}

uint8_t *fake_translate(struct fake_device *fake, uint64_t iova, uint64_t length, const char *what)
{
	for (size_t i = 0; i < fake->windows; i++) {
		const struct fake_window *window = &fake->window[i];
		uint64_t offset = iova - window->iova;

		if (offset < window->size && length <= window->size - offset)
			return window->memory + offset;
	}
	fake_violation(fake, "FEAT-14: %s at 0x%llx, %llu bytes, is outside of all DMA windows",
		what, (unsigned long long)iova, (unsigned long long)length);
	return NULL;
}
