/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/registered.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include <kickless/log.h>
#include <kickless/memory.h>

#include "memory/eal_memory.h"

#define PAGE 4096
#define MAX_RANGES 256

struct registered {
	uint64_t address;
	uint64_t size;
};

/* Under the lock of spaces. */
static struct registered registered[MAX_RANGES];
static unsigned int count;

void *kl_memory_alloc(size_t size, size_t align, int node)
{
	return rte_zmalloc_socket("kickless", size, (unsigned int)align,
		node < 0 ? SOCKET_ID_ANY : node);
}

void kl_memory_free(void *memory)
{
	rte_free(memory);
}

static struct registered *find_overlapping(uint64_t address, uint64_t size)
{
	for (unsigned int i = 0; i < count; i++)
		if (kl__range_overlaps((struct kl__range){address, size},
			    (struct kl__range){registered[i].address, registered[i].size}))
			return &registered[i];
	return NULL;
}

static int check_place(uint64_t address, uint64_t size)
{
	if (rte_eal_iova_mode() == RTE_IOVA_PA) {
		kl_error(
			"memory at %p can't be registered: bus addresses are physical here; take it from "
			"kl_memory_alloc, or run behind an IOMMU",
			(void *)(uintptr_t)address);
		return -ENOTSUP;
	}
	if (address % PAGE != 0 || size == 0 || size % PAGE != 0 || address + size < address) {
		kl_error(
			"memory of %zu bytes at %p can't be registered: both must be multiples of %d",
			(size_t)size, (void *)(uintptr_t)address, PAGE);
		return -EINVAL;
	}
	if (kl__eal_memory_overlaps(address, size)) {
		kl_error("memory of %zu bytes at %p is EAL's, which devices reach as it is",
			(size_t)size, (void *)(uintptr_t)address);
		return -EINVAL;
	}
	return 0;
}

static int check_room(uint64_t address, uint64_t size)
{
	const struct registered *other = find_overlapping(address, size);

	if (other != NULL) {
		kl_error(
			"memory of %zu bytes at %p overlaps with the %zu bytes at %p that are registered; "
			"unregister those first",
			(size_t)size, (void *)(uintptr_t)address, (size_t)other->size,
			(void *)(uintptr_t)other->address);
		return -EINVAL;
	}
	if (count == MAX_RANGES) {
		kl_error("no more than %d ranges of memory can be registered; register larger ones",
			MAX_RANGES);
		return -ENOMEM;
	}
	return 0;
}

static void notice_back_end(struct kl__space *space)
{
	if (!space->has_noticed)
		kl_notice(
			"%s: registered memory is not sent to it, since it lies in no file, so requests with "
			"such buffers fail; use a region (kl_region_create)",
			space->users->name);
	space->has_noticed = true;
}

static int enter_range(struct kl__space *space, const struct registered *range)
{
	if (space->mapper == NULL) {
		notice_back_end(space);
		return 0;
	}
	if (kl__space_is_torn_off(space))
		return 0;
	return kl__space_map(space, range->address, range->address, range->size);
}

/* Takes a range out of the spaces before end again. */
static void leave_spaces(const struct kl__space *end, const struct registered *range)
{
	struct kl__space *space = NULL;

	while ((space = kl__space_next(space)) != end)
		if (space->mapper != NULL)
			(void)kl__space_unmap(space, range->address, range->address, range->size);
}

static int enter_spaces(const struct registered *range)
{
	struct kl__space *space = NULL;
	int rc = 0;

	while ((space = kl__space_next(space)) != NULL) {
		rc = enter_range(space, range);
		if (rc == 0)
			continue;
		leave_spaces(space, range);
		return rc;
	}
	return 0;
}

int kl_memory_register(void *address, size_t size)
{
	const struct registered range = {(uintptr_t)address, size};
	int rc;

	kl__spaces_lock();
	rc = check_place(range.address, range.size);
	if (rc == 0)
		rc = check_room(range.address, range.size);
	if (rc == 0)
		rc = enter_spaces(&range);
	if (rc == 0)
		registered[count++] = range;
	kl__spaces_unlock();
	return rc;
}

static int check_unused(const struct registered *range)
{
	struct kl__space *space = NULL;
	int rc = 0;

	while (rc == 0 && (space = kl__space_next(space)) != NULL)
		if (space->mapper != NULL)
			rc = kl__space_check_unused(space, range->address, range->size);
	return rc;
}

/* Sets whether requests with the memory are accepted, in all spaces where it is mapped. */
static void set_reach(const struct registered *range, bool is_reachable)
{
	struct kl__space *space = NULL;

	while ((space = kl__space_next(space)) != NULL) {
		if (space->mapper == NULL)
			continue;
		if (is_reachable)
			(void)kl__reach_add(space->reach, range->address, range->size);
		else
			kl__reach_remove(space->reach, range->address, range->size);
	}
}

static int unmap_all(const struct registered *range)
{
	struct kl__space *space = NULL;
	int rc = 0;

	while ((space = kl__space_next(space)) != NULL)
		if (space->mapper != NULL &&
			kl__space_unmap(space, range->address, range->address, range->size) != 0)
			rc = -EIO;
	return rc;
}

/*
 * Out of use, out of the tables, and still out of use: a buffer that came between the first two is
 * found by the third.
 */
static int take_range(const struct registered *range)
{
	int rc = check_unused(range);

	if (rc != 0)
		return rc;
	set_reach(range, false);
	rc = check_unused(range);
	if (rc != 0) {
		set_reach(range, true);
		return rc;
	}
	return unmap_all(range);
}

int kl_memory_unregister(void *address, size_t size)
{
	struct registered *range;
	int rc = -EINVAL;

	kl__spaces_lock();
	range = find_overlapping((uintptr_t)address, size);
	if (range == NULL || range->address != (uintptr_t)address || range->size != size)
		kl_error("memory of %zu bytes at %p was not registered as such", size, address);
	else
		rc = take_range(range);
	if (rc == 0)
		*range = registered[--count];
	kl__spaces_unlock();
	return rc;
}

int kl__registered_open(struct kl__space *space)
{
	int rc = 0;

	for (unsigned int i = 0; i < count && rc == 0; i++)
		rc = enter_range(space, &registered[i]);
	return rc;
}
