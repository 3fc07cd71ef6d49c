/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device configuration structure with its generation, and the
 * ISR status: 2.5, 4.1.4.5, 4.1.4.6.
 */
#include <stdio.h>
#include <unistd.h>

#include "internal.h"

/*
 * 2.5.1: a field is read whole, or by halves when it has 64 bits. It is
 * read only when its feature is offered.
 */
static void check_field(struct fake_device *fake, uint32_t offset, unsigned int width)
{
	const struct fake_config_field *field = fake->script.fields;
	bool is_known = false, is_offered = false;

	if (field == NULL)
		return;
	for (; field->width != 0; field++) {
		uint32_t at = offset - field->offset;
		unsigned int right = field->width == 8 ? 4 : field->width;

		if (offset < field->offset || at >= (uint32_t)field->width * field->count)
			continue;
		if (!is_known && (width != right || at % right != 0))
			fake_violation(fake,
				"PCI-06, MMIO-03: config field at %u of %u bytes read by %u",
				field->offset, field->width, width);
		is_known = true;
		is_offered |= field->feature < 0 ||
			kl_features_has(&fake->script.offered, (unsigned int)field->feature);
	}
	if (!is_known)
		fake_violation(fake, "CFG-03: config byte %u read, no such field", offset);
	else if (!is_offered)
		fake_violation(fake, "CFG-03: config field at %u read, its feature not offered",
			offset);
}

static void bump(struct fake_device *fake)
{
	if (fake->script.config_bumps == 0)
		return;
	if (fake->script.config_bumps != FAKE_NEVER)
		fake->script.config_bumps--;
	fake->generation++;
	if (fake->script.on_bump != NULL)
		fake->script.on_bump(fake);
}

uint32_t fake_config_read(struct fake_device *fake, uint32_t offset, unsigned int width)
{
	uint32_t value = 0;
	char name[24];

	check_field(fake, offset, width);
	if (fake->reset_is_pending)
		fake_violation(fake, "PCI-23: configuration read before the reset has ended");
	for (unsigned int i = 0; i < width && offset + i < FAKE_CONFIG_BYTES; i++)
		value |= (uint32_t)fake->script.config[offset + i] << (8 * i);
	snprintf(name, sizeof(name), "config[%u]", offset);
	fake_log(fake, false, name, width, value);
	bump(fake);
	return value;
}

void fake_config_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value)
{
	char name[24];

	snprintf(name, sizeof(name), "config[%u]", offset);
	fake_log(fake, true, name, width, value);
	if ((fake->status & STATUS_FEATURES_OK) == 0 && !fake->is_driven_legacy)
		fake_violation(fake, "INIT-06: configuration written before FEATURES_OK");
	if (!fake->script.config_is_writable) {
		fake_violation(fake, "NET-01: configuration of %u bytes at %u written", width,
			offset);
		return;
	}
	for (unsigned int i = 0; i < width && offset + i < FAKE_CONFIG_BYTES; i++)
		fake->script.config[offset + i] = (uint8_t)(value >> (8 * i));
}

/*
 * The line stays raised until the ISR status is read. It is let through once until it is rearmed.
 */
void fake_line_interrupt(struct fake_device *fake, uint8_t isr)
{
	uint64_t one = 1;

	fake->isr |= isr;
	if (fake->msix_is_on || fake->isr == 0 || !fake->line_is_open)
		return;
	fake->line_is_open = false;
	if (write(fake->line_fd, &one, sizeof(one)) != sizeof(one))
		fake_violation(fake, "the eventfd of the line can't be written");
}

void fake_config_interrupt(struct fake_device *fake)
{
	uint64_t one = 1;

	fake_line_interrupt(fake, 2);
	if (!fake->msix_is_on || fake->config_vector >= FAKE_VECTORS ||
		fake->interrupt_fd[fake->config_vector] < 0)
		return;
	fake->config_interrupts++;
	if (write(fake->interrupt_fd[fake->config_vector], &one, sizeof(one)) != sizeof(one))
		fake_violation(fake, "the eventfd of the configuration vector can't be written");
}

void fake_change_config(struct fake_device *fake, uint32_t offset, uint8_t value)
{
	fake->script.config[offset] = value;
	fake->generation++;
	fake_config_interrupt(fake);
}

void fake_need_reset(struct fake_device *fake)
{
	fake->status |= STATUS_NEEDS_RESET;
	if ((fake->status & STATUS_DRIVER_OK) != 0)
		fake_config_interrupt(fake);
}

uint32_t fake_isr_read(struct fake_device *fake, unsigned int width)
{
	uint8_t value = fake->isr;

	fake_log(fake, false, "isr", width, value);
	fake->isr = 0;
	fake->isr_reads++;
	if (width != 1)
		fake_violation(fake, "PCI-06: ISR read with %u bytes", width);
	if (fake->msix_is_on)
		fake_violation(fake, "PCI-31: ISR read although MSI-X is on");
	return value;
}
