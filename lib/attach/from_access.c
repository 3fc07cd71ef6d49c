/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach/from_access.h"

#include <errno.h>

#include <kickless/log.h>

#include "core/device.h"
#include "pci/pci_command.h"
#include "transport/mmio.h"
#include "transport/pci.h"

int kl__attach_transport(struct kl__transport *transport, struct kl__host *host,
	struct kl__spec *spec, struct kl_device **device)
{
	int rc = kl__spec_set_type(spec, transport->type);

	if (rc == 0)
		rc = kl__device_attach(transport, host, &spec->options.common, device);
	if (rc == 0)
		return 0;
	transport->ops->close(transport);
	host->close(host);
	return rc;
}

int kl__attach_pci(struct kl__pci_access *access, struct kl__host *host, struct kl__spec *spec,
	struct kl_device **device)
{
	struct kl__transport *transport;
	int rc = kl__pci_open(access, spec->options.transport.interface, &transport);

	if (rc != 0) {
		access->ops->close(access);
		host->close(host);
		return rc;
	}
	rc = kl__attach_transport(transport, host, spec, device);
	if (rc != 0)
		return rc;
	/*
	 * Only now may it write to memory: what a killed process left running still knows the
	 * addresses of its queues, but it has been reset by the attaching.
	 */
	rc = kl__pci_command_change(access, PCI_CFG_COMMAND_MASTER, 0);
	if (rc == 0)
		return 0;
	kl_error("%s: its command register can't be written; is the device still there?",
		access->name);
	kl_device_close(*device);
	return rc;
}

int kl__attach_mmio(struct kl__mmio_access *access, struct kl__host *host, struct kl__spec *spec,
	struct kl_device **device)
{
	struct kl__transport *transport;
	int rc = kl__mmio_open(access, spec->options.transport.interface, &transport);

	/*
	 * A caller that goes through all slots wants no message for empty ones; this one was named.
	 */
	if (rc == -ENXIO) {
		kl_error("%s: no device is behind these registers (DeviceID reads 0)",
			access->name);
		rc = -ENODEV;
	}
	if (rc == 0)
		return kl__attach_transport(transport, host, spec, device);
	access->ops->close(access);
	host->close(host);
	return rc;
}
