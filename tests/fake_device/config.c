/* SPDX-License-Identifier: BSD-3-Clause */
/* The device configuration structure with its generation, and the ISR status: 2.5, 4.1.4.5,
 * 4.1.4.6. */
#include <stdio.h>
#include <unistd.h>

#include "internal.h"

/* 2.5.1: a field is read whole, or by halves when it has 64 bits, and only when its feature is
 * offered. */
static void check_field(struct model *model, uint32_t offset, unsigned int width)
{
	const struct model_config_field *field = model->script.fields;
	bool is_known = false, is_offered = false;

	if (field == NULL)
		return;
	for (; field->width != 0; field++) {
		uint32_t at = offset - field->offset;
		unsigned int right = field->width == 8 ? 4 : field->width;

		if (offset < field->offset || at >= (uint32_t)field->width * field->count)
			continue;
		if (!is_known && (width != right || at % right != 0))
			model_violation(model,
				"PCI-06, MMIO-03: config field at %u of %u bytes read by %u",
				field->offset, field->width, width);
		is_known = true;
		is_offered |= field->feature < 0 ||
			kl_features_has(&model->script.offered, (unsigned int)field->feature);
	}
	if (!is_known)
		model_violation(model, "CFG-03: config byte %u read, no such field", offset);
	else if (!is_offered)
		model_violation(model, "CFG-03: config field at %u read, its feature not offered",
			offset);
}

static void bump(struct model *model)
{
	if (model->script.config_bumps == 0)
		return;
	if (model->script.config_bumps != MODEL_NEVER)
		model->script.config_bumps--;
	model->generation++;
	if (model->script.on_bump != NULL)
		model->script.on_bump(model);
}

uint32_t model_config_read(struct model *model, uint32_t offset, unsigned int width)
{
	uint32_t value = 0;
	char name[24];

	check_field(model, offset, width);
	if (model->reset_is_pending)
		model_violation(model, "PCI-23: configuration read before the reset has ended");
	for (unsigned int i = 0; i < width && offset + i < MODEL_CONFIG_BYTES; i++)
		value |= (uint32_t)model->script.config[offset + i] << (8 * i);
	snprintf(name, sizeof(name), "config[%u]", offset);
	model_log(model, false, name, width, value);
	bump(model);
	return value;
}

void model_config_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value)
{
	char name[24];

	snprintf(name, sizeof(name), "config[%u]", offset);
	model_log(model, true, name, width, value);
	if ((model->status & STATUS_FEATURES_OK) == 0 && !model->is_driven_legacy)
		model_violation(model, "INIT-06: configuration written before FEATURES_OK");
	if (!model->script.config_is_writable) {
		model_violation(model, "NET-01: configuration of %u bytes at %u written", width,
			offset);
		return;
	}
	for (unsigned int i = 0; i < width && offset + i < MODEL_CONFIG_BYTES; i++)
		model->script.config[offset + i] = (uint8_t)(value >> (8 * i));
}

/* A line stays up until the ISR status is read, and is let through once until it is rearmed. */
void model_line_interrupt(struct model *model, uint8_t isr)
{
	uint64_t one = 1;

	model->isr |= isr;
	if (model->msix_is_on || model->isr == 0 || !model->line_is_open)
		return;
	model->line_is_open = false;
	if (write(model->line_fd, &one, sizeof(one)) != sizeof(one))
		model_violation(model, "the eventfd of the line can't be written");
}

void model_config_interrupt(struct model *model)
{
	uint64_t one = 1;

	model_line_interrupt(model, 2);
	if (!model->msix_is_on || model->config_vector >= MODEL_VECTORS ||
		model->interrupt_fd[model->config_vector] < 0)
		return;
	model->config_interrupts++;
	if (write(model->interrupt_fd[model->config_vector], &one, sizeof(one)) != sizeof(one))
		model_violation(model, "the eventfd of the configuration vector can't be written");
}

void model_change_config(struct model *model, uint32_t offset, uint8_t value)
{
	model->script.config[offset] = value;
	model->generation++;
	model_config_interrupt(model);
}

void model_need_reset(struct model *model)
{
	model->status |= STATUS_NEEDS_RESET;
	if ((model->status & STATUS_DRIVER_OK) != 0)
		model_config_interrupt(model);
}

uint32_t model_isr_read(struct model *model, unsigned int width)
{
	uint8_t value = model->isr;

	model_log(model, false, "isr", width, value);
	model->isr = 0;
	model->isr_reads++;
	if (width != 1)
		model_violation(model, "PCI-06: ISR read with %u bytes", width);
	if (model->msix_is_on)
		model_violation(model, "PCI-31: ISR read although MSI-X is on");
	return value;
}
