/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake device's PCI configuration space: 4.1.2, 4.1.4. */
#include <string.h>

#include "internal.h"

#define CAP_VENDOR 0x09
#define CAP_MSIX 0x11
#define FIRST_CAP 0x40

/* Writes one capability at where; the list's head is moved to it. */
static void chain_in(struct fake_device *fake, unsigned int where, uint8_t id)
{
	fake->pci_config[where] = id;
	fake->pci_config[where + 1] = fake->pci_config[0x34];
	fake->pci_config[0x34] = (uint8_t)where;
}

/* The lowest place above all that is linked. */
static unsigned int free_place(const struct fake_device *fake)
{
	unsigned int top = FIRST_CAP;

	for (unsigned int at = fake->pci_config[0x34]; at != 0; at = fake->pci_config[at + 1]) {
		unsigned int size = fake->pci_config[at] == CAP_VENDOR ? fake->pci_config[at + 2] :
									 12;

		if (at + size > top)
			top = at + size;
	}
	return (top + 3) & ~3u;
}

unsigned int fake_add_capability(struct fake_device *fake, uint8_t cfg_type, uint8_t bar,
	uint32_t offset, uint32_t length)
{
	unsigned int where = free_place(fake);
	unsigned int size = cfg_type == 2 || cfg_type == 5 ? 20 : 16;

	if (where + size > sizeof(fake->pci_config))
		return 0;
	memset(fake->pci_config + where, 0, size);
	chain_in(fake, where, CAP_VENDOR);
	put(fake->pci_config + where + 2, 1, size);
	put(fake->pci_config + where + 3, 1, cfg_type);
	put(fake->pci_config + where + 4, 1, bar);
	put(fake->pci_config + where + 8, 4, offset);
	put(fake->pci_config + where + 12, 4, length);
	if (cfg_type == 2)
		put(fake->pci_config + where + 16, 4, fake->script.notify_multiplier);
	return where;
}

static void add_msix(struct fake_device *fake)
{
	unsigned int where = free_place(fake);

	memset(fake->pci_config + where, 0, 12);
	chain_in(fake, where, CAP_MSIX);
	put(fake->pci_config + where + 2, 2, fake->script.msix_vectors - 1);
}

static void add_structures(struct fake_device *fake)
{
	if (fake->script.config_length != 0)
		fake_add_capability(fake, 4, FAKE_BAR, DEVICE_OFFSET, fake->script.config_length);
	fake_add_capability(fake, 3, FAKE_BAR, ISR_OFFSET, 1);
	fake_add_capability(fake, 2, FAKE_BAR, NOTIFY_OFFSET, NOTIFY_LENGTH);
	fake_add_capability(fake, 1, FAKE_BAR, COMMON_OFFSET, COMMON_LENGTH);
}

/* As in QEMU: in front of the other one, with a single doorbell for all queues. */
static void add_port_doorbell(struct fake_device *fake)
{
	unsigned int at = fake_add_capability(fake, 2, FAKE_PORT_BAR, 0, 4);

	put(fake->pci_config + at + 16, 4, 0);
	fake->access.bar[FAKE_PORT_BAR] = (struct kl__pci_bar){.size = 4, .is_io = true};
}

void fake_rebuild(struct fake_device *fake)
{
	bool is_modern = fake->script.interfaces == FAKE_MODERN;

	memset(fake->pci_config, 0, sizeof(fake->pci_config));
	fake->pci_config_bytes = sizeof(fake->pci_config);
	put(fake->pci_config, 2, 0x1af4);
	/* 4.1.2.1: a device with both has an id below 0x1040, and its type in the subsystem's. */
	put(fake->pci_config + 2, 2, is_modern ? 0x1040 + fake->type : 0x1000);
	put(fake->pci_config + 4, 2, COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER);
	put(fake->pci_config + 6, 2, 0x10);
	put(fake->pci_config + 8, 1, is_modern);
	put(fake->pci_config + 0x2c, 2, 0x1af4);
	put(fake->pci_config + 0x2e, 2, is_modern ? 0x1100 : fake->type);
	/* Added in front, so the list that a driver sees starts with the last one. */
	if (fake->script.interfaces != FAKE_LEGACY)
		add_structures(fake);
	if (fake->script.msix_vectors != 0)
		add_msix(fake);
	memset(fake->access.bar, 0, sizeof(fake->access.bar));
	if (fake->script.interfaces != FAKE_LEGACY)
		fake->access.bar[FAKE_BAR].size = FAKE_BAR_SIZE;
	if (fake->script.interfaces != FAKE_MODERN) {
		fake->access.bar[0].size = fake_legacy_bytes(fake);
		fake->access.bar[0].is_io = true;
	}
	if (fake->script.has_port_doorbell)
		add_port_doorbell(fake);
	if (fake->script.has_window)
		fake_add_capability(fake, 5, 0, 0, 0);
	/* A structure of the device is not always reachable. */
	if (fake->script.hides_bar)
		fake->access.bar[FAKE_BAR].size = 0;
	fake->access.msix_vectors = fake->script.msix_vectors;
}

unsigned int fake_capability(const struct fake_device *fake, uint8_t cfg_type, unsigned int n)
{
	unsigned int at = fake->pci_config[0x34];

	for (int step = 0; step < 48 && at != 0; step++, at = fake->pci_config[at + 1])
		if (fake->pci_config[at] == CAP_VENDOR && fake->pci_config[at + 3] == cfg_type &&
			n-- == 0)
			return at;
	return 0;
}
