/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/pci_bars.h"

#include <endian.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_io.h>

#include <kickless/log.h>

#include "platform/sigbus.h"
#include "pci/pci_command.h"

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
	kl__sigbus_add(memory, size);
}

void kl__region_close(struct kl__region *region)
{
	while (region->area_count != 0) {
		region->area_count--;
		kl__sigbus_remove(region->areas[region->area_count].memory);
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

	if (kl__region_read_bytes(region, offset, &value, width) != 0)
		value = UINT32_MAX >> (32 - 8 * width);
	return le32toh(value);
}

uint32_t kl__region_read_register(const struct kl__region *region, uint64_t offset,
	unsigned int width)
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

void kl__region_write_register(const struct kl__region *region, uint64_t offset, unsigned int width,
	uint32_t value)
{
	void *at = kl__region_pointer(region, offset, width);
	uint32_t bytes = htole32(value);

	if (at == NULL) {
		if (kl__region_write_bytes(region, offset, &bytes, width) != 0)
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

int kl__region_read_bytes(const struct kl__region *region, uint64_t offset, void *data, size_t size)
{
	ssize_t done;

	if (!is_inside(region, offset, size))
		return -EIO;
	done = pread(region->fd, data, size, (off_t)(region->offset + offset));
	return done == (ssize_t)size ? 0 : -EIO;
}

int kl__region_write_bytes(const struct kl__region *region, uint64_t offset, const void *data,
	size_t size)
{
	ssize_t done;

	if (!is_inside(region, offset, size))
		return -EIO;
	done = pwrite(region->fd, data, size, (off_t)(region->offset + offset));
	return done == (ssize_t)size ? 0 : -EIO;
}

/* The base address registers, and the bit that tells ports from memory. */
#define CFG_BAR 0x10
#define CFG_BAR_IS_IO 0x1

static struct kl__pci_bars *bars_of(struct kl__pci_access *access)
{
	return (struct kl__pci_bars *)access;
}

int kl__pci_bars_config_read(struct kl__pci_access *access, uint32_t offset, void *data,
	size_t size)
{
	return kl__region_read_bytes(&bars_of(access)->config, offset, data, size);
}

int kl__pci_bars_config_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size)
{
	return kl__region_write_bytes(&bars_of(access)->config, offset, data, size);
}

uint32_t kl__pci_bars_read(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	return kl__region_read_register(&bars_of(access)->bars[bar], offset, width);
}

void kl__pci_bars_write(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width, uint32_t value)
{
	kl__region_write_register(&bars_of(access)->bars[bar], offset, width, value);
}

volatile void *kl__pci_bars_pointer(struct kl__pci_access *access, unsigned int bar,
	uint64_t offset, unsigned int width)
{
	return kl__region_pointer(&bars_of(access)->bars[bar], offset, width);
}

int kl__pci_bars_enable(struct kl__pci_bars *regions)
{
	struct kl__pci_access *access = &regions->access;
	uint16_t answer = PCI_CFG_COMMAND_MEMORY | PCI_CFG_COMMAND_INTX_DISABLE;

	for (unsigned int i = 0; i < PCI_BARS; i++) {
		uint8_t base;
		int rc;

		rc = kl__pci_bars_config_read(access, CFG_BAR + 4 * i, &base, sizeof(base));
		if (rc != 0)
			return rc;
		access->bar[i].size = regions->bars[i].size;
		access->bar[i].is_io = regions->bars[i].size != 0 && (base & CFG_BAR_IS_IO) != 0;
		if (access->bar[i].is_io)
			answer |= PCI_CFG_COMMAND_IO;
	}
	return kl__pci_command_change(access, answer, PCI_CFG_COMMAND_MASTER);
}

void kl__pci_bars_close(struct kl__pci_bars *regions)
{
	kl__pci_command_change(&regions->access, 0, PCI_CFG_COMMAND_MASTER);
	for (unsigned int i = 0; i < PCI_BARS; i++)
		kl__region_close(&regions->bars[i]);
	kl__region_close(&regions->config);
}
