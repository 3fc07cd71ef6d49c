/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/region.h"

#include <endian.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_io.h>

#include <kickless/log.h>

#include "platform/guard.h"

void kl__region_map(struct kl__region *region, uint64_t offset, uint64_t size)
{
	struct kl__region_area *area = &region->areas[region->area_count];
	void *memory;

	/* Checked without sums, which the numbers of another could make wrap. */
	if (region->area_count == KL__REGION_AREAS || size == 0 || offset > region->size ||
		size > region->size - offset)
		return;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd,
		(off_t)(region->offset + offset));
	/* What can't be mapped is still reached by system calls. */
	if (memory == MAP_FAILED)
		return;
	*area = (struct kl__region_area){.offset = offset, .size = size, .memory = memory};
	region->area_count++;
	kl__guard_add(memory, size);
}

void kl__region_close(struct kl__region *region)
{
	while (region->area_count != 0) {
		region->area_count--;
		kl__guard_remove(region->areas[region->area_count].memory);
		munmap(region->areas[region->area_count].memory,
			region->areas[region->area_count].size);
	}
}

void *kl__region_pointer(const struct kl__region *region, uint64_t offset, unsigned int width)
{
	for (unsigned int i = 0; i < region->area_count; i++) {
		const struct kl__region_area *area = &region->areas[i];

		if (offset >= area->offset && area->size >= width &&
			offset - area->offset <= area->size - width)
			return area->memory + (offset - area->offset);
	}
	return NULL;
}

static uint32_t get_by_call(const struct kl__region *region, uint64_t offset, unsigned int width)
{
	uint32_t value = 0;

	if (kl__region_read(region, offset, &value, width) != 0)
		value = UINT32_MAX >> (32 - 8 * width);
	return le32toh(value);
}

uint32_t kl__region_get(const struct kl__region *region, uint64_t offset, unsigned int width)
{
	const void *at = kl__region_pointer(region, offset, width);

	if (at == NULL)
		return get_by_call(region, offset, width);
	switch (width) {
	case 1:
		return rte_read8(at);
	case 2:
		return le16toh(rte_read16(at));
	default:
		return le32toh(rte_read32(at));
	}
}

void kl__region_put(const struct kl__region *region, uint64_t offset, unsigned int width,
	uint32_t value)
{
	void *at = kl__region_pointer(region, offset, width);
	uint32_t bytes = htole32(value);

	if (at == NULL) {
		if (kl__region_write(region, offset, &bytes, width) != 0)
			kl_debug("a register at 0x%llx could not be written",
				(unsigned long long)offset);
		return;
	}
	switch (width) {
	case 1:
		rte_write8((uint8_t)value, at);
		break;
	case 2:
		rte_write16(htole16((uint16_t)value), at);
		break;
	default:
		rte_write32(bytes, at);
		break;
	}
}

static bool is_inside(const struct kl__region *region, uint64_t offset, size_t size)
{
	return offset <= region->size && size <= region->size - offset;
}

int kl__region_read(const struct kl__region *region, uint64_t offset, void *data, size_t size)
{
	ssize_t done;

	if (!is_inside(region, offset, size))
		return -EIO;
	done = pread(region->fd, data, size, (off_t)(region->offset + offset));
	return done == (ssize_t)size ? 0 : -EIO;
}

int kl__region_write(const struct kl__region *region, uint64_t offset, const void *data,
	size_t size)
{
	ssize_t done;

	if (!is_inside(region, offset, size))
		return -EIO;
	done = pwrite(region->fd, data, size, (off_t)(region->offset + offset));
	return done == (ssize_t)size ? 0 : -EIO;
}
