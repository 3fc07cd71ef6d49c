/* SPDX-License-Identifier: BSD-3-Clause */
#include "disk.h"

#include <string.h>

#include "spec/features.h"

uint8_t disk_data[DATA_BYTES];

static struct disk *of(struct kl__transport *transport)
{
	return (struct disk *)(void *)((char *)transport - offsetof(struct disk, transport));
}

static void get_features(struct kl__transport *transport, struct kl_features *offered)
{
	*offered = of(transport)->offered;
}

static void set_features(struct kl__transport *transport, const struct kl_features *accepted)
{
	struct disk *disk = of(transport);
	struct kl_features wrong = kl_features_without(*accepted, disk->offered);

	MUST((disk->status & 8) == 0 && wrong.word[0] == 0 && wrong.word[1] == 0);
}

static uint8_t get_status(struct kl__transport *transport)
{
	struct disk *disk = of(transport);
	uint8_t answer = take8(&disk->input);

	disk->reported = disk->status;
	if (answer < 0xf0 || disk->invalid_reads == 0)
		return disk->reported;
	disk->invalid_reads--;
	if (answer == 0xf0)
		disk->reported = 0xff;
	else if (answer == 0xf1)
		disk->reported &= (uint8_t)~8;
	else
		disk->reported |= 0x40;
	return disk->reported;
}

static void set_status(struct kl__transport *transport, uint8_t status)
{
	struct disk *disk = of(transport);

	MUST(status == 0 || (status & disk->reported) == disk->reported);
	disk->status = status;
	if (status == 0) {
		memset(disk->is_enabled, 0, sizeof(disk->is_enabled));
		memset(disk->used, 0, sizeof(disk->used));
	}
}

static uint32_t config_generation(struct kl__transport *transport)
{
	struct disk *disk = of(transport);

	if (take8(&disk->input) >= 0xf8)
		disk->generation++;
	return disk->generation;
}

static uint32_t config_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	struct disk *disk = of(transport);
	uint32_t value = 0;

	MUST(offset + width <= transport->config_size && offset % width == 0);
	memcpy(&value, disk->config + offset, width);
	return value;
}

static void config_write(struct kl__transport *transport, uint32_t offset, unsigned int width,
	uint32_t value)
{
	/* 5.2.5: writeback is all that may be written. */
	MUST(offset == 32 && width == 1 && value <= 1);
	of(transport)->config[32] = (uint8_t)value;
}

static uint16_t queue_count(struct kl__transport *transport)
{
	(void)transport;
	return QUEUES;
}

static uint16_t queue_max_size(struct kl__transport *transport, uint16_t index)
{
	static const uint16_t sizes[] = {16, 8, 1, 0, 3, 64, 2, 32768};

	if (index >= QUEUES)
		return 0;
	/* The largest rings are slow to make. */
	return sizes[of(transport)->config[95] % 7];
}

static bool queue_is_enabled(struct kl__transport *transport, uint16_t index)
{
	return of(transport)->is_enabled[index];
}

static void notify(const struct kl_notifier *notifier, uint32_t what)
{
	(void)notifier;
	(void)what;
}

static int queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier)
{
	struct disk *disk = of(transport);

	MUST(setup->index < QUEUES && !disk->is_enabled[setup->index]);
	disk->queue[setup->index] = *setup;
	disk->is_enabled[setup->index] = true;
	*notifier = (struct kl_notifier){.value = setup->index, .notify = notify};
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

/*
 * length bytes at iova that lie in memory of the driver's or in the data; NULL: they were
 * overwritten.
 */
static uint8_t *reach(struct disk *disk, uint64_t iova, size_t length)
{
	if (iova - (uintptr_t)disk_data < DATA_BYTES &&
		length <= DATA_BYTES - (iova - (uintptr_t)disk_data))
		return (uint8_t *)(uintptr_t)iova;
	return fuzz_host_find(&disk->host, iova, length);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

/* The status byte is the last one of the chain, or of the table that its only descriptor names. */
static void answer(struct disk *disk, const struct kl__queue_setup *setup, uint16_t head,
	uint8_t status)
{
	uint64_t table = setup->desc, address;
	uint32_t length;
	uint16_t at = head % setup->size, flags = 1;

	for (unsigned int i = 0; i < 64 && (flags & 1) != 0; i++) {
		const uint8_t *descriptor = reach(disk, table + 16 * (uint64_t)at, 16);

		if (descriptor == NULL)
			return;
		memcpy(&address, descriptor, 8);
		memcpy(&length, descriptor + 8, 4);
		flags = get16(descriptor + 12);
		at = get16(descriptor + 14);
		if ((flags & 4) != 0) {
			table = address;
			at = 0;
			flags = 1;
		}
	}
	if (length == 1 && reach(disk, address, 1) != NULL)
		*reach(disk, address, 1) = status;
}

void disk_complete(struct disk *disk, unsigned int index, uint8_t status)
{
	const struct kl__queue_setup *setup = &disk->queue[index];
	uint8_t *avail = (uint8_t *)(uintptr_t)setup->driver,
		*used = (uint8_t *)(uintptr_t)setup->device;
	uint16_t place, head;

	if (!disk->is_enabled[index] || (disk->status & 4) == 0 ||
		get16(avail + 2) == disk->used[index])
		return;
	place = disk->used[index]++ % setup->size;
	head = get16(avail + 4 + 2 * place);
	answer(disk, setup, head, status);
	memset(used + 4 + 8 * place, 0, 8);
	memcpy(used + 4 + 8 * place, &head, 2);
	memcpy(used + 2, &disk->used[index], 2);
}

/* In what the device can write; the driver's private memory is not part of that. */
void disk_scribble(struct disk *disk, unsigned int index)
{
	const struct kl__queue_setup *setup = &disk->queue[index];
	uint8_t what = take8(&disk->input);
	uint64_t start[] = {setup->desc, setup->driver, setup->device};
	size_t bytes[] = {16ul * setup->size, 6 + 2ul * setup->size, 6 + 8ul * setup->size};

	if (!disk->is_enabled[index])
		return;
	((uint8_t *)(uintptr_t)start[what % 3])[take16(&disk->input) % bytes[what % 3]] = take8(
		&disk->input);
}

void disk_make(struct disk *disk, const uint8_t *bytes, size_t size)
{
	memset(disk, 0, sizeof(*disk));
	disk->input = (struct input){bytes, size};
	disk->transport =
		(struct kl__transport){.ops = &ops, .type = 2, .name = "fuzzed", .numa_node = -1};
	disk->transport.config_size = sizeof(disk->config);
	if (take8(&disk->input) >= 0xe0)
		disk->transport.config_size = take8(&disk->input) % sizeof(disk->config);
	kl_features_set(&disk->transport.features, VIRTIO_F_VERSION_1);
	/* A disk that can be used, to start from, with some bytes turned over. */
	disk->offered.word[0] = take32(&disk->input) | UINT64_C(1) << 32;
	memcpy(disk->config, (uint64_t[]){4096}, 8);
	memcpy(disk->config + 12, (uint32_t[]){4, 0, 512}, 12);
	disk->config[34] = QUEUES;
	for (unsigned int i = take8(&disk->input) % 8; i > 0; i--)
		disk->config[take8(&disk->input) % sizeof(disk->config)] = take8(&disk->input);
	fuzz_host_init(&disk->host, UINT64_C(1000) << take8(&disk->input) % 32);
	disk->invalid_reads = 3;
}

void disk_free(struct disk *disk)
{
	fuzz_host_free(&disk->host);
}
