/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach_device.h"

#include "core/options.h"
#include "transport/pci.h"

int attach_device(struct kl__transport *transport, struct kl__host *host, const char *options,
	struct kl_device **device)
{
	const struct kl__options_scope scope = {
		.name = transport->name,
		.driver = kl_driver_find_type(transport->type),
		.transport = kl__pci_options,
	};
	struct kl__options parsed;
	int rc = kl__options_parse(&scope, options, &parsed);

	if (rc == 0)
		rc = kl__device_attach(transport, host, &parsed.common, device);
	if (rc == 0) {
		kl__options_apply(&parsed, *device);
		return 0;
	}
	*device = NULL;
	transport->ops->close(transport);
	return rc;
}
