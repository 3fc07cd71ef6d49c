/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach/function.h"

#include <kickless/log.h>

#include "platform/pci_command.h"

int kl__attach_function(struct kl__pci_access *access, struct kl__host *host,
	enum kl__pci_interface interface, struct kl_device **device)
{
	struct kl__transport *transport;
	int rc;

	rc = kl__pci_open(access, interface, &transport);
	if (rc != 0)
		goto close_access;
	/* Without options yet: who is looking for a device by a key has to ask it first. */
	rc = kl__device_attach(transport, host, NULL, device);
	if (rc != 0)
		goto close_transport;
	/*
	 * Only now may it write to memory: what a killed process left running still knows the
	 * addresses of its queues, but it has been reset by the attaching.
	 */
	rc = kl__pci_command(access, PCI_CFG_COMMAND_MASTER, 0);
	if (rc == 0)
		return 0;
	kl_error("%s: its command register can't be written; is the device still there?",
		access->name);
	kl_device_close(*device);
	return rc;
close_transport:
	transport->ops->close(transport);
	goto close_host;
close_access:
	access->ops->close(access);
close_host:
	host->close(host);
	return rc;
}
