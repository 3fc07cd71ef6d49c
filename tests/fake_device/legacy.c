/* SPDX-License-Identifier: BSD-3-Clause */
/* The registers from before virtio 1.0, in I/O ports: 4.1.4.10, 4.1.5.1.3.1, 2.7.2. */
#include "internal.h"

/* Ports whose place does not move. */
static const struct port {
	uint8_t offset, width;
	bool is_readable, is_writable, needs_msix;
	const char *name;
} ports[] = {
	{0, 4, true, false, false, "legacy_device_features"},
	{4, 4, true, true, false, "legacy_driver_features"},
	{8, 4, true, true, false, "legacy_queue_address"},
	{12, 2, true, false, false, "legacy_queue_size"},
	{14, 2, true, true, false, "legacy_queue_select"},
	{16, 2, false, true, false, "legacy_queue_notify"},
	{18, 1, true, true, false, "legacy_status"},
	{19, 1, true, false, false, "legacy_isr"},
	{20, 2, true, true, true, "legacy_config_vector"},
	{22, 2, true, true, true, "legacy_queue_vector"},
};

/* Where the device configuration starts: the vectors are there only while MSI-X is on. */
static uint32_t config_start(const struct model *model)
{
	return model->msix_is_on ? 24 : 20;
}

uint32_t model_legacy_bytes(const struct model *model)
{
	uint32_t bytes = 32,
		 needed = (model->script.msix_vectors != 0 ? 24 : 20) + model->script.config_length;

	while (bytes < needed)
		bytes *= 2;
	return bytes;
}

static const struct port *find(struct model *model, uint32_t offset, unsigned int width,
	bool is_write)
{
	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		const struct port *port = &ports[i];

		if (offset != port->offset || (port->needs_msix && !model->msix_is_on))
			continue;
		if (width != port->width || !(is_write ? port->is_writable : port->is_readable))
			break;
		return port;
	}
	model_violation(model, "PCIL-02: %s of %u bytes at port %u", is_write ? "write" : "read",
		width, offset);
	return NULL;
}

/* The two interfaces may not be mixed: 4.1.4.10. */
static void note_use(struct model *model)
{
	if (model->status != 0 && !model->is_driven_legacy)
		model_violation(model, "PCI-41: a legacy register used in a modern driver's life");
	model->is_driven_legacy = true;
}

static struct model_queue *selected(struct model *model)
{
	uint16_t index = model->queue_select;

	return index < MODEL_QUEUES && index < model->script.num_queues &&
			model->script.queue_size[index] != 0 ?
		&model->queue[index] :
		NULL;
}

static uint32_t read_port(struct model *model, const struct port *port)
{
	struct model_queue *queue = selected(model);

	switch (port->offset) {
	case 0:
		return (uint32_t)model->script.offered.word[0];
	case 4:
		return (uint32_t)model->accepted.word[0];
	case 8:
		if (model->script.stays_enabled)
			return 1;
		return queue != NULL ? (uint32_t)(queue->address[0] >> 12) : 0;
	case 12:
		return queue != NULL ? model->script.queue_size[model->queue_select] : 0;
	case 14:
		return model->queue_select;
	case 18:
		return model_status_read(model);
	case 19:
		return model_isr_read(model, 1);
	case 20:
		model->config_vector_unread = false;
		return model->config_vector;
	default:
		if (queue == NULL)
			return MODEL_NO_VECTOR;
		queue->vector_unread = false;
		return queue->vector;
	}
}

uint32_t model_legacy_read(struct model *model, uint32_t offset, unsigned int width)
{
	const struct port *port;
	uint32_t value;

	note_use(model);
	if (offset >= config_start(model))
		return model_config_read(model, offset - config_start(model), width);
	port = find(model, offset, width, false);
	if (port == NULL)
		return 0;
	if (model->reset_is_pending && offset != 18)
		model_violation(model, "PCI-23: %s read before the reset has ended", port->name);
	value = read_port(model, port);
	model_log(model, false, port->name, width, value);
	return value;
}

static void write_features(struct model *model, uint32_t value)
{
	if ((value & ~(uint32_t)model->script.offered.word[0]) != 0)
		model_violation(model, "FEAT-01: accepted but not offered: 0x%x",
			value & ~(uint32_t)model->script.offered.word[0]);
	if ((value & 1u << 30) != 0)
		model_violation(model, "FEAT-24: bit 30 accepted");
	if ((model->script.offered.word[0] & 1u << 27) != 0 && (value & 1u << 27) == 0)
		model_violation(model, "FEAT-23: ANY_LAYOUT is offered and was not accepted");
	if ((model->status & STATUS_DRIVER) == 0 || (model->status & STATUS_DRIVER_OK) != 0)
		model_violation(model, "INIT-01: features written in status 0x%02x", model->status);
	model->accepted = (struct kl_features){{value, 0}};
}

/* 2.7.2: one address tells where everything is. */
static void write_address(struct model *model, uint32_t page)
{
	struct model_queue *queue = selected(model);
	uint64_t size;

	if (queue == NULL || queue->is_enabled || (model->status & STATUS_DRIVER_OK) != 0) {
		model_violation(model, "VQ-05: the address of queue %u written in status 0x%02x",
			model->queue_select, model->status);
		return;
	}
	size = queue->size = model->script.queue_size[model->queue_select];
	queue->address[0] = (uint64_t)page << 12;
	queue->address[1] = queue->address[0] + 16 * size;
	queue->address[2] = (queue->address[1] + 2 * (3 + size) + 4095) & ~UINT64_C(4095);
	queue->written = 0x3f;
	model_enable(model, model->queue_select);
}

static void write_vector(struct model *model, uint16_t value)
{
	struct model_queue *queue = selected(model);

	if (queue == NULL)
		return;
	queue->vector = model_map_vector(model, value, "legacy_queue_vector");
	queue->vector_unread = value != MODEL_NO_VECTOR;
}

static void ring(struct model *model, uint32_t index)
{
	if (index >= MODEL_QUEUES || index >= model->script.num_queues)
		model_violation(model, "NTF-03: doorbell with value %u", index);
	else
		model_doorbell_ring(model, (int)index, 0);
}

static void write_port(struct model *model, const struct port *port, uint32_t value)
{
	switch (port->offset) {
	case 4:
		write_features(model, value);
		break;
	case 8:
		write_address(model, value);
		break;
	case 14:
		model->queue_select = (uint16_t)value;
		break;
	case 16:
		ring(model, value);
		break;
	case 18:
		model_status_write(model, (uint8_t)value);
		break;
	case 20:
		model_map_config_vector(model, (uint16_t)value);
		break;
	default:
		write_vector(model, (uint16_t)value);
		break;
	}
}

void model_legacy_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value)
{
	const struct port *port;

	note_use(model);
	if (offset >= config_start(model)) {
		model_config_write(model, offset - config_start(model), width, value);
		return;
	}
	port = find(model, offset, width, true);
	if (port == NULL)
		return;
	model_log(model, true, port->name, width, value);
	if (model->reset_is_pending)
		model_violation(model, "PCI-23: %s written before the reset has ended", port->name);
	write_port(model, port, value);
}
