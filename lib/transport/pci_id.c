/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci_id.h"

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
