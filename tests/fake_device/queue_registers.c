/* SPDX-License-Identifier: BSD-3-Clause */
/* The registers of the selected queue: 4.1.4.3, 4.1.5.1.3. */
#include "internal.h"

static bool exists(const struct model *model, uint16_t index)
{
	return index < MODEL_QUEUES && index < model->script.num_queues;
}

uint32_t model_queue_read(struct model *model, uint32_t offset)
{
	struct model_queue *queue;
	unsigned int half = (offset - 0x20) / 4;

	if (!exists(model, model->queue_select)) {
		/* 4.1.4.3: a size of 0 says so. */
		if (offset != 0x18)
			model_violation(model,
				"PCI-26: register 0x%x of queue %u, which does not exist", offset,
				model->queue_select);
		return 0;
	}
	queue = &model->queue[model->queue_select];
	switch (offset) {
	case 0x18:
		return queue->size;
	case 0x1a:
		queue->vector_unread = false;
		return queue->vector;
	case 0x1c:
		return queue->is_enabled || model->script.stays_enabled;
	case 0x1e:
		return model->script.notify_off[model->queue_select];
	case 0x38:
		return model->script.notif_config_data[model->queue_select];
	case 0x3a:
		return model_queue_reset_read(model, model->queue_select);
	default:
		return (uint32_t)(queue->address[half / 2] >> (half % 2 * 32));
	}
}

/*
 * 3.1.1, step 7: between the reading back of FEATURES_OK and DRIVER_OK, and before the enabling; or
 * after the queue's own reset, 2.6.1.2.
 */
static bool may_write(struct model *model, const char *name)
{
	uint16_t index = model->queue_select;

	if (!exists(model, index) || model->script.queue_size[index] == 0)
		model_violation(model, "PCI-26: %s of queue %u written, which does not exist", name,
			index);
	else if ((model->status & STATUS_FEATURES_OK) == 0 || !model->features_checked)
		model_violation(model, "INIT-01: %s written before FEATURES_OK was read back",
			name);
	else if ((model->status & STATUS_FAILED) != 0 ||
		((model->status & STATUS_DRIVER_OK) != 0 && !model->queue[index].was_reset &&
			!model->queue[index].is_enabled))
		model_violation(model, "INIT-01: %s written in status 0x%02x", name, model->status);
	else if (model->queue[index].reset_is_pending)
		model_violation(model,
			"PCI-24, MMIO-16: %s of queue %u written before its reset has ended", name,
			index);
	else if (model->queue[index].is_enabled)
		model_violation(model, "VQ-05, MMIO-13: %s of queue %u written while it is enabled",
			name, index);
	else
		return true;
	return false;
}

static void write_size(struct model *model, struct model_queue *queue, uint32_t value)
{
	if (!model_format(model)->size_is_legal(value))
		model_violation(model, "PCI-20: queue_size %u is no legal size", value);
	else if (value > model->script.queue_size[model->queue_select])
		model_violation(model, "PCI-20, MMIO-12: queue_size %u is above the device's %u",
			value, model->script.queue_size[model->queue_select]);
	queue->size = (uint16_t)value;
}

static void write_enable(struct model *model, uint32_t value)
{
	if (value != 1) {
		model_violation(model, "PCI-22: queue_enable written with %u", value);
		model->status |= STATUS_NEEDS_RESET;
		return;
	}
	model_enable(model, model->queue_select);
}

void model_queue_write(struct model *model, uint32_t offset, uint32_t value, const char *name)
{
	struct model_queue *queue;
	unsigned int half = (offset - 0x20) / 4, shift = half % 2 * 32;

	if (offset == 0x3a && exists(model, model->queue_select)) {
		model_queue_reset_write(model, model->queue_select, value);
		return;
	}
	if (!may_write(model, name))
		return;
	queue = &model->queue[model->queue_select];
	switch (offset) {
	case 0x18:
		write_size(model, queue, value);
		break;
	case 0x1a:
		queue->vector = model_map_vector(model, (uint16_t)value, name);
		queue->vector_unread = value != MODEL_NO_VECTOR;
		break;
	case 0x1c:
		write_enable(model, value);
		break;
	default:
		queue->address[half / 2] &= ~((uint64_t)UINT32_MAX << shift);
		queue->address[half / 2] |= (uint64_t)value << shift;
		queue->written |= 1u << half;
		break;
	}
}
