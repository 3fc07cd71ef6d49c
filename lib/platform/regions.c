/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/regions.h"

#include "platform/pci_command.h"

/* The base address registers, and the bit that tells ports from memory. */
#define CFG_BAR 0x10
#define CFG_BAR_IS_IO 0x1

static struct kl__regions *own(struct kl__pci_access *access)
{
	return (struct kl__regions *)access;
}

int kl__regions_config_read(struct kl__pci_access *access, uint32_t offset, void *data, size_t size)
{
	return kl__region_read(&own(access)->config, offset, data, size);
}

int kl__regions_config_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size)
{
	return kl__region_write(&own(access)->config, offset, data, size);
}

uint32_t kl__regions_read(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	return kl__region_get(&own(access)->bars[bar], offset, width);
}

void kl__regions_write(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width, uint32_t value)
{
	kl__region_put(&own(access)->bars[bar], offset, width, value);
}

volatile void *kl__regions_pointer(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	return kl__region_pointer(&own(access)->bars[bar], offset, width);
}

int kl__regions_answer(struct kl__regions *regions)
{
	struct kl__pci_access *access = &regions->access;
	uint16_t answer = PCI_CFG_COMMAND_MEMORY | PCI_CFG_COMMAND_INTX_DISABLE;

	for (unsigned int i = 0; i < PCI_BARS; i++) {
		uint8_t base;
		int rc;

		rc = kl__regions_config_read(access, CFG_BAR + 4 * i, &base, sizeof(base));
		if (rc != 0)
			return rc;
		access->bar[i].size = regions->bars[i].size;
		access->bar[i].is_io = regions->bars[i].size != 0 && (base & CFG_BAR_IS_IO) != 0;
		if (access->bar[i].is_io)
			answer |= PCI_CFG_COMMAND_IO;
	}
	return kl__pci_command(access, answer, PCI_CFG_COMMAND_MASTER);
}

void kl__regions_close(struct kl__regions *regions)
{
	kl__pci_command(&regions->access, 0, PCI_CFG_COMMAND_MASTER);
	for (unsigned int i = 0; i < PCI_BARS; i++)
		kl__region_close(&regions->bars[i]);
	kl__region_close(&regions->config);
}
