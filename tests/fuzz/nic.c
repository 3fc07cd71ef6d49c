/* SPDX-License-Identifier: BSD-3-Clause */
#include "nic.h"

#include <string.h>

static struct nic *of(struct kl__transport *transport)
{
	return (struct nic *)(void *)((char *)transport - offsetof(struct nic, transport));
}

static void get_features(struct kl__transport *transport, struct kl_features *offered)
{
	*offered = of(transport)->offered;
}

static void set_features(struct kl__transport *transport, const struct kl_features *accepted)
{
	struct nic *nic = of(transport);
	struct kl_features wrong = kl_features_without(*accepted, nic->offered);

	MUST((nic->status & 8) == 0 && wrong.word[0] == 0 && wrong.word[1] == 0);
}

static uint8_t get_status(struct kl__transport *transport)
{
	return of(transport)->status;
}

static void set_status(struct kl__transport *transport, uint8_t status)
{
	struct nic *nic = of(transport);

	nic->status = status;
	if (status == 0) {
		memset(nic->is_enabled, 0, sizeof(nic->is_enabled));
		memset(nic->used, 0, sizeof(nic->used));
	}
}

static uint32_t config_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	uint32_t value = 0;

	MUST(offset + width <= transport->config_size && offset % width == 0);
	memcpy(&value, of(transport)->config + offset, width);
	return value;
}

static void config_write(struct kl__transport *transport, uint32_t offset, unsigned int width,
	uint32_t value)
{
	(void)transport;
	(void)offset;
	(void)width;
	(void)value;
	MUST(!"a configuration that may be written"); /* 5.1.4.2 */
}

static uint32_t config_generation(struct kl__transport *transport)
{
	(void)transport;
	return 0;
}

static uint16_t queue_count(struct kl__transport *transport)
{
	(void)transport;
	return QUEUES;
}

static uint16_t queue_max_size(struct kl__transport *transport, uint16_t index)
{
	(void)transport;
	return index < QUEUES ? 16 : 0;
}

static bool queue_is_enabled(struct kl__transport *transport, uint16_t index)
{
	return of(transport)->is_enabled[index];
}

/* The control queue is answered at once, as most devices do; the others wait for the script. */
static void notify(const struct kl_notifier *notifier, uint32_t what)
{
	struct nic *nic = notifier->context;

	if (what == 2 || what == 4)
		nic_serve(nic, what);
}

static int queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier)
{
	struct nic *nic = of(transport);

	MUST(setup->index < QUEUES && !nic->is_enabled[setup->index]);
	nic->queue[setup->index] = *setup;
	nic->is_enabled[setup->index] = true;
	*notifier = (struct kl_notifier){.value = setup->index, .notify = notify, .context = nic};
	return 0;
}

static void close_transport(struct kl__transport *transport)
{
	(void)transport;
}

static const struct kl__transport_ops ops = {
	.name = "fuzzed",
	.get_features = get_features,
	.set_features = set_features,
	.get_status = get_status,
	.set_status = set_status,
	.config_generation = config_generation,
	.config_read = config_read,
	.config_write = config_write,
	.queue_count = queue_count,
	.queue_max_size = queue_max_size,
	.queue_is_enabled = queue_is_enabled,
	.queue_enable = queue_enable,
	.close = close_transport,
};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

/* True if a table lies in memory of the driver's. A table that was overwritten need not. */
static bool has_table(const struct nic *nic, uint64_t iova, size_t length)
{
	return fuzz_host_find(&nic->host, iova, length) != NULL;
}

/*
 * A packet's first bytes or a command's answer: the input's bytes, and zeros when it has ended.
 * Only rings that were not overwritten are followed that far.
 */
static void fill(struct nic *nic, uint64_t address, uint32_t length)
{
	uint8_t *bytes = (uint8_t *)(uintptr_t)address;
	unsigned int count = take8(&nic->input) % 64;

	for (uint32_t i = 0; i < count && i < length; i++)
		bytes[i] = take8(&nic->input);
}

static uint32_t use(struct nic *nic, const struct kl__queue_setup *setup, uint16_t head)
{
	uint64_t table = setup->desc, address;
	uint32_t length, total = 0;
	uint16_t at = head % setup->size, flags = 1;

	for (unsigned int i = 0; i < 64 && (flags & 1) != 0; i++) {
		uint64_t descriptor = table + 16 * (uint64_t)at;

		if (!has_table(nic, descriptor, 16))
			break;
		memcpy(&address, (void *)(uintptr_t)descriptor, 8);
		memcpy(&length, (void *)(uintptr_t)(descriptor + 8), 4);
		flags = get16((void *)(uintptr_t)(descriptor + 12));
		at = get16((void *)(uintptr_t)(descriptor + 14));
		if ((flags & 4) != 0) {
			table = address;
			at = 0;
			flags = 1;
		} else if ((flags & 2) != 0) {
			fill(nic, address, length);
			total += length;
		}
	}
	return total;
}

void nic_serve(struct nic *nic, unsigned int index)
{
	const struct kl__queue_setup *setup = &nic->queue[index];
	uint8_t *avail = (uint8_t *)(uintptr_t)setup->driver,
		*used = (uint8_t *)(uintptr_t)setup->device;
	uint32_t element[2] = {0, 0};
	uint16_t place;

	if (!nic->is_enabled[index] || (nic->status & 4) == 0 ||
		get16(avail + 2) == nic->used[index])
		return;
	place = nic->used[index]++ % setup->size;
	element[0] = get16(avail + 4 + 2 * place);
	element[1] = use(nic, setup, (uint16_t)element[0]);
	/* As much as was written, or less, or more. */
	if (take8(&nic->input) % 4 != 0)
		element[1] = take16(&nic->input) % 2048;
	memcpy(used + 4 + 8 * place, element, 8);
	memcpy(used + 2, &nic->used[index], 2);
}

/* In the used ring: a descriptor that was written over would send this device anywhere. */
void nic_scribble(struct nic *nic, unsigned int index)
{
	const struct kl__queue_setup *setup = &nic->queue[index];

	if (nic->is_enabled[index])
		((uint8_t *)(uintptr_t)
				setup->device)[take16(&nic->input) % (6 + 8u * setup->size)] =
			take8(&nic->input);
}

void nic_make(struct nic *nic, const uint8_t *bytes, size_t size)
{
	static const uint8_t config[28] = {0x52, 0x54, 0, 1, 2, 3, 1, 0, 2, 0, 0xdc, 5, 0x10, 0x27,
		0, 0, 1, 40, 128, 0, 0xff, 1, 0, 0, 0xff, 1, 0, 0};

	memset(nic, 0, sizeof(*nic));
	nic->input = (struct input){bytes, size};
	nic->transport =
		(struct kl__transport){.ops = &ops, .type = 1, .name = "fuzzed", .numa_node = -1};
	nic->transport.config_size = sizeof(nic->config);
	kl_features_set(&nic->transport.features, 32);
	/* VERSION_1 always; neither packed rings nor what is used in order. */
	nic->offered.word[0] = take32(&nic->input) | UINT64_C(1) << 32;
	nic->offered.word[0] |= (uint64_t)(take32(&nic->input) & 0xfffc0000) << 32;
	memcpy(nic->config, config, sizeof(config));
	for (unsigned int i = take8(&nic->input) % 8; i > 0; i--)
		nic->config[take8(&nic->input) % sizeof(nic->config)] = take8(&nic->input);
	fuzz_host_init(&nic->host, 1000);
}

void nic_free(struct nic *nic)
{
	fuzz_host_free(&nic->host);
}
