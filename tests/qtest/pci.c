/* SPDX-License-Identifier: BSD-3-Clause */
#include "registers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "machine.h"
#include "pci/pci_command.h"

/* The host bridge's two ports: which register, and its contents. */
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000u

#define CFG_BAR 0x10
#define BAR_IS_IO 0x1u
#define BAR_IS_64_BIT 0x4u
#define BAR_IO_FLAGS 0x3u
#define BAR_MEMORY_FLAGS 0xfu

/*
 * Each device of bus 0 has its own part of the address space, so that what an earlier process laid
 * out for another one is never in the way.
 */
#define MEMORY_BASE 0xc0000000u
#define MEMORY_PER_DEVICE 0x01000000u
#define IO_BASE 0xc000u
#define IO_PER_DEVICE 0x100u

struct function {
	struct kl__pci_access access;
	struct qtest_wire *wire;
	unsigned int device, number;
	uint32_t base[PCI_BARS];
};

static struct function *own(struct kl__pci_access *access)
{
	return (struct function *)access;
}

/* Makes the register at offset the one that the data port shows; returns where it begins there. */
static uint16_t select_register(const struct function *function, uint32_t offset)
{
	qtest_out(function->wire, CONFIG_ADDRESS, 4,
		CONFIG_ENABLE | function->device << 11 | function->number << 8 | (offset & 0xfc));
	return (uint16_t)(CONFIG_DATA + (offset & 3));
}

static uint32_t get_register(const struct function *function, uint32_t offset)
{
	return qtest_in(function->wire, select_register(function, offset), 4);
}

static void set_register(const struct function *function, uint32_t offset, uint32_t value)
{
	qtest_out(function->wire, select_register(function, offset), 4, value);
}

/* The widest aligned access at offset within size bytes. */
static unsigned int widest(uint32_t offset, size_t size)
{
	if (offset % 4 == 0 && size >= 4)
		return 4;
	return offset % 2 == 0 && size >= 2 ? 2 : 1;
}

static int config_read(struct kl__pci_access *access, uint32_t offset, void *data, size_t size)
{
	struct function *function = own(access);
	char *to = data;

	if (offset + size > PCI_CFG_SIZE)
		return -EIO;
	while (size > 0) {
		unsigned int width = widest(offset, size);
		uint32_t value = qtest_in(function->wire, select_register(function, offset), width);

		memcpy(to, &value, width);
		to += width;
		offset += width;
		size -= width;
	}
	return 0;
}

static int config_write(struct kl__pci_access *access, uint32_t offset, const void *data,
	size_t size)
{
	struct function *function = own(access);
	const char *from = data;

	if (offset + size > PCI_CFG_SIZE)
		return -EIO;
	while (size > 0) {
		unsigned int width = widest(offset, size);
		uint32_t value = 0;

		memcpy(&value, from, width);
		qtest_out(function->wire, select_register(function, offset), width, value);
		from += width;
		offset += width;
		size -= width;
	}
	return 0;
}

static uint32_t bar_read(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	struct function *function = own(access);
	uint64_t address = function->base[bar] + offset;

	if (access->bar[bar].is_io)
		return qtest_in(function->wire, (uint16_t)address, width);
	return qtest_read(function->wire, address, width);
}

static void bar_write(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width, uint32_t value)
{
	struct function *function = own(access);
	uint64_t address = function->base[bar] + offset;

	if (access->bar[bar].is_io)
		qtest_out(function->wire, (uint16_t)address, width, value);
	else
		qtest_write(function->wire, address, width, value);
}

/* Registers are behind a socket. */
static volatile void *bar_pointer(struct kl__pci_access *access, unsigned int bar, uint64_t offset,
	unsigned int width)
{
	(void)access;
	(void)bar;
	(void)offset;
	(void)width;
	return NULL;
}

static int interrupts(struct kl__pci_access *access, unsigned int vectors, const int *fds)
{
	(void)access;
	(void)fds;
	return vectors == 0 ? 0 : -ENOTSUP;
}

static void close_function(struct kl__pci_access *access)
{
	kl__pci_command_change(access, 0,
		PCI_CFG_COMMAND_MASTER | PCI_CFG_COMMAND_MEMORY | PCI_CFG_COMMAND_IO);
	free(access);
	qtest_machine_put();
}

static const struct kl__pci_access_ops qtest_ops = {
	.config_read = config_read,
	.config_write = config_write,
	.read = bar_read,
	.write = bar_write,
	.pointer = bar_pointer,
	.interrupts = interrupts,
	.close = close_function,
};

/* The size of a BAR: read from its address bits after ones were written. */
static uint32_t probe_bar(const struct function *function, unsigned int bar, uint32_t *flags)
{
	uint32_t offset = CFG_BAR + 4 * bar, value;

	set_register(function, offset, UINT32_MAX);
	value = get_register(function, offset);
	*flags = value & (value & BAR_IS_IO ? BAR_IO_FLAGS : BAR_MEMORY_FLAGS);
	value &= ~*flags;
	/* Port addresses have 16 bits. */
	if (*flags & BAR_IS_IO)
		value |= 0xffff0000;
	return value == 0 || value == 0xffff0000 ? 0 : ~value + 1;
}

static void place_bar(struct function *function, unsigned int bar, uint32_t size, uint32_t flags,
	uint32_t *next)
{
	struct kl__pci_bar *room = &function->access.bar[bar];

	*next = (*next + size - 1) & ~(size - 1);
	function->base[bar] = *next;
	*next += size;
	room->size = size;
	room->is_io = (flags & BAR_IS_IO) != 0;
	set_register(function, CFG_BAR + 4 * bar, function->base[bar]);
	if ((flags & (BAR_IS_IO | BAR_IS_64_BIT)) == BAR_IS_64_BIT)
		set_register(function, CFG_BAR + 4 * bar + 4, 0);
}

static void place_bars(struct function *function)
{
	uint32_t memory = MEMORY_BASE + function->device * MEMORY_PER_DEVICE;
	uint32_t io = IO_BASE + function->device * IO_PER_DEVICE;

	kl__pci_command_change(&function->access, 0, PCI_CFG_COMMAND_MEMORY | PCI_CFG_COMMAND_IO);
	for (unsigned int bar = 0; bar < PCI_BARS; bar++) {
		uint32_t flags, size = probe_bar(function, bar, &flags);

		if (size == 0)
			continue;
		place_bar(function, bar, size, flags, flags & BAR_IS_IO ? &io : &memory);
		if ((flags & (BAR_IS_IO | BAR_IS_64_BIT)) == BAR_IS_64_BIT)
			bar++;
	}
	kl__pci_command_change(&function->access, PCI_CFG_COMMAND_MEMORY | PCI_CFG_COMMAND_IO,
		PCI_CFG_COMMAND_MASTER);
}

static int take_address(struct function *function, const char *address)
{
	unsigned int domain, bus;

	if (sscanf(address, "%x:%x:%x.%u", &domain, &bus, &function->device, &function->number) ==
			4 &&
		domain == 0 && bus == 0)
		return 0;
	kl_error("%s is no PCI function of bus 0; only those have room for their BARs here",
		address);
	return -EINVAL;
}

int qtest_pci_open(const char *folder, const char *address, struct kl__pci_access **access)
{
	struct function *function = calloc(1, sizeof(*function));
	int rc;

	if (function == NULL)
		return -ENOMEM;
	function->access.ops = &qtest_ops;
	function->access.numa_node = -1;
	snprintf(function->access.name, sizeof(function->access.name), "qtest:%s", address);
	rc = take_address(function, address);
	if (rc == 0)
		rc = qtest_machine_get(folder, &function->wire);
	if (rc != 0)
		goto free_function;
	if ((get_register(function, PCI_CFG_VENDOR_ID) & 0xffff) == 0xffff) {
		kl_error("%s: QEMU has no PCI function there", address);
		rc = -ENODEV;
		goto put_machine;
	}
	place_bars(function);
	*access = &function->access;
	return 0;
put_machine:
	qtest_machine_put();
free_function:
	free(function);
	return rc;
}
