/* SPDX-License-Identifier: BSD-3-Clause */
#include "virtual_host.h"

#include <criterion/criterion.h>

#include "ring/reach.h"

#define BLOCKS 64

static struct {
	void *memory;
	size_t size;
} blocks[BLOCKS];

static void *(*fake_alloc)(struct kl__host *host, size_t size, size_t align, uint64_t *iova);
static void (*fake_free_block)(struct kl__host *host, void *memory);

static void *alloc_block(struct kl__host *host, size_t size, size_t align, uint64_t *iova)
{
	void *memory = fake_alloc(host, size, align, iova);
	unsigned int i = 0;

	if (memory == NULL)
		return NULL;
	while (i < BLOCKS && blocks[i].memory != NULL)
		i++;
	cr_assert_lt(i, BLOCKS);
	blocks[i].memory = memory;
	blocks[i].size = size;
	cr_assert_eq(kl__reach_add(host->reach, (uintptr_t)memory, size), 0);
	return memory;
}

static void free_block(struct kl__host *host, void *memory)
{
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (blocks[i].memory == memory) {
			kl__reach_remove(host->reach, (uintptr_t)memory, blocks[i].size);
			blocks[i].memory = NULL;
		}
	fake_free_block(host, memory);
}

void virtual_host_begin(struct fake_device *fake)
{
	fake_alloc = fake->host.alloc;
	fake_free_block = fake->host.free;
	fake->host.alloc = alloc_block;
	fake->host.free = free_block;
	fake->host.translate = NULL;
	fake->host.reach = kl__reach_create();
	cr_assert_neq(fake->host.reach, NULL);
}

void virtual_host_add(struct fake_device *fake, void *memory, size_t size)
{
	fake_add_window(fake, memory, (uintptr_t)memory, size);
	cr_assert_eq(kl__reach_add(fake->host.reach, (uintptr_t)memory, size), 0);
}

void virtual_host_remove(struct fake_device *fake, void *memory, size_t size)
{
	kl__reach_remove(fake->host.reach, (uintptr_t)memory, size);
	for (size_t i = 0; i < fake->windows; i++)
		if (fake->window[i].memory == memory && fake->window[i].size == size)
			fake->window[i] = fake->window[--fake->windows];
}

void virtual_host_end(struct fake_device *fake)
{
	kl__reach_free(fake->host.reach);
	fake->host.reach = NULL;
}
