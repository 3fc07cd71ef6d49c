/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds the virtio structures in a function's configuration space (virtio 1.x, 4.1.4): a pure
 * function over bytes that believes nothing. The walk is bounded, and all sums are made in 64 bits.
 */
#ifndef KL_PCI_CAPS_H
#define KL_PCI_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/registers.h"

/* The place of one structure. length 0: the function has none that we can use. */
struct kl__pci_region {
	uint8_t bar;
	uint32_t offset;
	uint32_t length;
	bool by_window; /* its BAR is out of reach, and the window below is not */
};

struct kl__pci_caps {
	struct kl__pci_region common;
	struct kl__pci_region notify;
	struct kl__pci_region isr;
	struct kl__pci_region device;
	uint32_t notify_multiplier;
	uint8_t window; /* where the PCI_CFG capability lies (4.1.4.9), 0: none */
	unsigned int msix_vectors; /* table size, 0: no MSI-X */
	bool msix_is_on; /* whoever had the function before left it so */
	/* Virtio capabilities that were left out, and why the last one was; NULL when none was. */
	unsigned int refused;
	const char *refused_why;
};

/*
 * Reads the capabilities in config[0..size) of a function with these BARs. Of several structures of
 * one kind the first usable one counts (4.1.4.1); one in a BAR that can't be reached is usable
 * through the window, if there is that, and no other is. Returns 0 when all that a modern device
 * needs are there (common, notify, ISR; the device structure is the type's affair), -ENODEV when
 * there is no virtio capability at all (a legacy device, 4.1.5.1.1.1), -EPROTO when some are
 * missing or unusable, and then *why says which. size is what could be read, at most 256. The MSI-X
 * fields are filled in whatever is returned.
 */
int kl__pci_caps_parse(const uint8_t *config, size_t size, const struct kl__pci_bar bar[PCI_BARS],
	struct kl__pci_caps *caps, const char **why);

#endif
