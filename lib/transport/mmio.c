/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues here are only polled: nothing hands us the device's interrupt, so its two registers are
 * left alone. Nor is shared memory looked for, since no driver of ours has a use for any.
 */
#include "transport/mmio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <kickless/log.h>

#include "spec/features.h"
#include "spec/mmio.h"
#include "spec/ring.h"
#include "spec/status.h"
#include "transport/legacy.h"

const struct kl__transport_option kl__mmio_options[] = {
	KL__LEGACY_OPTION,
	{0},
};

struct mmio {
	struct kl__transport transport;
	struct kl__mmio_access *access;
	bool has_data; /* NOTIFICATION_DATA is accepted */
	int resetting; /* the queue whose reset has begun, -1: none */
};

/* No device has more; a queue whose size reads 0 ends the list earlier. */
#define QUEUES_MAX 1024

/* The first two words of feature bits; the rest is not defined for this transport. 4.2.5. */
#define BANKS 2

/*
 * The usual size of PCI devices. QEMU names 1024 here whatever it was set to, which caches pay for.
 */
#define DEFAULT_QUEUE_SIZE 256

static struct mmio *mmio_of(struct kl__transport *transport)
{
	return (struct mmio *)transport;
}

static uint32_t read_register(struct kl__transport *transport, enum virtio_mmio_register offset)
{
	struct kl__mmio_access *access = mmio_of(transport)->access;

	return access->ops->read(access, offset, 4);
}

static void write_register(struct kl__transport *transport, enum virtio_mmio_register offset,
	uint32_t value)
{
	struct kl__mmio_access *access = mmio_of(transport)->access;

	access->ops->write(access, offset, 4, value);
}

static void get_features(struct kl__transport *transport, struct kl_features *offered)
{
	*offered = (struct kl_features){0};
	for (unsigned int bank = 0; bank < BANKS; bank++) {
		write_register(transport, VIRTIO_MMIO_DEVICE_FEATURES_SEL, bank);
		offered->word[0] |= (uint64_t)read_register(transport, VIRTIO_MMIO_DEVICE_FEATURES)
			<< (32 * bank);
	}
}

static void set_features(struct kl__transport *transport, const struct kl_features *accepted)
{
	for (unsigned int bank = 0; bank < BANKS; bank++) {
		write_register(transport, VIRTIO_MMIO_DRIVER_FEATURES_SEL, bank);
		write_register(transport, VIRTIO_MMIO_DRIVER_FEATURES,
			(uint32_t)(accepted->word[0] >> (32 * bank)));
	}
	mmio_of(transport)->has_data = kl_features_has(accepted, VIRTIO_F_NOTIFICATION_DATA);
}

static uint8_t get_status(struct kl__transport *transport)
{
	return (uint8_t)read_register(transport, VIRTIO_MMIO_STATUS);
}

static void set_status(struct kl__transport *transport, uint8_t status)
{
	if (status == VIRTIO_STATUS_RESET)
		mmio_of(transport)->resetting = -1;
	write_register(transport, VIRTIO_MMIO_STATUS, status);
}

static uint32_t config_generation(struct kl__transport *transport)
{
	return read_register(transport, VIRTIO_MMIO_CONFIG_GENERATION);
}

static uint32_t config_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	struct kl__mmio_access *access = mmio_of(transport)->access;

	return access->ops->read(access, VIRTIO_MMIO_CONFIG + offset, width);
}

static void config_write(struct kl__transport *transport, uint32_t offset, unsigned int width,
	uint32_t value)
{
	struct kl__mmio_access *access = mmio_of(transport)->access;

	access->ops->write(access, VIRTIO_MMIO_CONFIG + offset, width, value);
}

static uint16_t queue_max_size(struct kl__transport *transport, uint16_t index)
{
	uint32_t size;

	write_register(transport, VIRTIO_MMIO_QUEUE_SEL, index);
	size = read_register(transport, VIRTIO_MMIO_QUEUE_SIZE_MAX);
	return size < VIRTQ_MAX_SIZE ? (uint16_t)size : VIRTQ_MAX_SIZE;
}

static uint16_t queue_count(struct kl__transport *transport)
{
	uint16_t count = 0;

	while (count < QUEUES_MAX && queue_max_size(transport, count) != 0)
		count++;
	return count;
}

static bool queue_is_enabled(struct kl__transport *transport, uint16_t index)
{
	write_register(transport, VIRTIO_MMIO_QUEUE_SEL, index);
	return read_register(transport, VIRTIO_MMIO_QUEUE_READY) != 0;
}

/* The doorbell of registers that can't be mapped. */
static void notify_by_write(const struct kl_notifier *notifier, uint32_t what)
{
	struct mmio *mmio = notifier->context;

	write_register(&mmio->transport, VIRTIO_MMIO_QUEUE_NOTIFY, what);
}

/* 4.2.3.3: all queues have one doorbell, of 32 bits. */
static struct kl_notifier make_notifier(struct kl__transport *transport, uint16_t index)
{
	struct kl__mmio_access *access = mmio_of(transport)->access;

	return (struct kl_notifier){
		.doorbell = access->ops->pointer(access, VIRTIO_MMIO_QUEUE_NOTIFY),
		.value = index,
		.width = 4,
		.has_data = mmio_of(transport)->has_data,
		.notify = notify_by_write,
		.context = mmio_of(transport),
	};
}

static void set_address(struct kl__transport *transport, enum virtio_mmio_register low,
	uint64_t address)
{
	write_register(transport, low, (uint32_t)address);
	write_register(transport, low + 4, (uint32_t)(address >> 32));
}

static int queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier)
{
	write_register(transport, VIRTIO_MMIO_QUEUE_SEL, setup->index);
	write_register(transport, VIRTIO_MMIO_QUEUE_SIZE, setup->size);
	set_address(transport, VIRTIO_MMIO_QUEUE_DESC, setup->desc);
	set_address(transport, VIRTIO_MMIO_QUEUE_DRIVER, setup->driver);
	set_address(transport, VIRTIO_MMIO_QUEUE_DEVICE, setup->device);
	write_register(transport, VIRTIO_MMIO_QUEUE_READY, 1);
	*notifier = make_notifier(transport, setup->index);
	return 0;
}

/* 2.6.1, 4.2.2.1: done when the register reads 0 again. */
static int queue_reset(struct kl__transport *transport, uint16_t index)
{
	struct mmio *mmio = mmio_of(transport);

	write_register(transport, VIRTIO_MMIO_QUEUE_SEL, index);
	if (mmio->resetting != index)
		write_register(transport, VIRTIO_MMIO_QUEUE_RESET, 1);
	mmio->resetting = index;
	if (read_register(transport, VIRTIO_MMIO_QUEUE_RESET) != 0)
		return -EAGAIN;
	mmio->resetting = -1;
	if (read_register(transport, VIRTIO_MMIO_QUEUE_READY) == 0)
		return 0;
	kl_error("%s: queue %u: still ready after its reset; the device is faulty", transport->name,
		index);
	return -EPROTO;
}

/* 4.2.4: there is one word of feature bits. */
static void get_legacy_features(struct kl__transport *transport, struct kl_features *offered)
{
	write_register(transport, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	*offered = (struct kl_features){{read_register(transport, VIRTIO_MMIO_DEVICE_FEATURES)}};
}

/* 4.2.4: the page size has to be written before queues are set up, and a reset may forget it. */
static void set_legacy_features(struct kl__transport *transport, const struct kl_features *accepted)
{
	write_register(transport, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	write_register(transport, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)accepted->word[0]);
	write_register(transport, VIRTIO_MMIO_GUEST_PAGE_SIZE, VIRTQ_LEGACY_ALIGN);
}

static bool legacy_queue_is_enabled(struct kl__transport *transport, uint16_t index)
{
	write_register(transport, VIRTIO_MMIO_QUEUE_SEL, index);
	return read_register(transport, VIRTIO_MMIO_QUEUE_PFN) != 0;
}

static int legacy_queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier)
{
	uint32_t page;
	int rc = kl__legacy_page_of_rings(transport, setup, &page);

	if (rc != 0)
		return rc;
	write_register(transport, VIRTIO_MMIO_QUEUE_SEL, setup->index);
	write_register(transport, VIRTIO_MMIO_QUEUE_SIZE, setup->size);
	write_register(transport, VIRTIO_MMIO_QUEUE_ALIGN, VIRTQ_LEGACY_ALIGN);
	write_register(transport, VIRTIO_MMIO_QUEUE_PFN, page);
	*notifier = make_notifier(transport, setup->index);
	return 0;
}

static void close_transport(struct kl__transport *transport)
{
	struct mmio *mmio = mmio_of(transport);

	mmio->access->ops->close(mmio->access);
	free(mmio);
}

static const struct kl__transport_ops mmio_ops = {
	.name = "mmio",
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
	.queue_reset = queue_reset,
	.close = close_transport,
};

static const struct kl__transport_ops mmio_legacy_ops = {
	.name = "mmio-legacy",
	.get_features = get_legacy_features,
	.set_features = set_legacy_features,
	.get_status = get_status,
	.set_status = set_status,
	.config_read = config_read,
	.config_write = config_write,
	.queue_count = queue_count,
	.queue_max_size = queue_max_size,
	.queue_is_enabled = legacy_queue_is_enabled,
	.queue_enable = legacy_queue_enable,
	.close = close_transport,
};

/* 4.2.3.1.1: in this order, and nothing more when there is no device. */
static int identify_device(struct mmio *mmio)
{
	struct kl__transport *transport = &mmio->transport;
	uint32_t magic = read_register(transport, VIRTIO_MMIO_MAGIC_VALUE);
	uint32_t version = read_register(transport, VIRTIO_MMIO_DEVICE_VERSION);

	if (magic != VIRTIO_MMIO_MAGIC) {
		kl_error("%s: no virtio registers: MagicValue reads 0x%08x instead of 0x%08x",
			transport->name, magic, VIRTIO_MMIO_MAGIC);
		return -ENODEV;
	}
	if (version != VIRTIO_MMIO_VERSION && version != VIRTIO_MMIO_VERSION_LEGACY) {
		kl_error("%s: version %u of the MMIO interface; known are %u (legacy) and %u",
			transport->name, version, VIRTIO_MMIO_VERSION_LEGACY, VIRTIO_MMIO_VERSION);
		return -ENODEV;
	}
	transport->type = read_register(transport, VIRTIO_MMIO_DEVICE_ID);
	if (transport->type == 0)
		return -ENXIO;
	transport->vendor = read_register(transport, VIRTIO_MMIO_VENDOR_ID);
	transport->ops = version == VIRTIO_MMIO_VERSION ? &mmio_ops : &mmio_legacy_ops;
	return 0;
}

static void set_abilities(struct kl__transport *transport)
{
	if (transport->ops == &mmio_legacy_ops) {
		transport->quirks = KL__QUIRK_LEGACY;
		kl_features_set(&transport->features, VIRTIO_F_ANY_LAYOUT);
	} else {
		kl_features_set(&transport->features, VIRTIO_F_VERSION_1);
		kl_features_set(&transport->features, VIRTIO_F_ACCESS_PLATFORM);
		kl_features_set(&transport->features, VIRTIO_F_NOTIFICATION_DATA);
		kl_features_set(&transport->features, VIRTIO_F_RING_RESET);
	}
}

/* The version that a device has is the only one. */
static int check_interface(const struct kl__transport *transport, enum kl__interface interface)
{
	bool is_legacy = transport->ops == &mmio_legacy_ops;

	if (interface == KL__INTERFACE_BEST || (interface == KL__INTERFACE_LEGACY) == is_legacy)
		return 0;
	kl_error("%s: legacy=%d is not possible; allowed: %s", transport->name, !is_legacy,
		is_legacy ? "1, since the device has no other interface" :
			    "0, since the device has no legacy interface");
	return -EINVAL;
}

int kl__mmio_open(struct kl__mmio_access *access, enum kl__interface interface,
	struct kl__transport **transport)
{
	struct mmio *mmio = calloc(1, sizeof(*mmio));
	int rc;

	if (mmio == NULL)
		return kl_no_memory(access->name, sizeof(*mmio));
	mmio->access = access;
	mmio->resetting = -1;
	mmio->transport.numa_node = access->numa_node;
	mmio->transport.default_queue_size = DEFAULT_QUEUE_SIZE;
	mmio->transport.config_size = access->size - VIRTIO_MMIO_CONFIG;
	snprintf(mmio->transport.name, sizeof(mmio->transport.name), "%s", access->name);
	rc = identify_device(mmio);
	if (rc == 0)
		rc = check_interface(&mmio->transport, interface);
	if (rc != 0) {
		free(mmio);
		return rc;
	}
	set_abilities(&mmio->transport);
	*transport = &mmio->transport;
	return 0;
}
