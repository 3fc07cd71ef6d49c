/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/pci_command.h"

#include <endian.h>
#include <errno.h>

int kl__pci_command(struct kl__pci_access *access, uint16_t set, uint16_t clear)
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
