/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's PCI configuration space: 4.1.2, 4.1.4. */
#include <string.h>

#include "internal.h"

#define CAP_VENDOR 0x09
#define CAP_MSIX 0x11
#define FIRST_CAP 0x40

/* Writes one capability at where; the list's head is moved to it. */
static void chain_in(struct model *model, unsigned int where, uint8_t id)
{
	model->pci_config[where] = id;
	model->pci_config[where + 1] = model->pci_config[0x34];
	model->pci_config[0x34] = (uint8_t)where;
}

/* The lowest place above all that is linked. */
static unsigned int free_place(const struct model *model)
{
	unsigned int top = FIRST_CAP;

	for (unsigned int at = model->pci_config[0x34]; at != 0; at = model->pci_config[at + 1]) {
		unsigned int size = model->pci_config[at] == CAP_VENDOR ?
			model->pci_config[at + 2] :
			12;

		if (at + size > top)
			top = at + size;
	}
	return (top + 3) & ~3u;
}

unsigned int model_add_capability(struct model *model, uint8_t cfg_type, uint8_t bar,
	uint32_t offset, uint32_t length)
{
	unsigned int where = free_place(model);
	unsigned int size = cfg_type == 2 || cfg_type == 5 ? 20 : 16;

	if (where + size > sizeof(model->pci_config))
		return 0;
	memset(model->pci_config + where, 0, size);
	chain_in(model, where, CAP_VENDOR);
	put(model->pci_config + where + 2, 1, size);
	put(model->pci_config + where + 3, 1, cfg_type);
	put(model->pci_config + where + 4, 1, bar);
	put(model->pci_config + where + 8, 4, offset);
	put(model->pci_config + where + 12, 4, length);
	if (cfg_type == 2)
		put(model->pci_config + where + 16, 4, model->script.notify_multiplier);
	return where;
}

static void add_msix(struct model *model)
{
	unsigned int where = free_place(model);

	memset(model->pci_config + where, 0, 12);
	chain_in(model, where, CAP_MSIX);
	put(model->pci_config + where + 2, 2, model->script.msix_vectors - 1);
}

static void add_structures(struct model *model)
{
	if (model->script.config_length != 0)
		model_add_capability(model, 4, MODEL_BAR, DEVICE_OFFSET,
			model->script.config_length);
	model_add_capability(model, 3, MODEL_BAR, ISR_OFFSET, 1);
	model_add_capability(model, 2, MODEL_BAR, NOTIFY_OFFSET, NOTIFY_LENGTH);
	model_add_capability(model, 1, MODEL_BAR, COMMON_OFFSET, COMMON_LENGTH);
}

/* As QEMU has it: in front of the other one, with a single doorbell for all queues. */
static void add_port_doorbell(struct model *model)
{
	unsigned int at = model_add_capability(model, 2, MODEL_PORT_BAR, 0, 4);

	put(model->pci_config + at + 16, 4, 0);
	model->access.bar[MODEL_PORT_BAR] = (struct kl__pci_bar){.size = 4, .is_io = true};
}

void model_rebuild(struct model *model)
{
	bool is_modern = model->script.interfaces == MODEL_MODERN;

	memset(model->pci_config, 0, sizeof(model->pci_config));
	model->pci_config_bytes = sizeof(model->pci_config);
	put(model->pci_config, 2, 0x1af4);
	/* 4.1.2.1: a device with both has an id from below 0x1040, and its type in the subsystem's. */
	put(model->pci_config + 2, 2, is_modern ? 0x1040 + model->type : 0x1000);
	put(model->pci_config + 4, 2, COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER);
	put(model->pci_config + 6, 2, 0x10);
	put(model->pci_config + 8, 1, is_modern);
	put(model->pci_config + 0x2c, 2, 0x1af4);
	put(model->pci_config + 0x2e, 2, is_modern ? 0x1100 : model->type);
	/* Added in front, so the list that a driver sees starts with the last one. */
	if (model->script.interfaces != MODEL_LEGACY)
		add_structures(model);
	if (model->script.msix_vectors != 0)
		add_msix(model);
	memset(model->access.bar, 0, sizeof(model->access.bar));
	if (model->script.interfaces != MODEL_LEGACY)
		model->access.bar[MODEL_BAR].size = MODEL_BAR_SIZE;
	if (model->script.interfaces != MODEL_MODERN) {
		model->access.bar[0].size = model_legacy_bytes(model);
		model->access.bar[0].is_io = true;
	}
	if (model->script.has_port_doorbell)
		add_port_doorbell(model);
	if (model->script.has_window)
		model_add_capability(model, 5, 0, 0, 0);
	/* What the device has is not always what we can reach. */
	if (model->script.hides_bar)
		model->access.bar[MODEL_BAR].size = 0;
	model->access.msix_vectors = model->script.msix_vectors;
}

unsigned int model_capability(const struct model *model, uint8_t cfg_type, unsigned int n)
{
	unsigned int at = model->pci_config[0x34];

	for (int step = 0; step < 48 && at != 0; step++, at = model->pci_config[at + 1])
		if (model->pci_config[at] == CAP_VENDOR && model->pci_config[at + 3] == cfg_type &&
			n-- == 0)
			return at;
	return 0;
}
