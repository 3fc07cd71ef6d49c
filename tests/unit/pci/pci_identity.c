/* SPDX-License-Identifier: BSD-3-Clause */
#include "pci/pci_identity.h"

#include <criterion/criterion.h>

/* 4.1.2: every id there is, against the rule written out. */
Test(pci_identity, every_device_id)
{
	for (unsigned int device = 0; device <= 0xffff; device++) {
		uint32_t type = 4711;
		enum kl__pci_generation generation = kl__pci_id(0x1af4, (uint16_t)device, 25,
			&type);

		if (device >= 0x1000 && device <= 0x103f) {
			cr_assert_eq(generation, KL__PCI_TRANSITIONAL);
			cr_assert_eq(type, 25, "the type is in the subsystem id");
		} else if (device >= 0x1040 && device <= 0x107f) {
			cr_assert_eq(generation, KL__PCI_MODERN);
			cr_assert_eq(type, device - 0x1040);
		} else {
			cr_assert_eq(generation, KL__PCI_NOT_VIRTIO);
			cr_assert_eq(type, 4711);
		}
	}
}

Test(pci_identity, one_vendor)
{
	uint32_t type;

	for (unsigned int vendor = 0; vendor <= 0xffff; vendor++)
		cr_assert_eq(kl__pci_id((uint16_t)vendor, 0x1041, 1, &type) != KL__PCI_NOT_VIRTIO,
			vendor == 0x1af4);
}

/* 4.1.2.2: any subsystem is accepted; a modern device's means nothing. */
Test(pci_identity, any_subsystem)
{
	for (unsigned int subsystem = 0; subsystem <= 0xffff; subsystem++) {
		uint32_t type;

		cr_assert_eq(kl__pci_id(0x1af4, 0x1041, (uint16_t)subsystem, &type),
			KL__PCI_MODERN);
		cr_assert_eq(type, 1);
		cr_assert_eq(kl__pci_id(0x1af4, 0x1000, (uint16_t)subsystem, &type),
			KL__PCI_TRANSITIONAL);
		cr_assert_eq(type, subsystem);
	}
}
