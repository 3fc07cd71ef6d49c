/* SPDX-License-Identifier: BSD-3-Clause */
/* The blocks of a device's memory: out of which chunks they come, and which are reached. */
#include "memory/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "memory/region.h"
#include "memory_fixture.h"

static struct fake_mapper mapper;
static struct kl__host *host;

static void open_host(bool is_isolated)
{
	capture_log();
	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 64);
	fake_mapper_init(&mapper, is_isolated);
	cr_assert_eq(host_open(&mapper, &host), 0, "%s", log_text());
}

static void *alloc(size_t size, size_t align)
{
	uint64_t iova;
	void *memory = host->alloc(host, size, align, &iova);

	cr_assert_neq(memory, NULL, "%s", log_text());
	cr_expect_eq(iova, (uintptr_t)memory);
	cr_expect_eq(iova % align, 0);
	return memory;
}

/* All that an isolated device reaches, listed. */
Test(host, an_isolated_device_reaches_its_blocks_and_what_it_was_given)
{
	static char application[4096] __attribute__((aligned(4096)));
	struct kl_region *region, *others;
	void *ring, *header, *own;

	open_host(true);
	cr_assert_eq(kl_region_create(4096, -1, &region), 0);
	cr_assert_eq(kl_region_create(4096, -1, &others), 0);
	ring = alloc(16384, 4096);
	header = alloc(64, 64);
	own = host->alloc_private(host, 4096);
	cr_assert_neq(own, NULL);
	cr_assert_eq(host->grant(host, region), 0);
	cr_assert_eq(kl_memory_register(application, sizeof(application)), 0);
	cr_expect_eq(eal_zones, 0, "no block is EAL's");
	cr_expect_eq(mapper.count, 3, "blocks, the region, the registered memory");
	cr_expect(fake_mapper_covers(&mapper, (uintptr_t)ring));
	cr_expect(fake_mapper_covers(&mapper, (uintptr_t)header));
	cr_expect(fake_mapper_covers(&mapper, (uintptr_t)kl_region_memory(region)));
	cr_expect(fake_mapper_covers(&mapper, (uintptr_t)application));
	cr_expect_not(fake_mapper_covers(&mapper, (uintptr_t)own));
	cr_expect_not(fake_mapper_covers(&mapper, (uintptr_t)host));
	cr_expect_not(fake_mapper_covers(&mapper, (uintptr_t)kl_region_memory(others)));
	cr_expect_not(is_reached(host, EAL_BASE));
	for (unsigned int i = 0; i < mapper.count; i++)
		cr_expect_eq(kl__reach_find(host->reach, mapper.mapping[i].address).bytes != 0, 1);
	cr_assert_eq(kl_memory_unregister(application, sizeof(application)), 0);
	host->free_private(host, own, 4096);
	host->free(host, ring);
	host->free(host, header);
	cr_assert_eq(host->revoke(host, region), 0);
	host->close(host);
	cr_expect_eq(kl_region_destroy(region), 0);
	cr_expect_eq(kl_region_destroy(others), 0);
}

Test(host, an_ordinary_device_reaches_eals_memory)
{
	void *ring, *own;

	open_host(false);
	ring = alloc(16384, 4096);
	own = host->alloc_private(host, 4096);
	cr_expect_eq(eal_zones, 1);
	cr_expect_eq(mapper.count, 64);
	cr_expect(fake_mapper_covers(&mapper, (uintptr_t)ring));
	cr_expect_not(fake_mapper_covers(&mapper, (uintptr_t)own));
	cr_expect_not(is_reached(host, (uintptr_t)own));
	host->free(host, ring);
	host->free_private(host, own, 4096);
	host->close(host);
}

/* Every device writes to all that it reaches: the records of blocks must be elsewhere. */
static void blocks_survive_a_device(bool is_isolated)
{
	static void *block[256];
	uint64_t iova;

	open_host(is_isolated);
	srand(2);
	for (unsigned int round = 0; round < 20000; round++) {
		unsigned int i = (unsigned int)rand() % 256;
		size_t size = 1 + (size_t)rand() % 9000, align = (size_t)64 << rand() % 7;

		if (block[i] != NULL) {
			host->free(host, block[i]);
			block[i] = NULL;
			continue;
		}
		block[i] = host->alloc(host, size, align, &iova);
		cr_assert_neq(block[i], NULL, "%s", log_text());
		for (size_t at = 0; at < size; at++)
			cr_assert_eq(((char *)block[i])[at], 0, "it is zeroed");
		for (unsigned int other = 0; other < 256; other++)
			cr_assert(other == i || block[other] == NULL ||
				(char *)block[other] + 1 <= (char *)block[i] ||
				(char *)block[other] >= (char *)block[i] + size);
		memset(block[i], 0xa5, size);
	}
	for (unsigned int i = 0; i < 256; i++)
		if (block[i] != NULL)
			host->free(host, block[i]);
	host->close(host);
}

Test(host, blocks_of_an_isolated_device)
{
	blocks_survive_a_device(true);
}

Test(host, blocks_of_an_ordinary_device)
{
	blocks_survive_a_device(false);
}

/* Five memzones per queue pair were more than EAL has. */
Test(host, blocks_of_512_queue_pairs)
{
	open_host(false);
	for (unsigned int i = 0; i < 512 * 2; i++)
		alloc(12288, 4096);
	cr_expect_leq(eal_zones, 20);
	/* With all memzones gone the message names them. */
	eal_zones_max = eal_zones;
	forget_log();
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t iova;

		if (host->alloc(host, 12288, 4096, &iova) == NULL)
			break;
	}
	cr_expect(logged("EAL has given out all of its 2560 memzones (RTE_MAX_MEMZONE)"), "%s",
		log_text());
	host->close(host);
}

/* Blocks of a device that is lost are not freed, and the device may write there for ever. */
Test(host, blocks_that_are_kept)
{
	char *block, *freed;

	open_host(true);
	block = alloc(64, 64);
	freed = alloc(64, 64);
	host->free(host, freed);
	host->close(host);
	*block = 1;
}

Test(host, memory_of_eal_that_could_not_be_mapped)
{
	uint64_t iova;

	capture_log();
	eal_is_dynamic = true;
	fake_mapper_init(&mapper, false);
	cr_assert_eq(host_open(&mapper, &host), 0);
	cr_expect_eq(host->alloc(host, 64, 64, &iova), NULL);
	cr_expect(logged("could not be mapped for it"), "%s", log_text());
	host->close(host);
}

Test(host, no_memory_for_an_own_block)
{
	uint64_t iova;

	open_host(true);
	mapper.refuses = -ENOMEM;
	cr_expect_eq(host->alloc(host, 64, 64, &iova), NULL);
	cr_expect(logged("the reason is -12"), "%s", log_text());
	host->close(host);
}

/*
 * A second control thread is opening a device of the same mapper when the first one closes its own,
 * the last that is open. What that had mapped is gone before the second maps all of it anew.
 */
Test(host, closed_while_another_opens)
{
	open_host(false);
	mapper.uses++;
	cr_assert_gt(mapper.count, 0);
	host->close(host);
	cr_expect_eq(mapper.count, 0, "%u mappings are left, and nobody knows of them",
		mapper.count);
	cr_assert_eq(host_open(&mapper, &host), 0, "%s", log_text());
	cr_expect(is_reached(host, EAL_BASE));
	host->close(host);
}

/* The same where the first one fails to open. */
Test(host, failed_while_another_opens)
{
	struct kl__host *refused;

	open_host(false);
	host->close(host);
	fake_mapper_init(&mapper, false);
	mapper.uses = 1;
	mapper.refuses = -ENOMEM;
	mapper.refused_from = EAL_BASE + 8 * EAL_PAGE;
	cr_expect_eq(host_open(&mapper, &refused), -ENOMEM);
	cr_expect_eq(mapper.count, 0);
	mapper.refuses = 0;
	cr_assert_eq(host_open(&mapper, &host), 0, "%s", log_text());
	host->close(host);
}
