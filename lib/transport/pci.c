/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci.h"

#include <errno.h>

#include "pci/pci_caps.h"
#include "pci/pci_identity.h"
#include "transport/pci_legacy.h"
#include "transport/pci_modern.h"

/* Legacy is what has no virtio capability at all; with unusable ones it is a broken modern one. */
static bool has_capabilities(const struct kl__pci_access *access,
	const struct kl__pci_identity *identity)
{
	struct kl__pci_caps caps;
	const char *why;

	return kl__pci_caps_parse(identity->config, identity->size, access->bar, &caps, &why) !=
		-ENODEV;
}

int kl__pci_open(struct kl__pci_access *access, enum kl__pci_interface interface,
	struct kl__transport **transport)
{
	struct kl__pci_identity identity;
	int rc;

	if (interface == KL__PCI_BEST) {
		rc = kl__pci_identify(access, &identity);
		if (rc != 0)
			return rc;
		interface = identity.generation == KL__PCI_MODERN ||
				has_capabilities(access, &identity) ?
			KL__PCI_USE_MODERN :
			KL__PCI_USE_LEGACY;
	}
	if (interface == KL__PCI_USE_LEGACY)
		return kl__pci_legacy_open(access, transport);
	return kl__pci_modern_open(access, transport);
}
