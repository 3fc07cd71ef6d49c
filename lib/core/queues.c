/* SPDX-License-Identifier: BSD-3-Clause */
/* A device's queues: their memory, and making them known to the device. 4.1.5.1.3. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device_queue.h"
#include "spec/features.h"

uint16_t kl_device_queue_count(struct kl_device *device)
{
	return device->transport->ops->queue_count(device->transport);
}

uint16_t kl_device_queue_max_size(struct kl_device *device, uint16_t index)
{
	return device->transport->ops->queue_max_size(device->transport, index);
}

bool kl_device_has_control_queues(const struct kl_device *device)
{
	return (device->transport->quirks & KL__QUIRK_DATA_QUEUES_ONLY) == 0;
}

static bool is_packed(const struct kl_device *device)
{
	return kl_device_has(device, VIRTIO_F_RING_PACKED);
}

static bool is_legal(const struct kl_device *device, unsigned int size)
{
	return size != 0 && (is_packed(device) || (size & (size - 1)) == 0);
}

/* The device's maximum, brought to what the ring can have: 2.7, 2.8. */
static uint16_t legal_maximum(const struct kl_device *device, uint16_t claimed)
{
	uint16_t size = VIRTQ_MAX_SIZE;

	if (is_packed(device))
		return claimed < size ? claimed : size;
	while (size > claimed)
		size /= 2;
	return size;
}

static int take_fixed_size(const struct kl_device *device, uint16_t index, uint16_t claimed,
	uint16_t requested, uint16_t *size)
{
	if (legal_maximum(device, claimed) != claimed) {
		kl_error(
			"%s: queue %u: the device fixes its size at %u, which is no power of two up to %u; "
			"the device is faulty",
			device->info.name, index, claimed, VIRTQ_MAX_SIZE);
		return -EPROTO;
	}
	if (requested != 0 && requested != claimed && !device->is_recovering) {
		kl_error(
			"%s: queue %u: size %u is not possible; a device from before virtio 1.0 fixes it, here "
			"at %u",
			device->info.name, index, requested, claimed);
		return -EINVAL;
	}
	/* In a recovery the driver has memory for requested entries, and can do with fewer. */
	if (requested != 0 && requested < claimed) {
		kl_error(
			"%s: queue %u: the device fixes its size at %u now, but the queue was made with %u "
			"entries; stop the device and start it again",
			device->info.name, index, claimed, requested);
		return -EPROTO;
	}
	*size = claimed;
	return 0;
}

static int choose_size(struct kl_device *device, const struct kl_queue_conf *conf, uint16_t *size)
{
	uint16_t claimed = kl_device_queue_max_size(device, conf->index);
	uint16_t requested = conf->size;

	if (requested == 0 && !conf->has_own_size)
		requested = device->options.queue_size;
	if (claimed == 0) {
		kl_error(
			"%s: queue %u does not exist (queue_size reads 0); the device has %u queues",
			device->info.name, conf->index, kl_device_queue_count(device));
		return -EINVAL;
	}
	if ((device->transport->quirks & KL__QUIRK_FIXED_QUEUE_SIZE) != 0)
		return take_fixed_size(device, conf->index, claimed, requested, size);
	*size = legal_maximum(device, claimed);
	if (requested == 0) {
		requested = legal_maximum(device, device->transport->default_queue_size);
		if (requested != 0 && requested < *size)
			*size = requested;
		return 0;
	}
	/* A device that has become another one in a recovery goes on with what it can have. */
	if (device->is_recovering)
		requested = legal_maximum(device, KL__MIN(requested, *size));
	if (!is_legal(device, requested) || requested > *size) {
		kl_error("%s: queue %u: size %u is not possible; allowed are the %s up to %u",
			device->info.name, conf->index, requested,
			is_packed(device) ? "numbers" : "powers of two", *size);
		return -EINVAL;
	}
	*size = requested;
	return 0;
}

/* Before the negotiation a packed ring is possible where it is offered and not declined. */
static bool may_be_packed(const struct kl_device *device)
{
	return kl_device_offers(device, VIRTIO_F_RING_PACKED) &&
		!kl_features_has(&device->options.declined, VIRTIO_F_RING_PACKED);
}

uint16_t kl_device_queue_size(struct kl_device *device, uint16_t index, uint16_t requested)
{
	const uint16_t claimed = kl_device_queue_max_size(device, index);
	uint16_t size = claimed;

	if ((device->transport->quirks & KL__QUIRK_FIXED_QUEUE_SIZE) != 0)
		return claimed;
	if (!may_be_packed(device))
		size = legal_maximum(device, claimed);
	if (requested == 0)
		requested = device->options.queue_size;
	if (requested == 0)
		requested = device->transport->default_queue_size;
	return requested != 0 && requested < size ? requested : size;
}

static void free_own(struct kl_device *device, struct kl__device_queue *entry)
{
	kl_device_private_free(device, entry->own, kl__queue_private_bytes(&entry->shape));
	entry->own = NULL;
}

static void free_queue(struct kl_device *device, struct kl__device_queue *entry)
{
	kl_device_dma_free(device, &entry->shared);
	free_own(device, entry);
	kl__queue_clear(&entry->queue);
}

void kl__device_free_queues(struct kl_device *device)
{
	struct kl__device_queue *entry;

	for (entry = device->queues; entry != NULL; entry = entry->next)
		free_queue(device, entry);
}

void kl__device_forget_queues(struct kl_device *device)
{
	while (device->queues != NULL) {
		struct kl__device_queue *entry = device->queues;

		device->queues = entry->next;
		kl__window_close(&entry->queue.window);
		/* Of a device that is lost it is there still; no thread uses it any more. */
		free_own(device, entry);
		free(entry);
	}
}

/* The callback of a queue that breaks: its device is halted. */
static void halt_device(struct kl_queue *queue)
{
	kl_device_halt(queue->owner, queue, kl_queue_fault_name((enum kl_queue_fault)queue->fault));
}

/* The record of a queue, made when the device has its first queue of this index. */
static struct kl__device_queue *find_record(struct kl_device *device, uint16_t index)
{
	struct kl__device_queue *entry = device->queues;

	while (entry != NULL && entry->index != index)
		entry = entry->next;
	if (entry != NULL)
		return entry;
	entry = aligned_alloc(KL__CACHE_LINE, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->index = index;
	kl__window_open(&entry->queue.window, device->host->reach);
	entry->next = device->queues;
	device->queues = entry;
	return entry;
}

static int allocate_queue(struct kl_device *device, struct kl__device_queue *entry)
{
	const struct kl__queue_shape *shape = &entry->shape;
	struct kl__queue_layout layout;
	int rc;

	kl__queue_layout(shape, &layout);
	rc = kl_device_dma_alloc(device, layout.bytes, KL__LAYOUT_ALIGN, &entry->shared);
	if (rc != 0)
		return rc;
	entry->own = kl_device_private_alloc(device, kl__queue_private_bytes(shape));
	if (entry->own == NULL) {
		free_queue(device, entry);
		return -ENOMEM;
	}
	kl__queue_init(&entry->queue, entry->own, entry->shared.memory, entry->shared.iova, shape);
	return 0;
}

int kl__device_enable_queue(struct kl_device *device, struct kl__device_queue *entry)
{
	const struct kl__queue_shape *shape = &entry->shape;
	struct kl__queue_layout layout;
	struct kl__queue_setup setup;

	if (device->transport->ops->queue_is_enabled(device->transport, shape->index)) {
		kl_error(
			"%s: queue %u is enabled although the device was reset; it is faulty, or another "
			"driver uses it",
			device->info.name, shape->index);
		return -EBUSY;
	}
	kl__queue_layout(shape, &layout);
	setup = (struct kl__queue_setup){
		.index = shape->index,
		.size = shape->size,
		.desc = entry->shared.iova + layout.desc,
		.driver = entry->shared.iova + layout.driver,
		.device = entry->shared.iova + layout.device,
		.vector = entry->vector == 0 ? -1 : entry->vector,
	};
	return device->transport->ops->queue_enable(device->transport, &setup,
		&entry->queue.notifier);
}

/*
 * A starved device must hear of new buffers at once, or what waits for them is overtaken by what
 * comes later.
 */
static struct kl_kick_policy choose_kick(const struct kl_device *device,
	const struct kl_queue_conf *conf)
{
	if (conf->is_supply)
		return (struct kl_kick_policy){.mode = KL_KICK_EAGER};
	return device->options.kick_given ? device->options.kick : conf->kick;
}

static unsigned int kind_of(const struct kl_device *device, const struct kl_queue_conf *conf)
{
	return (is_packed(device) ? KL__RING_PACKED : 0) |
		(kl_device_has(device, VIRTIO_F_IN_ORDER) ? KL__RING_IN_ORDER : 0) |
		(conf->chained ? KL__RING_CHAINED : 0);
}

int kl_device_queue_add(struct kl_device *device, const struct kl_queue_conf *conf,
	struct kl_queue **queue)
{
	struct kl__queue_shape shape = {
		.index = conf->index,
		.kind = kind_of(device, conf),
		.event_idx = kl_device_has(device, VIRTIO_F_EVENT_IDX),
		.is_on_bus = kl_device_has(device, VIRTIO_F_ORDER_PLATFORM),
		.has_watchdog = !conf->is_supply,
		.repeats_first_kick = conf->is_supply,
		.stall_ms = conf->stall_ms,
		.is_legacy = (device->transport->quirks & KL__QUIRK_LEGACY) != 0,
		.kick = choose_kick(device, conf),
		.ticks_per_second = device->host->ticks_per_second,
	};
	struct kl__device_queue *entry;
	int rc;

	rc = choose_size(device, conf, &shape.size);
	if (rc != 0)
		return rc;
	if (kl_device_has(device, VIRTIO_F_INDIRECT_DESC))
		shape.indirect_entries = conf->indirect_entries < shape.size ?
			conf->indirect_entries :
			shape.size;
	entry = find_record(device, conf->index);
	if (entry == NULL)
		return kl_no_memory(device->info.name, sizeof(*entry));
	if (kl__queue_exists(&entry->queue)) {
		kl_error("%s: queue %u is enabled already", device->info.name, conf->index);
		return -EBUSY;
	}
	entry->shape = shape;
	entry->vector = conf->vector;
	entry->queue.owner = device;
	entry->queue.on_break = conf->breaks_alone ? NULL : halt_device;
	rc = allocate_queue(device, entry);
	/* A device that fails here may know the queue already: only a reset frees it. */
	if (rc == 0)
		rc = kl__device_enable_queue(device, entry);
	if (rc == 0)
		*queue = &entry->queue;
	return rc;
}
