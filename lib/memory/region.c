/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory/region.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <kickless/log.h>

/*
 * Regions lie below 256 GiB, so that an IOMMU of 39 bits can map them, and above 4 GiB. EAL
 * reserves its addresses from the lower end on, so the search goes downward.
 */
#define HINT_END (UINT64_C(1) << 38)
#define HINT_FIRST (UINT64_C(1) << 32)
#define HINT_STEP (UINT64_C(1) << 30)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define NODES_MAX 1024
#define BITS_PER_LONG (8 * sizeof(unsigned long))

void kl__memory_prefer_node(void *address, size_t size, int node)
{
	unsigned long mask[NODES_MAX / BITS_PER_LONG] = {0};

	if (node < 0 || node >= NODES_MAX)
		return;
	mask[(unsigned int)node / BITS_PER_LONG] = 1ul << ((unsigned int)node % BITS_PER_LONG);
	(void)syscall(SYS_mbind, address, size, MPOL_PREFERRED, mask, NODES_MAX, 0);
}

static void *map_at(uint64_t address, size_t size, int fd)
{
	/* The address is a parameter of mmap. */
	void *hint = (void *)(uintptr_t)address;
	void *memory = mmap(hint, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | (address != 0 ? MAP_FIXED_NOREPLACE : 0), fd, 0);

	/* A kernel before 4.17 takes the address for a hint. */
	if (memory != MAP_FAILED && address != 0 && memory != hint) {
		munmap(memory, size);
		errno = EEXIST;
		return MAP_FAILED;
	}
	return memory;
}

void *kl__memory_map_aligned(size_t size, size_t align, int protection)
{
	uint8_t *space = mmap(NULL, size + align, protection,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (space == MAP_FAILED)
		return MAP_FAILED;
	before = -(uintptr_t)space & (align - 1);
	if (before > 0)
		munmap(space, before);
	if (before < align)
		munmap(space + before + size, align - before);
	return space + before;
}

/* Anywhere, at a multiple of the region's alignment. */
static void *map_anywhere(size_t size, int fd)
{
	void *space = kl__memory_map_aligned(size, KL__REGION_ALIGN, PROT_NONE), *memory;

	if (space == MAP_FAILED)
		return MAP_FAILED;
	memory = mmap(space, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	if (memory == MAP_FAILED)
		munmap(space, size);
	return memory;
}

/* The highest free place that ends at end or below; MAP_FAILED with EEXIST: there is none. */
static void *map_below(uint64_t end, size_t size, int fd)
{
	errno = EEXIST;
	while (end >= HINT_FIRST + size) {
		uint64_t address = (end - size) & ~(KL__REGION_ALIGN - 1);
		void *memory = map_at(address, size, fd);

		if (memory != MAP_FAILED || errno != EEXIST)
			return memory;
		end = address > HINT_STEP ? address - HINT_STEP : 0;
	}
	return MAP_FAILED;
}

/* The search goes on below the last region, and then begins again for what was freed above. */
static void *map_file(size_t size, int fd)
{
	static uint64_t last = HINT_END;
	void *memory = map_below(__atomic_load_n(&last, __ATOMIC_RELAXED), size, fd);

	if (memory == MAP_FAILED && errno == EEXIST)
		memory = map_below(HINT_END, size, fd);
	if (memory == MAP_FAILED)
		return errno == EEXIST ? map_anywhere(size, fd) : MAP_FAILED;
	__atomic_store_n(&last, (uintptr_t)memory, __ATOMIC_RELAXED);
	return memory;
}

/* Gives the pages their memory now: later a shortage would be a SIGBUS. */
static int populate_pages(void *memory, size_t size)
{
	if (madvise(memory, size, MADV_POPULATE_WRITE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	memset(memory, 0, size);
	return 0;
}

static int make_region(struct kl_region *region, unsigned int flags, int node)
{
	int rc;

	region->fd = memfd_create("kickless", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	if (region->fd < 0)
		return -errno;
	if (ftruncate(region->fd, (off_t)region->size) != 0) {
		rc = -errno;
		goto close_file;
	}
	/* A back end has the file too: were it shorter, our next access would be a SIGBUS. */
	if (fcntl(region->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		rc = -errno;
		goto close_file;
	}
	region->memory = map_file(region->size, region->fd);
	if (region->memory == MAP_FAILED) {
		rc = -errno;
		goto close_file;
	}
	kl__memory_prefer_node(region->memory, region->size, node);
	rc = populate_pages(region->memory, region->size);
	if (rc == 0)
		return 0;
	munmap(region->memory, region->size);
close_file:
	close(region->fd);
	return rc;
}

int kl_region_create(size_t size, int node, struct kl_region **result)
{
	struct kl_region *region;
	int rc;

	if (size == 0 || size > SIZE_MAX / 2) {
		kl_error("a region of memory can't have %zu bytes", size);
		return -EINVAL;
	}
	region = calloc(1, sizeof(*region));
	if (region == NULL)
		return kl_no_memory("a region of memory", sizeof(*region));
	region->size = (size + KL__REGION_ALIGN - 1) & ~(KL__REGION_ALIGN - 1);
	region->has_hugepages = true;
	rc = make_region(region, MFD_HUGETLB | MFD_HUGE_2MB, node);
	if (rc != 0) {
		region->has_hugepages = false;
		rc = make_region(region, 0, node);
	}
	if (rc != 0) {
		kl_error(
			"a region of %zu bytes of memory can't be had: %s; free memory, or request less",
			region->size, strerror(-rc));
		free(region);
		return -ENOMEM;
	}
	*result = region;
	return 0;
}

void kl__region_free(struct kl_region *region)
{
	munmap(region->memory, region->size);
	close(region->fd);
	free(region);
}

void *kl_region_memory(const struct kl_region *region)
{
	return region->memory;
}

size_t kl_region_size(const struct kl_region *region)
{
	return region->size;
}
