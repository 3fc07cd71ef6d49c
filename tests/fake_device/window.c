/* SPDX-License-Identifier: BSD-3-Clause */
/* Accesses to configuration space, and the window there that leads to the registers: 4.1.4.9. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static struct fake_device *fake_of(struct kl__pci_access *access)
{
	return (struct fake_device *)(void *)((char *)access -
		offsetof(struct fake_device, access));
}

/* Offset of the window's capability, 0 when there is none. */
static unsigned int window(const struct fake_device *fake)
{
	return fake_capability(fake, 5, 0);
}

/* PCI-44: only inside a structure, in one access of the length that was set. */
static bool is_window_set(struct fake_device *fake, size_t size)
{
	const uint8_t *cap = fake->pci_config + window(fake);
	uint32_t offset = get32(cap + 8), length = get32(cap + 12);

	if (cap[4] == FAKE_BAR && length == size && (size == 1 || size == 2 || size == 4) &&
		offset % length == 0)
		return true;
	fake_violation(fake, "PCI-43, PCI-44: window of %u bytes at 0x%x of BAR %u, %zu used",
		length, offset, cap[4], size);
	return false;
}

int fake_config_space_read(struct kl__pci_access *access, uint32_t offset, void *data, size_t size)
{
	struct fake_device *fake = fake_of(access);
	unsigned int at = window(fake);
	uint32_t value;

	if (offset + size > fake->pci_config_bytes)
		return -EIO;
	memcpy(data, fake->pci_config + offset, size);
	if (fake->script.is_gone) {
		memset(data, 0xff, size);
	} else if (at != 0 && offset == at + 16) {
		if (!is_window_set(fake, size))
			return 0;
		value = fake_register_read(fake, get32(fake->pci_config + at + 8),
			(unsigned int)size);
		put(data, (unsigned int)size, value);
	}
	return 0;
}

static void write_window(struct fake_device *fake, unsigned int field, const uint8_t *data,
	size_t size)
{
	uint8_t *cap = fake->pci_config + window(fake);

	if (field == 16) {
		if (is_window_set(fake, size))
			fake_register_write(fake, get32(cap + 8), (unsigned int)size,
				size == 4         ? get32(data) :
					size == 2 ? get16(data) :
						    data[0]);
		return;
	}
	memcpy(cap + field, data, size);
	if (field == 8 && get32(cap + 12) != 0 && get32(cap + 8) % get32(cap + 12) != 0)
		fake_violation(fake, "PCI-43: window offset 0x%x is no multiple of its length %u",
			get32(cap + 8), get32(cap + 12));
}

int fake_config_space_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size)
{
	struct fake_device *fake = fake_of(access);
	unsigned int at = window(fake), field = offset - at;

	if (at != 0 &&
		((field == 4 && size == 1) || ((field == 8 || field == 12) && size == 4) ||
			field == 16))
		write_window(fake, field, data, size);
	else if (offset == 4 && size == 2)
		memcpy(fake->pci_config + 4, data, 2);
	else
		fake_violation(fake, "PCI-15: %zu bytes written to configuration space at 0x%x",
			size, offset);
	return 0;
}

void fake_command(struct fake_device *fake, uint16_t command)
{
	put(fake->pci_config + 4, 2, command);
	if ((command & COMMAND_MASTER) == 0)
		fake->status &= (uint8_t)~STATUS_DRIVER_OK;
}
