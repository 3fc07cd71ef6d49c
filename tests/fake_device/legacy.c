/* SPDX-License-Identifier: BSD-3-Clause */
/* The registers from before virtio 1.0, in I/O ports: 4.1.4.10, 4.1.5.1.3.1, 2.7.2. */
#include "internal.h"

/* Ports at fixed offsets. */
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

/* Start of the device configuration. The vectors exist only while MSI-X is on. */
static uint32_t config_start(const struct fake_device *fake)
{
	return fake->msix_is_on ? 24 : 20;
}

uint32_t fake_legacy_bytes(const struct fake_device *fake)
{
	uint32_t bytes = 32,
		 needed = (fake->script.msix_vectors != 0 ? 24 : 20) + fake->script.config_length;

	while (bytes < needed)
		bytes *= 2;
	return bytes;
}

static const struct port *find(struct fake_device *fake, uint32_t offset, unsigned int width,
	bool is_write)
{
	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		const struct port *port = &ports[i];

		if (offset != port->offset || (port->needs_msix && !fake->msix_is_on))
			continue;
		if (width != port->width || !(is_write ? port->is_writable : port->is_readable))
			break;
		return port;
	}
	fake_violation(fake, "PCIL-02: %s of %u bytes at port %u", is_write ? "write" : "read",
		width, offset);
	return NULL;
}

/* 4.1.4.10: the two interfaces may not be mixed. */
static void note_use(struct fake_device *fake)
{
	if (fake->status != 0 && !fake->is_driven_legacy)
		fake_violation(fake, "PCI-41: a legacy register used in a modern driver's life");
	fake->is_driven_legacy = true;
}

static struct fake_queue *selected(struct fake_device *fake)
{
	uint16_t index = fake->queue_select;

	return index < FAKE_QUEUES && index < fake->script.num_queues &&
			fake->script.queue_size[index] != 0 ?
		&fake->queue[index] :
		NULL;
}

static uint32_t read_port(struct fake_device *fake, const struct port *port)
{
	struct fake_queue *queue = selected(fake);

	switch (port->offset) {
	case 0:
		return (uint32_t)fake->script.offered.word[0];
	case 4:
		return (uint32_t)fake->accepted.word[0];
	case 8:
		if (fake->script.stays_enabled)
			return 1;
		return queue != NULL ? (uint32_t)(queue->address[0] >> 12) : 0;
	case 12:
		return queue != NULL ? fake->script.queue_size[fake->queue_select] : 0;
	case 14:
		return fake->queue_select;
	case 18:
		return fake_status_read(fake);
	case 19:
		return fake_isr_read(fake, 1);
	case 20:
		fake->config_vector_unread = false;
		return fake->config_vector;
	default:
		if (queue == NULL)
			return FAKE_NO_VECTOR;
		queue->vector_unread = false;
		return queue->vector;
	}
}

uint32_t fake_legacy_read(struct fake_device *fake, uint32_t offset, unsigned int width)
{
	const struct port *port;
	uint32_t value;

	note_use(fake);
	if (offset >= config_start(fake))
		return fake_config_read(fake, offset - config_start(fake), width);
	port = find(fake, offset, width, false);
	if (port == NULL)
		return 0;
	if (fake->reset_is_pending && offset != 18)
		fake_violation(fake, "PCI-23: %s read before the reset has ended", port->name);
	value = read_port(fake, port);
	fake_log(fake, false, port->name, width, value);
	return value;
}

static void write_features(struct fake_device *fake, uint32_t value)
{
	if ((value & ~(uint32_t)fake->script.offered.word[0]) != 0)
		fake_violation(fake, "FEAT-01: accepted but not offered: 0x%x",
			value & ~(uint32_t)fake->script.offered.word[0]);
	if ((value & 1u << 30) != 0)
		fake_violation(fake, "FEAT-24: bit 30 accepted");
	if ((fake->script.offered.word[0] & 1u << 27) != 0 && (value & 1u << 27) == 0)
		fake_violation(fake, "FEAT-23: ANY_LAYOUT is offered and was not accepted");
	if ((fake->status & STATUS_DRIVER) == 0 || (fake->status & STATUS_DRIVER_OK) != 0)
		fake_violation(fake, "INIT-01: features written in status 0x%02x", fake->status);
	fake->accepted = (struct kl_features){{value, 0}};
}

/* 2.7.2: one address sets the place of all three areas. */
static void write_address(struct fake_device *fake, uint32_t page)
{
	struct fake_queue *queue = selected(fake);
	uint64_t size;

	if (queue == NULL || queue->is_enabled || (fake->status & STATUS_DRIVER_OK) != 0) {
		fake_violation(fake, "VQ-05: the address of queue %u written in status 0x%02x",
			fake->queue_select, fake->status);
		return;
	}
	size = queue->size = fake->script.queue_size[fake->queue_select];
	queue->address[0] = (uint64_t)page << 12;
	queue->address[1] = queue->address[0] + 16 * size;
	queue->address[2] = (queue->address[1] + 2 * (3 + size) + 4095) & ~UINT64_C(4095);
	queue->written = 0x3f;
	fake_enable(fake, fake->queue_select);
}

static void write_vector(struct fake_device *fake, uint16_t value)
{
	struct fake_queue *queue = selected(fake);

	if (queue == NULL)
		return;
	queue->vector = fake_map_vector(fake, value, "legacy_queue_vector");
	queue->vector_unread = value != FAKE_NO_VECTOR;
}

static void ring(struct fake_device *fake, uint32_t index)
{
	if (index >= FAKE_QUEUES || index >= fake->script.num_queues)
		fake_violation(fake, "NTF-03: doorbell with value %u", index);
	else
		fake_doorbell_ring(fake, (int)index, 0);
}

static void write_port(struct fake_device *fake, const struct port *port, uint32_t value)
{
	switch (port->offset) {
	case 4:
		write_features(fake, value);
		break;
	case 8:
		write_address(fake, value);
		break;
	case 14:
		fake->queue_select = (uint16_t)value;
		break;
	case 16:
		ring(fake, value);
		break;
	case 18:
		fake_status_write(fake, (uint8_t)value);
		break;
	case 20:
		fake_map_config_vector(fake, (uint16_t)value);
		break;
	default:
		write_vector(fake, (uint16_t)value);
		break;
	}
}

void fake_legacy_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value)
{
	const struct port *port;

	note_use(fake);
	if (offset >= config_start(fake)) {
		fake_config_write(fake, offset - config_start(fake), width, value);
		return;
	}
	port = find(fake, offset, width, true);
	if (port == NULL)
		return;
	fake_log(fake, true, port->name, width, value);
	if (fake->reset_is_pending)
		fake_violation(fake, "PCI-23: %s written before the reset has ended", port->name);
	write_port(fake, port, value);
}
