/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci.h"

#include <errno.h>
#include <string.h>

#include <kickless/log.h>

#include "pci/pci_caps.h"
#include "pci/pci_identity.h"
#include "transport/legacy.h"
#include "transport/pci_legacy.h"
#include "transport/pci_modern.h"

static bool parse_vfio(const char *value, struct kl__transport_choice *choice)
{
	/* By enum kl__vfio_way. */
	static const char *const ways[] = {"auto", "group", "cdev"};

	for (unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i], value) != 0)
			continue;
		choice->vfio = (enum kl__vfio_way)i;
		return true;
	}
	return false;
}

const struct kl__transport_option kl__pci_options[] = {
	KL__LEGACY_OPTION,
	{"vfio", "auto, group or cdev", parse_vfio},
	{0},
};

int kl__pci_open(struct kl__pci_access *access, enum kl__interface interface,
	struct kl__transport **transport)
{
	struct kl__pci_identity identity;
	struct kl__pci_caps caps;
	const char *why;
	int rc, usable;

	rc = kl__pci_identify(access, &identity);
	if (rc != 0)
		return rc;
	usable = kl__pci_caps_parse(identity.config, identity.size, access->bar, &caps, &why);
	/* Legacy has no virtio capability at all; with unusable ones it is a broken modern one. */
	if (interface == KL__INTERFACE_BEST && identity.generation == KL__PCI_TRANSITIONAL &&
		usable == -ENODEV)
		interface = KL__INTERFACE_LEGACY;
	if (interface == KL__INTERFACE_LEGACY)
		return kl__pci_legacy_open(access, &identity, &caps, transport);
	if (usable == 0)
		return kl__pci_modern_open(access, &identity, &caps, transport);
	kl_error("%s: not usable as a modern virtio device: %s%s%s", access->name, why,
		caps.refused != 0 ? "; a capability was left out because " : "",
		caps.refused != 0 ? caps.refused_why : "");
	return usable;
}
