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

static const struct field *find(struct model *model, uint32_t offset, unsigned int width)
{
	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *field = &fields[i];

		if (offset < field->offset || offset >= field->offset + field->width)
			continue;
		if (offset != field->offset || width != field->width)
			model_violation(model, "PCI-06: %s accessed with %u bytes at its byte %u",
				field->name, width, offset - field->offset);
		else if (field->feature >= 0 && !model_has(model, (unsigned int)field->feature))
			model_violation(model, "VQ-07, NTF-09: %s accessed without feature %d",
				field->name, field->feature);
		else
			return field;
		return NULL;
	}
	model_violation(model,
		"access of %u bytes at 0x%x of the common configuration: no register", width,
		offset);
	return NULL;
}

static uint16_t queue_count(const struct model *model)
{
	return model->script.num_queues;
}

static uint32_t read_field(struct model *model, const struct field *field)
{
	switch (field->offset) {
	case 0x00:
		return model->device_feature_select;
	case 0x04:
		return model_feature_read(model);
	case 0x08:
		return model->driver_feature_select;
	case 0x0c:
		return model_driver_feature_read(model);
	case 0x10:
		model->config_vector_unread = false;
		return model->config_vector;
	case 0x12:
		return queue_count(model);
	case 0x14:
		return model_status_read(model);
	case 0x15:
		return model->generation;
	case 0x16:
		return model->queue_select;
	default:
		return model_queue_read(model, field->offset);
	}
}

uint32_t model_common_read(struct model *model, uint32_t offset, unsigned int width)
{
	const struct field *field = find(model, offset, width);
	uint32_t value;

	if (field == NULL)
		return 0;
	if (model->reset_is_pending && offset != 0x14)
		model_violation(model, "PCI-23: %s read before the reset has ended", field->name);
	value = read_field(model, field);
	model_log(model, false, field->name, width, value);
	return value;
}

static void write_field(struct model *model, const struct field *field, uint32_t value)
{
	switch (field->offset) {
	case 0x00:
		model->device_feature_select = value;
		break;
	case 0x08:
		model->driver_feature_select = value;
		break;
	case 0x0c:
		model_feature_write(model, value);
		break;
	case 0x10:
		model_map_config_vector(model, (uint16_t)value);
		break;
	case 0x14:
		model_status_write(model, (uint8_t)value);
		break;
	case 0x16:
		model->queue_select = (uint16_t)value;
		break;
	default:
		model_queue_write(model, field->offset, value, field->name);
		break;
	}
}

void model_common_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value)
{
	const struct field *field = find(model, offset, width);

	if (field == NULL)
		return;
	model_log(model, true, field->name, width, value);
	if (model->reset_is_pending)
		model_violation(model, "PCI-23: %s written before the reset has ended",
			field->name);
	if (!field->is_writable)
		model_violation(model, "PCI-18: %s written", field->name);
	else
		write_field(model, field, value);
}
