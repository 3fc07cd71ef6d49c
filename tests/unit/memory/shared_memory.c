/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory that a back end in another process is sent. */
#include "memory/shared_memory.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "memory_fixture.h"

static struct kl__host *host;
static struct kl__shared_memory *shared;
static struct kl__shared_region sent[KL__SHARED_REGIONS_MAX];
static int sent_count, answer;
static unsigned int changes;

static int keep(void *context, const struct kl__shared_region *regions, int count)
{
	cr_expect_eq(context, &changes);
	changes++;
	sent_count = count;
	if (count > 0)
		memcpy(sent, regions, (size_t)count * sizeof(*regions));
	return count < 0 ? count : answer;
}

static void open_back_end(bool is_isolated)
{
	capture_log();
	eal_is_dynamic = true;
	eal_add_pages(EAL_OWN, EAL_BASE, 3);
	host = back_end_open(is_isolated);
	shared = kl__host_shared_memory(host);
	cr_assert_eq(shared->watch(shared, keep, &changes), 0);
}

static void expect_region(unsigned int index, uint64_t address, uint64_t size)
{
	cr_expect(sent[index].address == address && sent[index].iova == address &&
			sent[index].size == size,
		"region %u: 0x%lx bytes at 0x%lx", index, sent[index].size, sent[index].address);
}

Test(shared_memory, eals_files_and_regions)
{
	struct kl_region *region;
	uint64_t at;

	open_back_end(false);
	cr_expect(is_reached(host, EAL_BASE));
	cr_assert_eq(shared->regions(shared, sent, KL__SHARED_REGIONS_MAX), 1);
	expect_region(0, EAL_BASE, 3 * EAL_PAGE);
	cr_expect_eq(sent[0].fd, 99);
	cr_assert_eq(kl_region_create(1, -1, &region), 0);
	at = (uintptr_t)kl_region_memory(region);
	cr_assert_eq(host->grant(host, region), 0);
	cr_expect(changes == 1 && sent_count == 2);
	expect_region(sent[0].address == at ? 0 : 1, at, KL__REGION_ALIGN);
	cr_expect_eq(sent[sent[0].address == at ? 0 : 1].fd, region->fd);
	cr_expect(is_reached(host, at));
	cr_assert_eq(host->revoke(host, region), 0);
	cr_expect(changes == 2 && sent_count == 1);
	cr_expect_not(is_reached(host, at));
	shared->unwatch(shared);
	host->close(host);
	cr_expect_eq(kl_region_destroy(region), 0);
}

/* Not one page of EAL. */
Test(shared_memory, of_an_isolated_device)
{
	struct kl_region *region;
	uint64_t iova;
	void *block;

	open_back_end(true);
	cr_expect_eq(shared->regions(shared, sent, KL__SHARED_REGIONS_MAX), 0);
	block = host->alloc(host, 4096, 4096, &iova);
	cr_assert_neq(block, NULL);
	cr_expect(changes == 1 && sent_count == 1);
	cr_expect_eq(sent[0].size, KL__REGION_ALIGN);
	cr_expect_lt((uintptr_t)block - sent[0].address, sent[0].size);
	cr_assert_eq(kl_region_create(1, -1, &region), 0);
	cr_assert_eq(host->grant(host, region), 0);
	cr_expect(changes == 2 && sent_count == 2);
	cr_expect_lt(sent[0].address, sent[1].address);
	cr_expect_not(is_reached(host, EAL_BASE));
	eal_is_dynamic = true;
	host->free(host, block);
	cr_expect_eq(changes, 2, "the last chunk stays");
	shared->unwatch(shared);
	host->close(host);
	cr_expect_eq(kl_region_destroy(region), 0);
}

/* A back end has room for few regions: 40 blocks of 1 MiB are not 20 of them. */
Test(shared_memory, large_rings_of_an_isolated_device)
{
	uint64_t iova;

	open_back_end(true);
	for (unsigned int i = 0; i < 40; i++)
		cr_assert_neq(host->alloc(host, (1 << 20) + 64, 4096, &iova), NULL);
	cr_expect_leq(sent_count, 4);
	shared->unwatch(shared);
	host->close(host);
}

Test(shared_memory, what_comes_and_goes)
{
	open_back_end(false);
	eal_allocate(EAL_BASE + 3 * EAL_PAGE, 1);
	cr_expect(changes == 1 && sent_count == 1);
	expect_region(0, EAL_BASE, 4 * EAL_PAGE);
	cr_expect(is_reached(host, EAL_BASE + 3 * EAL_PAGE));
	eal_release(EAL_BASE + EAL_PAGE, 1);
	cr_expect_eq(sent_count, 2);
	expect_region(0, EAL_BASE, EAL_PAGE);
	expect_region(1, EAL_BASE + 2 * EAL_PAGE, 2 * EAL_PAGE);
	cr_expect_not(is_reached(host, EAL_BASE + EAL_PAGE));
	/* What the back end does not take is out of reach, until it is sent anew. */
	answer = -E2BIG;
	eal_allocate(EAL_BASE + 8 * EAL_PAGE, 1);
	cr_expect_not(is_reached(host, EAL_BASE + 8 * EAL_PAGE));
	cr_expect_eq(shared->regions(shared, sent, KL__SHARED_REGIONS_MAX), 3);
	cr_expect(is_reached(host, EAL_BASE + 8 * EAL_PAGE));
	shared->unwatch(shared);
	host->close(host);
}

Test(shared_memory, a_region_that_is_refused)
{
	struct kl_region *region;

	open_back_end(true);
	cr_assert_eq(kl_region_create(1, -1, &region), 0);
	answer = -E2BIG;
	cr_expect_eq(host->grant(host, region), -E2BIG);
	cr_expect_not(is_reached(host, (uintptr_t)kl_region_memory(region)));
	cr_expect_eq(kl_region_destroy(region), 0);
	shared->unwatch(shared);
	host->close(host);
}

Test(shared_memory, memory_without_files)
{
	eal_has_no_files = true;
	open_back_end(false);
	cr_expect_eq(shared->regions(shared, sent, KL__SHARED_REGIONS_MAX), -ENOTSUP);
	cr_expect(logged("it is not made of files"), "%s", log_text());
	shared->unwatch(shared);
	host->close(host);
	host = back_end_open(true);
	shared = kl__host_shared_memory(host);
	cr_expect_eq(shared->regions(shared, sent, KL__SHARED_REGIONS_MAX), 0,
		"an isolated device needs none");
	host->close(host);
}

/* External memory of a heap is not sent, so it is out of reach. */
Test(shared_memory, external_heap_that_is_added)
{
	const uint64_t heap = EAL_BASE + (UINT64_C(1) << 40);

	open_back_end(false);
	eal_add_pages(EAL_HEAP, heap, 0);
	eal_allocate(heap, 2);
	for (int i = 0; i < sent_count; i++)
		cr_expect_neq(sent[i].address, heap);
	cr_expect_not(is_reached(host, heap));
	host->close(host);
}
