/* SPDX-License-Identifier: BSD-3-Clause */
/* The registers of the selected queue: 4.1.4.3, 4.1.5.1.3. */
#include "internal.h"

static bool exists(const struct fake_device *fake, uint16_t index)
{
	return index < FAKE_QUEUES && index < fake->script.num_queues;
}

uint32_t fake_queue_read(struct fake_device *fake, uint32_t offset)
{
	struct fake_queue *queue;
	unsigned int half = (offset - 0x20) / 4;

	if (!exists(fake, fake->queue_select)) {
		/* 4.1.4.3: a size of 0 marks a queue that does not exist. */
		if (offset != 0x18)
			fake_violation(fake,
				"PCI-26: register 0x%x of queue %u, which does not exist", offset,
				fake->queue_select);
		return 0;
	}
	queue = &fake->queue[fake->queue_select];
	switch (offset) {
	case 0x18:
		return queue->size;
	case 0x1a:
		queue->vector_unread = false;
		return queue->vector;
	case 0x1c:
		return queue->is_enabled || fake->script.stays_enabled;
	case 0x1e:
		return fake->script.notify_off[fake->queue_select];
	case 0x38:
		return fake->script.notif_config_data[fake->queue_select];
	case 0x3a:
		return fake_queue_reset_read(fake, fake->queue_select);
	default:
		return (uint32_t)(queue->address[half / 2] >> (half % 2 * 32));
	}
}

/*
 * 3.1.1, step 7: between the read of FEATURES_OK and DRIVER_OK, and before the enabling. Or after
 * the queue's own reset, 2.6.1.2.
 */
static bool may_write(struct fake_device *fake, const char *name)
{
	uint16_t index = fake->queue_select;

	if (!exists(fake, index) || fake->script.queue_size[index] == 0)
		fake_violation(fake, "PCI-26: %s of queue %u written, which does not exist", name,
			index);
	else if ((fake->status & STATUS_FEATURES_OK) == 0 || !fake->features_checked)
		fake_violation(fake, "INIT-01: %s written before FEATURES_OK was read back", name);
	else if ((fake->status & STATUS_FAILED) != 0 ||
		((fake->status & STATUS_DRIVER_OK) != 0 && !fake->queue[index].was_reset &&
			!fake->queue[index].is_enabled))
		fake_violation(fake, "INIT-01: %s written in status 0x%02x", name, fake->status);
	else if (fake->queue[index].reset_is_pending)
		fake_violation(fake,
			"PCI-24, MMIO-16: %s of queue %u written before its reset has ended", name,
			index);
	else if (fake->queue[index].is_enabled)
		fake_violation(fake, "VQ-05, MMIO-13: %s of queue %u written while it is enabled",
			name, index);
	else
		return true;
	return false;
}

static void write_size(struct fake_device *fake, struct fake_queue *queue, uint32_t value)
{
	if (!fake_ring_format(fake)->size_is_legal(value))
		fake_violation(fake, "PCI-20: queue_size %u is no legal size", value);
	else if (value > fake->script.queue_size[fake->queue_select])
		fake_violation(fake, "PCI-20, MMIO-12: queue_size %u is above the device's %u",
			value, fake->script.queue_size[fake->queue_select]);
	queue->size = (uint16_t)value;
}

static void write_enable(struct fake_device *fake, uint32_t value)
{
	if (value != 1) {
		fake_violation(fake, "PCI-22: queue_enable written with %u", value);
		fake->status |= STATUS_NEEDS_RESET;
		return;
	}
	fake_enable(fake, fake->queue_select);
}

void fake_queue_write(struct fake_device *fake, uint32_t offset, uint32_t value, const char *name)
{
	struct fake_queue *queue;
	unsigned int half = (offset - 0x20) / 4, shift = half % 2 * 32;

	if (offset == 0x3a && exists(fake, fake->queue_select)) {
		fake_queue_reset_write(fake, fake->queue_select, value);
		return;
	}
	if (!may_write(fake, name))
		return;
	queue = &fake->queue[fake->queue_select];
	switch (offset) {
	case 0x18:
		write_size(fake, queue, value);
		break;
	case 0x1a:
		queue->vector = fake_map_vector(fake, (uint16_t)value, name);
		queue->vector_unread = value != FAKE_NO_VECTOR;
		break;
	case 0x1c:
		write_enable(fake, value);
		break;
	default:
		queue->address[half / 2] &= ~((uint64_t)UINT32_MAX << shift);
		queue->address[half / 2] |= (uint64_t)value << shift;
		queue->written |= 1u << half;
		break;
	}
}
