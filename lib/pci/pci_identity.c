/* SPDX-License-Identifier: BSD-3-Clause */
#include "pci/pci_identity.h"

#include <errno.h>

#include <kickless/log.h>

#include "spec/pci.h"

enum kl__pci_generation kl__pci_id(uint16_t vendor, uint16_t device, uint16_t subsystem_device,
	uint32_t *type)
{
	if (vendor != VIRTIO_PCI_VENDOR || device < VIRTIO_PCI_DEVICE_FIRST ||
		device > VIRTIO_PCI_DEVICE_LAST)
		return KL__PCI_NOT_VIRTIO;
	if (device >= VIRTIO_PCI_DEVICE_MODERN) {
		*type = device - VIRTIO_PCI_DEVICE_MODERN;
		return KL__PCI_MODERN;
	}
	*type = subsystem_device;
	return KL__PCI_TRANSITIONAL;
}

/* Reads as much of the configuration space as there is; a model may be cut short. */
static int read_config(struct kl__pci_access *access, struct kl__pci_identity *identity)
{
	for (identity->size = PCI_CFG_SIZE; identity->size >= PCI_CFG_HEADER_SIZE;
		identity->size -= PCI_CFG_HEADER_SIZE)
		if (access->ops->config_read(access, 0, identity->config, identity->size) == 0)
			return 0;
	kl_error("%s: its configuration space can't be read; is the device still there?",
		access->name);
	return -EIO;
}

static uint16_t read_le16(const struct kl__pci_identity *identity, unsigned int at)
{
	return (uint16_t)(identity->config[at] | identity->config[at + 1] << 8);
}

int kl__pci_identify(struct kl__pci_access *access, struct kl__pci_identity *identity)
{
	uint16_t vendor, device;
	int rc;

	rc = read_config(access, identity);
	if (rc != 0)
		return rc;
	vendor = read_le16(identity, PCI_CFG_VENDOR_ID);
	device = read_le16(identity, PCI_CFG_DEVICE_ID);
	identity->generation = kl__pci_id(vendor, device, read_le16(identity, PCI_CFG_SUBSYSTEM_ID),
		&identity->type);
	if (identity->generation != KL__PCI_NOT_VIRTIO)
		return 0;
	kl_error("%s: PCI id %04x:%04x is not a virtio device; those are 1af4:1000 to 1af4:107f",
		access->name, vendor, device);
	return -ENODEV;
}
