/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/pci_modern.h"

#include <errno.h>
#include <stdlib.h>

#include <kickless/log.h>

#include "spec/features.h"
#include "spec/status.h"
#include "transport/pci_common.h"
#include "transport/pci_window.h"

struct pci_modern {
	struct kl__pci common;
	struct kl__pci_caps caps;
	struct kl__pci_window window;
	struct kl_features accepted;
	int resetting; /* the queue whose reset has begun, -1: none */
};

#define COMMON(field) offsetof(struct virtio_pci_common_cfg, field)

static struct pci_modern *modern_of(struct kl__transport *transport)
{
	return (struct pci_modern *)transport;
}

static uint32_t read_at(struct pci_modern *pci, const struct kl__pci_region *region,
	uint32_t offset, unsigned int width)
{
	if (region->by_window)
		return kl__pci_window_read(&pci->window, region->bar, region->offset + offset,
			width);
	return pci->common.access->ops->read(pci->common.access, region->bar,
		(uint64_t)region->offset + offset, width);
}

static void write_at(struct pci_modern *pci, const struct kl__pci_region *region, uint32_t offset,
	unsigned int width, uint32_t value)
{
	if (region->by_window)
		kl__pci_window_write(&pci->window, region->bar, region->offset + offset, width,
			value);
	else
		pci->common.access->ops->write(pci->common.access, region->bar,
			(uint64_t)region->offset + offset, width, value);
}

static uint32_t common_read(struct pci_modern *pci, uint32_t offset, unsigned int width)
{
	return read_at(pci, &pci->caps.common, offset, width);
}

static void common_write(struct pci_modern *pci, uint32_t offset, unsigned int width,
	uint32_t value)
{
	write_at(pci, &pci->caps.common, offset, width, value);
}

/* 4.1.3.1: a 64-bit field is written as two halves. */
static void common_write64(struct pci_modern *pci, uint32_t offset, uint64_t value)
{
	common_write(pci, offset, 4, (uint32_t)value);
	common_write(pci, offset + 4, 4, (uint32_t)(value >> 32));
}

static void get_features(struct kl__transport *transport, struct kl_features *offered)
{
	struct pci_modern *pci = modern_of(transport);

	for (unsigned int bank = 0; bank < KL_FEATURE_BITS / 32; bank++) {
		uint64_t bits;

		common_write(pci, COMMON(device_feature_select), 4, bank);
		bits = common_read(pci, COMMON(device_feature), 4);
		if (bank % 2 == 0)
			offered->word[bank / 2] = bits;
		else
			offered->word[bank / 2] |= bits << 32;
	}
}

static void set_features(struct kl__transport *transport, const struct kl_features *accepted)
{
	struct pci_modern *pci = modern_of(transport);

	pci->accepted = *accepted;
	for (unsigned int bank = 0; bank < KL_FEATURE_BITS / 32; bank++) {
		common_write(pci, COMMON(driver_feature_select), 4, bank);
		common_write(pci, COMMON(driver_feature), 4,
			(uint32_t)(accepted->word[bank / 2] >> (bank % 2 * 32)));
	}
}

static uint8_t get_status(struct kl__transport *transport)
{
	return (uint8_t)common_read(modern_of(transport), COMMON(device_status), 1);
}

static void set_status(struct kl__transport *transport, uint8_t status)
{
	if (status == VIRTIO_STATUS_RESET)
		modern_of(transport)->resetting = -1;
	common_write(modern_of(transport), COMMON(device_status), 1, status);
}

static uint32_t config_generation(struct kl__transport *transport)
{
	return common_read(modern_of(transport), COMMON(config_generation), 1);
}

static uint32_t config_read(struct kl__transport *transport, uint32_t offset, unsigned int width)
{
	return read_at(modern_of(transport), &modern_of(transport)->caps.device, offset, width);
}

static void config_write(struct kl__transport *transport, uint32_t offset, unsigned int width,
	uint32_t value)
{
	write_at(modern_of(transport), &modern_of(transport)->caps.device, offset, width, value);
}

static uint16_t queue_count(struct kl__transport *transport)
{
	return (uint16_t)common_read(modern_of(transport), COMMON(num_queues), 2);
}

static void select_queue(struct pci_modern *pci, uint16_t index)
{
	common_write(pci, COMMON(queue_select), 2, index);
}

static uint16_t queue_max_size(struct kl__transport *transport, uint16_t index)
{
	select_queue(modern_of(transport), index);
	return (uint16_t)common_read(modern_of(transport), COMMON(queue_size), 2);
}

static bool queue_is_enabled(struct kl__transport *transport, uint16_t index)
{
	select_queue(modern_of(transport), index);
	return common_read(modern_of(transport), COMMON(queue_enable), 2) != 0;
}

/* The doorbell of a window or port that can't be mapped. */
static void notify_by_write(const struct kl_notifier *notifier, uint32_t what)
{
	struct pci_modern *pci = notifier->context;

	write_at(pci, &pci->caps.notify, (uint32_t)notifier->address, notifier->width, what);
}

/* 4.1.4.4: where the selected queue's doorbell lies, checked against the structure's length. */
static int find_doorbell(struct pci_modern *pci, uint16_t index, struct kl_notifier *notifier)
{
	const struct kl__pci_region *notify = &pci->caps.notify;
	uint32_t slot = common_read(pci, COMMON(queue_notify_off), 2);
	uint64_t offset = (uint64_t)slot * pci->caps.notify_multiplier;
	bool has_data = kl_features_has(&pci->accepted, VIRTIO_F_NOTIFICATION_DATA);
	uint8_t width = has_data ? 4 : 2;

	/* 4.1.4.4.1: whole registers only, also where they have grown to 32 bits. */
	if (offset + width > notify->length || (notify->offset + offset) % width != 0) {
		kl_error(
			"%s: queue %u: its doorbell of %u bytes lies at %llu (queue_notify_off %u x "
			"multiplier %u), beyond the notification structure of %u bytes or not aligned; the "
			"device is faulty",
			pci->common.transport.name, index, width, (unsigned long long)offset, slot,
			pci->caps.notify_multiplier, notify->length);
		return -EPROTO;
	}
	*notifier = (struct kl_notifier){
		.value = index,
		.width = width,
		.has_data = has_data,
		.notify = notify_by_write,
		.context = pci,
		.address = offset,
	};
	if (!notify->by_window)
		notifier->doorbell = pci->common.access->ops->pointer(pci->common.access,
			notify->bar, notify->offset + offset, width);
	if (kl_features_has(&pci->accepted, VIRTIO_F_NOTIF_CONFIG_DATA))
		notifier->value = (uint16_t)common_read(pci, COMMON(queue_notif_config_data), 2);
	return 0;
}

static int set_vector(struct pci_modern *pci, const struct kl__queue_setup *setup)
{
	common_write(pci, COMMON(queue_msix_vector), 2, kl__pci_vector_value(setup->vector));
	if (setup->vector < 0)
		return 0;
	return kl__pci_check_vector(&pci->common, setup,
		common_read(pci, COMMON(queue_msix_vector), 2));
}

static int queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier)
{
	struct pci_modern *pci = modern_of(transport);
	int rc;

	select_queue(pci, setup->index);
	rc = find_doorbell(pci, setup->index, notifier);
	if (rc != 0)
		return rc;
	common_write(pci, COMMON(queue_size), 2, setup->size);
	if (pci->common.msix_vectors != 0) {
		rc = set_vector(pci, setup);
		if (rc != 0)
			return rc;
	}
	common_write64(pci, COMMON(queue_desc), setup->desc);
	common_write64(pci, COMMON(queue_driver), setup->driver);
	common_write64(pci, COMMON(queue_device), setup->device);
	common_write(pci, COMMON(queue_enable), 2, 1);
	return 0;
}

/* 2.6.1, 4.1.4.3.2: done when the register reads 0 again. */
static int queue_reset(struct kl__transport *transport, uint16_t index)
{
	struct pci_modern *pci = modern_of(transport);

	select_queue(pci, index);
	if (pci->resetting != index)
		common_write(pci, COMMON(queue_reset), 2, 1);
	pci->resetting = index;
	if (common_read(pci, COMMON(queue_reset), 2) != 0)
		return -EAGAIN;
	pci->resetting = -1;
	if (common_read(pci, COMMON(queue_enable), 2) == 0)
		return 0;
	kl_error("%s: queue %u: still enabled after its reset; the device is faulty",
		transport->name, index);
	return -EPROTO;
}

static int set_config_vector(struct kl__transport *transport, unsigned int vector)
{
	struct pci_modern *pci = modern_of(transport);

	common_write(pci, COMMON(config_msix_vector), 2, vector);
	return common_read(pci, COMMON(config_msix_vector), 2) == vector ? 0 : -EPROTO;
}

/* 4.1.5.4: reading the status takes the line back; only then may it be raised again. */
static unsigned int intx_acknowledge(struct kl__transport *transport)
{
	struct kl__pci_access *access = modern_of(transport)->common.access;
	unsigned int what = read_at(modern_of(transport), &modern_of(transport)->caps.isr, 0, 1);

	access->ops->intx_rearm(access);
	return what;
}

static void close_transport(struct kl__transport *transport)
{
	struct pci_modern *pci = modern_of(transport);

	pci->common.access->ops->close(pci->common.access);
	kl__pci_window_destroy(&pci->window);
	free(pci);
}

static const struct kl__transport_ops pci_modern_ops = {
	.name = "pci-modern",
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
	.set_interrupts = kl__pci_set_interrupts,
	.set_config_vector = set_config_vector,
	.intx_open = kl__pci_intx_open,
	.intx_acknowledge = intx_acknowledge,
	.restore_command = kl__pci_restore_command,
	.removal_requested = kl__pci_removal_requested,
	.close = close_transport,
};

/* Two of them need registers behind the end of the first devices' structure. */
static void set_features_delivered(struct pci_modern *pci)
{
	struct kl_features *features = &pci->common.transport.features;

	kl_features_set(features, VIRTIO_F_VERSION_1);
	kl_features_set(features, VIRTIO_F_ACCESS_PLATFORM);
	kl_features_set(features, VIRTIO_F_NOTIFICATION_DATA);
	if (pci->caps.common.length >= COMMON(queue_notif_config_data) + 2)
		kl_features_set(features, VIRTIO_F_NOTIF_CONFIG_DATA);
	if (pci->caps.common.length >= COMMON(queue_reset) + 2)
		kl_features_set(features, VIRTIO_F_RING_RESET);
}

int kl__pci_modern_open(struct kl__pci_access *access, const struct kl__pci_identity *identity,
	const struct kl__pci_caps *caps, struct kl__transport **transport)
{
	struct pci_modern *pci = calloc(1, sizeof(*pci));

	if (pci == NULL)
		return kl_no_memory(access->name, sizeof(*pci));
	pci->caps = *caps;
	kl__pci_init(&pci->common, &pci_modern_ops, access, identity);
	/* What the function has and what it is reached by allows. */
	if (pci->common.msix_vectors > caps->msix_vectors)
		pci->common.msix_vectors = caps->msix_vectors;
	pci->resetting = -1;
	kl__pci_window_init(&pci->window, access, caps->window);
	pci->common.transport.config_size = caps->device.length;
	set_features_delivered(pci);
	*transport = &pci->common.transport;
	return 0;
}
