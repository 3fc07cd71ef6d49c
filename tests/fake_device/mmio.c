/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same device behind a block of MMIO registers: 4.2.2, 4.2.4. A register acts as its
 * counterpart on PCI, so the rules that both share are checked there. The shared memory and
 * interrupt registers are traps, since no driver has a use for them here.
 */
#include "internal.h"

#include <stddef.h>
#include <stdio.h>

#define V1 1u
#define V2 2u
#define NONE 0xffffu

/* The counterpart is an offset in the common configuration structure. */
static const struct mmio_register {
	uint16_t offset, counterpart;
	bool is_readable, is_writable;
	unsigned int versions;
	const char *name;
} registers[] = {
	{0x000, NONE, true, false, V1 | V2, "MagicValue"},
	{0x004, NONE, true, false, V1 | V2, "Version"},
	{0x008, NONE, true, false, V1 | V2, "DeviceID"},
	{0x00c, NONE, true, false, V1 | V2, "VendorID"},
	{0x010, 0x04, true, false, V1 | V2, "DeviceFeatures"},
	{0x014, 0x00, false, true, V1 | V2, "DeviceFeaturesSel"},
	{0x020, 0x0c, false, true, V1 | V2, "DriverFeatures"},
	{0x024, 0x08, false, true, V1 | V2, "DriverFeaturesSel"},
	{0x028, NONE, false, true, V1, "GuestPageSize"},
	{0x030, 0x16, false, true, V1 | V2, "QueueSel"},
	{0x034, NONE, true, false, V1 | V2, "QueueSizeMax"},
	{0x038, 0x18, false, true, V1 | V2, "QueueSize"},
	{0x03c, NONE, false, true, V1, "QueueAlign"},
	{0x040, NONE, true, true, V1, "QueuePFN"},
	{0x044, 0x1c, true, true, V2, "QueueReady"},
	{0x050, NONE, false, true, V1 | V2, "QueueNotify"},
	{0x070, 0x14, true, true, V1 | V2, "Status"},
	{0x080, 0x20, false, true, V2, "QueueDescLow"},
	{0x084, 0x24, false, true, V2, "QueueDescHigh"},
	{0x090, 0x28, false, true, V2, "QueueDriverLow"},
	{0x094, 0x2c, false, true, V2, "QueueDriverHigh"},
	{0x0a0, 0x30, false, true, V2, "QueueDeviceLow"},
	{0x0a4, 0x34, false, true, V2, "QueueDeviceHigh"},
	{0x0c0, 0x3a, true, true, V2, "QueueReset"},
	{0x0fc, 0x15, true, false, V2, "ConfigGeneration"},
};

static struct fake_device *fake_of(struct kl__mmio_access *access)
{
	return (struct fake_device *)(void *)((char *)access - offsetof(struct fake_device, mmio));
}

static const struct mmio_register *find(struct fake_device *fake, uint32_t offset,
	unsigned int width, bool is_write)
{
	unsigned int version = fake->script.mmio_version == 1 ? V1 : V2;

	for (unsigned int i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		const struct mmio_register *reg = &registers[i];

		if (offset != reg->offset || (reg->versions & version) == 0)
			continue;
		if (width != 4 || !(is_write ? reg->is_writable : reg->is_readable))
			break;
		if (offset > 0x008 && fake->script.mmio_device_id == 0)
			break;
		return reg;
	}
	fake_violation(fake, "MMIO-01, MMIO-02, MMIO-09, MMIO-21: %s of %u bytes at 0x%x",
		is_write ? "write" : "read", width, offset);
	return NULL;
}

static struct fake_queue *selected(struct fake_device *fake)
{
	uint16_t index = fake->queue_select;

	return index < FAKE_QUEUES && index < fake->script.num_queues ? &fake->queue[index] : NULL;
}

static uint32_t read_own(struct fake_device *fake, uint32_t offset)
{
	const struct fake_queue *queue = selected(fake);

	switch (offset) {
	case 0x000:
		return fake->script.mmio_magic;
	case 0x004:
		return fake->script.mmio_version;
	case 0x008:
		return fake->script.mmio_device_id;
	case 0x00c:
		return 0x554d4551;
	case 0x034:
		return queue != NULL ? fake->script.queue_size[fake->queue_select] : 0;
	default:
		return queue != NULL ? (uint32_t)(queue->address[0] >> 12) : 0;
	}
}

/* 4.2.2: of a queue that does not exist QueueReady reads 0, and so does its counterpart's. */
static uint32_t read_register(struct fake_device *fake, const struct mmio_register *reg)
{
	switch (reg->counterpart) {
	case NONE:
		return read_own(fake, reg->offset);
	case 0x04:
		return fake_feature_read(fake);
	case 0x14:
		return fake_status_read(fake);
	case 0x15:
		return fake->generation;
	default:
		return fake_queue_read(fake, reg->counterpart);
	}
}

static uint32_t mmio_read(struct kl__mmio_access *access, uint32_t offset, unsigned int width)
{
	struct fake_device *fake = fake_of(access);
	const struct mmio_register *reg;
	uint32_t value;

	if (fake->script.is_gone)
		return width == 4 ? UINT32_MAX : (1u << (8 * width)) - 1;
	if (offset >= 0x100)
		return fake_config_read(fake, offset - 0x100, width);
	reg = find(fake, offset, width, false);
	if (reg == NULL)
		return 0;
	if (fake->reset_is_pending && offset != 0x070)
		fake_violation(fake, "PCI-23: %s read before the reset has ended", reg->name);
	value = read_register(fake, reg);
	fake_log(fake, false, reg->name, width, value);
	return value;
}

/* 2.7.2 with the size that the driver chose. Everything had to be set before. */
static void write_page(struct fake_device *fake, uint32_t page)
{
	struct fake_queue *queue = selected(fake);
	uint64_t size;

	if (queue == NULL || queue->is_enabled || fake->mmio_page_size != 4096 ||
		fake->mmio_align != 4096 || page == 0) {
		fake_violation(fake, "MMIOL-01, MMIOL-02, MMIOL-03: QueuePFN 0x%x of queue %u",
			page, fake->queue_select);
		return;
	}
	size = queue->size;
	queue->address[0] = (uint64_t)page << 12;
	queue->address[1] = queue->address[0] + 16 * size;
	queue->address[2] = (queue->address[1] + 2 * (3 + size) + 4095) & ~UINT64_C(4095);
	queue->written = 0x3f;
	fake_enable(fake, fake->queue_select);
}

static void write_own(struct fake_device *fake, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case 0x028:
		fake->mmio_page_size = value;
		break;
	case 0x03c:
		fake->mmio_align = value;
		break;
	case 0x040:
		write_page(fake, value);
		break;
	default:
		if ((uint16_t)value >= fake->script.num_queues)
			fake_violation(fake, "MMIO-23: doorbell with value 0x%x", value);
		else
			fake_doorbell_ring(fake, (uint16_t)value, (uint16_t)(value >> 16));
		break;
	}
}

static void write_features(struct fake_device *fake, uint32_t value)
{
	if (fake->script.mmio_version == 1) {
		if (fake->driver_feature_select != 0)
			fake_violation(fake, "MMIOL-05: feature bank %u written",
				fake->driver_feature_select);
		fake->accepted = (struct kl_features){{value}};
		return;
	}
	fake_feature_write(fake, value);
}

static void write_register(struct fake_device *fake, const struct mmio_register *reg,
	uint32_t value)
{
	struct fake_queue *queue = selected(fake);

	switch (reg->counterpart) {
	case NONE:
		write_own(fake, reg->offset, value);
		break;
	case 0x00:
		fake->device_feature_select = value;
		break;
	case 0x08:
		fake->driver_feature_select = value;
		break;
	case 0x0c:
		write_features(fake, value);
		break;
	case 0x14:
		fake_status_write(fake, (uint8_t)value);
		break;
	case 0x16:
		fake->queue_select = (uint16_t)value;
		break;
	case 0x18:
		if (fake->script.mmio_version == 1 && queue != NULL) {
			queue->size = (uint16_t)value;
			break;
		}
		fake_queue_write(fake, reg->counterpart, value, reg->name);
		break;
	default:
		fake_queue_write(fake, reg->counterpart, value, reg->name);
		break;
	}
}

static void mmio_write(struct kl__mmio_access *access, uint32_t offset, unsigned int width,
	uint32_t value)
{
	struct fake_device *fake = fake_of(access);
	const struct mmio_register *reg;

	if (fake->script.is_gone)
		return;
	if (offset >= 0x100) {
		fake_config_write(fake, offset - 0x100, width, value);
		return;
	}
	reg = find(fake, offset, width, true);
	if (reg == NULL)
		return;
	fake_log(fake, true, reg->name, width, value);
	if (fake->reset_is_pending)
		fake_violation(fake, "PCI-23: %s written before the reset has ended", reg->name);
	if (fake->script.mmio_version == 1 && fake->status == 0)
		fake->is_driven_legacy = true;
	write_register(fake, reg, value);
}

static volatile void *mmio_pointer(struct kl__mmio_access *access, uint32_t offset)
{
	if (offset != 0x050)
		fake_violation(fake_of(access),
			"a raw pointer was requested for a register that is no doorbell: 0x%x",
			offset);
	return NULL;
}

static void mmio_close(struct kl__mmio_access *access)
{
	fake_of(access)->access_closes++;
}

static const struct kl__mmio_access_ops mmio_ops = {
	.read = mmio_read,
	.write = mmio_write,
	.pointer = mmio_pointer,
	.close = mmio_close,
};

void fake_init_mmio(struct fake_device *fake, uint32_t type)
{
	fake->mmio.ops = &mmio_ops;
	fake->mmio.numa_node = -1;
	fake->mmio.size = 0x200;
	snprintf(fake->mmio.name, sizeof(fake->mmio.name), "fake");
	fake->script.mmio_magic = 0x74726976;
	fake->script.mmio_version = 2;
	fake->script.mmio_device_id = type;
}
