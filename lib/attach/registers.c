/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach/registers.h"

#include <errno.h>

#include <kickless/log.h>

#include "transport/mmio.h"

int kl__attach_registers(struct kl__mmio_access *access, struct kl__host *host,
	struct kl_device **device)
{
	struct kl__transport *transport;
	int rc = kl__mmio_open(access, &transport);

	/* Who goes through all slots is not to hear of empty ones, but this one was asked for. */
	if (rc == -ENXIO) {
		kl_error("%s: no device is behind these registers (DeviceID reads 0)",
			access->name);
		rc = -ENODEV;
	}
	if (rc != 0) {
		access->ops->close(access);
		goto close_host;
	}
	rc = kl__device_attach(transport, host, NULL, device);
	if (rc == 0)
		return 0;
	transport->ops->close(transport);
close_host:
	host->close(host);
	return rc;
}
