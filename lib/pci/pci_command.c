/* SPDX-License-Identifier: BSD-3-Clause */
#include "pci/pci_command.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>

#include <kickless/log.h>

int kl__pci_command_change(struct kl__pci_access *access, uint16_t set, uint16_t clear)
{
	uint16_t before, after;
	int rc;

	rc = access->ops->config_read(access, PCI_CFG_COMMAND, &before, sizeof(before));
	if (rc != 0)
		return rc;
	after = htole16((uint16_t)((le16toh(before) | set) & ~clear));
	if (after == before)
		return 0;
	return access->ops->config_write(access, PCI_CFG_COMMAND, &after, sizeof(after));
}

/*
 * Every bit of the configuration of a function that is gone reads as one. VFIO answers for
 * some fields, such as the ids and this bit of the command register, by itself.
 */
static bool is_all_ones(uint16_t command)
{
	return (command | PCI_CFG_COMMAND_INTX_DISABLE) == 0xffff;
}

/* The bits that a function needs which this process drives. */
static uint16_t needed_bits(const struct kl__pci_access *access)
{
	uint16_t bits = PCI_CFG_COMMAND_MASTER;

	for (unsigned int i = 0; i < PCI_BARS; i++)
		if (access->bar[i].size != 0)
			bits |= access->bar[i].is_io ? PCI_CFG_COMMAND_IO : PCI_CFG_COMMAND_MEMORY;
	return bits;
}

int kl__pci_command_restore(struct kl__pci_access *access)
{
	uint16_t bytes, command, missing;

	if (access->ops->config_read(access, PCI_CFG_COMMAND, &bytes, sizeof(bytes)) != 0)
		return -EIO;
	command = le16toh(bytes);
	if (is_all_ones(command))
		return -EIO;
	missing = needed_bits(access) & (uint16_t)~command;
	if (missing == 0)
		return 0;
	kl_warning(
		"%s: another program has turned off %s%s%sso the command register is 0x%04x; it is "
		"restored",
		access->name, missing & PCI_CFG_COMMAND_MASTER ? "bus mastering, " : "",
		missing & PCI_CFG_COMMAND_MEMORY ? "memory decoding, " : "",
		missing & PCI_CFG_COMMAND_IO ? "port decoding, " : "", command);
	bytes = htole16(command | missing);
	return access->ops->config_write(access, PCI_CFG_COMMAND, &bytes, sizeof(bytes));
}
