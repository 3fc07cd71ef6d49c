/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory that the device reaches: windows of bus addresses. Those of the host's own blocks
 * differ from the CPU's addresses, so that a driver that mixes the two up is caught at once.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static struct model *of(struct kl__host *host)
{
	return (struct model *)(void *)((char *)host - offsetof(struct model, host));
}

static bool add_window(struct model *model, struct model_window window)
{
	struct model_window *grown = realloc(model->window,
		(model->windows + 1) * sizeof(*model->window));

	if (grown == NULL)
		return false;
	model->window = grown;
	model->window[model->windows++] = window;
	return true;
}

void model_add_window(struct model *model, void *memory, uint64_t iova, size_t size)
{
	if (!add_window(model, (struct model_window){memory, iova, size, false}))
		model_violation(model, "the model is out of memory");
}

static uint64_t place(struct model *model, const void *memory, size_t size, size_t align)
{
	uint64_t iova = (model->script.next_iova + align - 1) & ~(uint64_t)(align - 1);

	if (model->script.next_iova == 0)
		return (uint64_t)(uintptr_t)memory + MODEL_IOVA_SHIFT;
	model->script.next_iova = iova + size;
	return iova;
}

static void *host_alloc(struct kl__host *host, size_t size, size_t align, uint64_t *iova)
{
	struct model *model = of(host);
	void *memory = NULL;

	model->allocations++;
	if (model->script.alloc_fails_at != 0 && --model->script.alloc_fails_at == 0)
		return NULL;
	if (size == 0 || align == 0 || (align & (align - 1)) != 0)
		model_violation(model, "%zu bytes asked for with alignment %zu", size, align);
	else if (posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, size) !=
		0)
		memory = NULL;
	if (memory == NULL)
		return NULL;
	memset(memory, 0, size);
	*iova = place(model, memory, size, align);
	if (!add_window(model, (struct model_window){memory, *iova, size, true})) {
		free(memory);
		return NULL;
	}
	model->allocated++;
	return memory;
}

/* 3.3.1: the rings of a live queue belong to the device too. */
static void check_unused(struct model *model, const struct model_window *window)
{
	for (unsigned int i = 0; i < MODEL_QUEUES; i++) {
		if (!model->queue[i].is_enabled || model->script.is_gone)
			continue;
		for (unsigned int part = 0; part < 3; part++) {
			uint64_t offset = model->queue[i].address[part] - window->iova;

			if (offset < window->size)
				model_violation(model,
					"INIT-16: memory of queue %u freed while it is live", i);
		}
	}
}

static void host_free(struct kl__host *host, void *memory)
{
	struct model *model = of(host);

	for (size_t i = 0; i < model->windows; i++) {
		if (model->window[i].memory != memory || !model->window[i].is_from_host)
			continue;
		check_unused(model, &model->window[i]);
		free(memory);
		model->window[i] = model->window[--model->windows];
		model->allocated--;
		return;
	}
	model_violation(model, "memory freed that the host did not give");
}

static size_t host_translate(const struct kl__host *host, const void *address, size_t size,
	uint64_t *iova)
{
	const struct model *model = (const struct model *)(const void *)((const char *)host -
		offsetof(struct model, host));

	for (size_t i = 0; i < model->windows; i++) {
		const struct model_window *window = &model->window[i];
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
	struct model *model = of(host);

	model->host_closes++;
	if (model->host_closes > 1)
		model_violation(model, "the host was closed twice");
}

void model_init_host(struct model *model)
{
	model->host = (struct kl__host){
		.alloc = host_alloc,
		.free = host_free,
		.translate = host_translate,
		.close = host_close,
		.numa_node = -1,
		.ticks_per_second = 1000000000,
	};
}

uint8_t *model_translate(struct model *model, uint64_t iova, uint64_t length, const char *what)
{
	for (size_t i = 0; i < model->windows; i++) {
		const struct model_window *window = &model->window[i];
		uint64_t offset = iova - window->iova;

		if (offset < window->size && length <= window->size - offset)
			return window->memory + offset;
	}
	model_violation(model, "FEAT-14: %s at 0x%llx, %llu bytes, is outside of all DMA windows",
		what, (unsigned long long)iova, (unsigned long long)length);
	return NULL;
}
