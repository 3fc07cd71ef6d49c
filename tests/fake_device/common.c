/* SPDX-License-Identifier: BSD-3-Clause */
/* The common configuration structure, register by register: 4.1.4.3. */
#include "internal.h"

struct field {
	uint32_t offset;
	uint8_t width;
	bool is_writable;
	int feature; /* the bit without which the register does not exist, or -1 */
	const char *name;
};

/* 4.1.3.1: 64-bit fields are accessed as two halves. */
static const struct field fields[] = {
	{0x00, 4, true, -1, "device_feature_select"},
	{0x04, 4, false, -1, "device_feature"},
	{0x08, 4, true, -1, "driver_feature_select"},
	{0x0c, 4, true, -1, "driver_feature"},
	{0x10, 2, true, -1, "config_msix_vector"},
	{0x12, 2, false, -1, "num_queues"},
	{0x14, 1, true, -1, "device_status"},
	{0x15, 1, false, -1, "config_generation"},
	{0x16, 2, true, -1, "queue_select"},
	{0x18, 2, true, -1, "queue_size"},
	{0x1a, 2, true, -1, "queue_msix_vector"},
	{0x1c, 2, true, -1, "queue_enable"},
	{0x1e, 2, false, -1, "queue_notify_off"},
	{0x20, 4, true, -1, "queue_desc_low"},
	{0x24, 4, true, -1, "queue_desc_high"},
	{0x28, 4, true, -1, "queue_driver_low"},
	{0x2c, 4, true, -1, "queue_driver_high"},
	{0x30, 4, true, -1, "queue_device_low"},
	{0x34, 4, true, -1, "queue_device_high"},
	{0x38, 2, false, FEATURE_NOTIF_CONFIG_DATA, "queue_notif_config_data"},
	{0x3a, 2, true, FEATURE_RING_RESET, "queue_reset"},
};

static const struct field *find(struct fake_device *fake, uint32_t offset, unsigned int width)
{
	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *field = &fields[i];

		if (offset < field->offset || offset >= field->offset + field->width)
			continue;
		if (offset != field->offset || width != field->width)
			fake_violation(fake, "PCI-06: %s accessed with %u bytes at its byte %u",
				field->name, width, offset - field->offset);
		else if (field->feature >= 0 && !fake_has(fake, (unsigned int)field->feature))
			fake_violation(fake, "VQ-07, NTF-09: %s accessed without feature %d",
				field->name, field->feature);
		else
			return field;
		return NULL;
	}
	fake_violation(fake, "access of %u bytes at 0x%x of the common configuration: no register",
		width, offset);
	return NULL;
}

static uint16_t queue_count(const struct fake_device *fake)
{
	return fake->script.num_queues;
}

static uint32_t read_field(struct fake_device *fake, const struct field *field)
{
	switch (field->offset) {
	case 0x00:
		return fake->device_feature_select;
	case 0x04:
		return fake_feature_read(fake);
	case 0x08:
		return fake->driver_feature_select;
	case 0x0c:
		return fake_driver_feature_read(fake);
	case 0x10:
		fake->config_vector_unread = false;
		return fake->config_vector;
	case 0x12:
		return queue_count(fake);
	case 0x14:
		return fake_status_read(fake);
	case 0x15:
		return fake->generation;
	case 0x16:
		return fake->queue_select;
	default:
		return fake_queue_read(fake, field->offset);
	}
}

uint32_t fake_common_read(struct fake_device *fake, uint32_t offset, unsigned int width)
{
	const struct field *field = find(fake, offset, width);
	uint32_t value;

	if (field == NULL)
		return 0;
	if (fake->reset_is_pending && offset != 0x14)
		fake_violation(fake, "PCI-23: %s read before the reset has ended", field->name);
	value = read_field(fake, field);
	fake_log(fake, false, field->name, width, value);
	return value;
}

static void write_field(struct fake_device *fake, const struct field *field, uint32_t value)
{
	switch (field->offset) {
	case 0x00:
		fake->device_feature_select = value;
		break;
	case 0x08:
		fake->driver_feature_select = value;
		break;
	case 0x0c:
		fake_feature_write(fake, value);
		break;
	case 0x10:
		fake_map_config_vector(fake, (uint16_t)value);
		break;
	case 0x14:
		fake_status_write(fake, (uint8_t)value);
		break;
	case 0x16:
		fake->queue_select = (uint16_t)value;
		break;
	default:
		fake_queue_write(fake, field->offset, value, field->name);
		break;
	}
}

void fake_common_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value)
{
	const struct field *field = find(fake, offset, width);

	if (field == NULL)
		return;
	fake_log(fake, true, field->name, width, value);
	if (fake->reset_is_pending)
		fake_violation(fake, "PCI-23: %s written before the reset has ended", field->name);
	if (!field->is_writable)
		fake_violation(fake, "PCI-18: %s written", field->name);
	else
		write_field(fake, field, value);
}
