/* SPDX-License-Identifier: BSD-3-Clause */
/* Doorbells, checked against the device's requests: 2.7.10, 2.8.10, 2.9, 4.1.4.4, 4.1.5.2. */
#include <string.h>

#include "internal.h"

/* True if the device requested a notification of one of the places from queue->decided to now. */
static bool kick_requested(const struct fake_device *fake, const struct fake_queue *queue,
	uint64_t now)
{
	return fake_request_covers(fake, queue, fake_ring_format(fake)->device_request(fake, queue),
		queue->decided, now);
}

void fake_finish_decision(struct fake_device *fake, uint16_t index)
{
	struct fake_queue *queue = &fake->queue[index];

	fake_collect_doorbells(fake);
	fake_observe(fake, index);
	if (queue->kicks != FAKE_KICKS_EAGER)
		return;
	if (kick_requested(fake, queue, queue->seen))
		fake_violation(fake,
			"EVS-09, EVS-11, EVP-04: no notification of places %llu to %llu of queue %u",
			(unsigned long long)queue->decided, (unsigned long long)queue->seen, index);
	queue->decided = queue->seen;
}

/* 4.1.4.4: the offset of the doorbell of queue index. */
static uint64_t doorbell_offset(const struct fake_device *fake, unsigned int index)
{
	return (uint64_t)fake->script.notify_off[index] * fake->script.notify_multiplier;
}

/* 4.1.5.2.1: the value that the driver writes, or its lower half. */
static uint16_t doorbell_value(const struct fake_device *fake, unsigned int index)
{
	return fake_has(fake, FEATURE_NOTIF_CONFIG_DATA) ? fake->script.notif_config_data[index] :
							   (uint16_t)index;
}

static unsigned int doorbell_width(const struct fake_device *fake)
{
	return fake_has(fake, FEATURE_NOTIFICATION_DATA) ? 4 : 2;
}

static int queue_of(const struct fake_device *fake, uint32_t offset, uint16_t value)
{
	/* One address may serve several queues. Then the value identifies the queue. */
	for (unsigned int i = 0; i < FAKE_QUEUES && i < fake->script.num_queues; i++)
		if (doorbell_offset(fake, i) == offset && doorbell_value(fake, i) == value)
			return (int)i;
	return -1;
}

/*
 * 2.9: the place where the driver continues. A mapped doorbell is seen late, so the driver may have
 * advanced by now.
 */
static void check_data(struct fake_device *fake, uint16_t index, uint16_t data)
{
	const struct fake_queue *queue = &fake->queue[index];
	uint64_t place = fake->script.map_doorbells ? queue->decided : queue->seen;

	for (; place <= queue->seen; place++)
		if (fake_ring_format(fake)->word(queue, place) == data)
			return;
	fake_violation(fake, "NTF-07, NTF-08: notification data 0x%04x of queue %u, not 0x%04x",
		data, index, fake_ring_format(fake)->word(queue, queue->seen));
}

static void ring(struct fake_device *fake, uint16_t index, uint16_t data)
{
	struct fake_queue *queue = &fake->queue[index];

	queue->doorbells++;
	if (queue->doorbells <= fake->script.lost_doorbells)
		return;
	fake_observe(fake, index);
	if (fake_has(fake, FEATURE_NOTIFICATION_DATA))
		check_data(fake, index, data);
	if (queue->kicks != FAKE_KICKS_ANY && !kick_requested(fake, queue, queue->seen))
		fake_violation(fake,
			"EVS-08, EVS-12, EVP-04: notification of queue %u, places %llu to %llu, "
			"which the device did not request",
			index, (unsigned long long)queue->decided, (unsigned long long)queue->seen);
	queue->decided = queue->seen;
	if (fake->script.serves_doorbells || (fake->script.served_queues >> index & 1) != 0)
		fake_process(fake, index, FAKE_QUEUE_MAX);
}

void fake_doorbell_write(struct fake_device *fake, uint32_t offset, unsigned int width,
	uint32_t value)
{
	int index = queue_of(fake, offset, (uint16_t)value);

	fake_log(fake, true, "doorbell", width, value);
	if (width != doorbell_width(fake))
		fake_violation(fake, "NTF-01, NTF-02: doorbell of %u bytes", width);
	else if (index < 0)
		fake_violation(fake, "NTF-03, NTF-05: doorbell at 0x%x with value 0x%x", offset,
			value);
	else
		fake_doorbell_ring(fake, index, (uint16_t)(value >> 16));
}

/* One port serves all queues, so only the value identifies the queue. */
void fake_doorbell_port_write(struct fake_device *fake, unsigned int width, uint32_t value)
{
	int index = -1;

	fake_log(fake, true, "doorbell_port", width, value);
	if (width != doorbell_width(fake))
		fake_violation(fake, "NTF-01, NTF-02: doorbell of %u bytes", width);
	for (unsigned int i = 0; i < FAKE_QUEUES && i < fake->script.num_queues; i++)
		if (doorbell_value(fake, i) == (uint16_t)value)
			index = (int)i;
	if (index < 0)
		fake_violation(fake, "NTF-03, NTF-05: doorbell port with value 0x%x", value);
	else
		fake_doorbell_ring(fake, index, (uint16_t)(value >> 16));
}

void fake_doorbell_ring(struct fake_device *fake, int index, uint16_t data)
{
	if ((fake->status & STATUS_DRIVER_OK) == 0 || (fake->status & STATUS_FAILED) != 0)
		fake_violation(fake, "INIT-10: doorbell of queue %d in status 0x%02x", index,
			fake->status);
	else if (!fake->queue[index].is_enabled || fake->queue[index].reset_is_pending)
		fake_violation(fake, "INIT-10: doorbell of queue %d, which is not enabled", index);
	else
		ring(fake, (uint16_t)index, data);
}

volatile void *fake_doorbell_pointer(struct fake_device *fake, uint32_t offset, unsigned int width)
{
	if (width != doorbell_width(fake))
		fake_violation(fake, "NTF-01, NTF-02: doorbell of %u bytes mapped", width);
	return fake->doorbell_page + offset;
}

/* No driver writes the value of all ones, so it marks a doorbell that was not written. */
static void collect(struct fake_device *fake, uint32_t offset)
{
	uint8_t *bytes = fake->doorbell_page + offset;
	uint32_t value;

	if (get16(bytes) == 0xffff)
		return;
	value = doorbell_width(fake) == 4 ? get32(bytes) : get16(bytes);
	memset(bytes, 0xff, doorbell_width(fake));
	fake_doorbell_write(fake, offset, doorbell_width(fake), value);
}

void fake_collect_doorbells(struct fake_device *fake)
{
	if (!fake->script.map_doorbells)
		return;
	for (unsigned int i = 0; i < FAKE_QUEUES && i < fake->script.num_queues; i++)
		collect(fake, (uint32_t)doorbell_offset(fake, i));
}

static void notify_bare(const struct kl_notifier *notifier, uint32_t what)
{
	fake_doorbell_write(notifier->context, (uint32_t)notifier->address, notifier->width, what);
}

struct kl_notifier fake_notifier(struct fake_device *fake, uint16_t index)
{
	return (struct kl_notifier){
		.value = doorbell_value(fake, index),
		.width = (uint8_t)doorbell_width(fake),
		.has_data = fake_has(fake, FEATURE_NOTIFICATION_DATA),
		.notify = notify_bare,
		.context = fake,
		.address = doorbell_offset(fake, index),
	};
}

void fake_set_event(struct fake_device *fake, uint16_t index, uint16_t value)
{
	struct fake_queue *queue = &fake->queue[index];

	if (!queue->is_enabled)
		return;
	fake_finish_decision(fake, index);
	fake_ring_format(fake)->set_event(fake, queue, value);
}

void fake_set_event_flags(struct fake_device *fake, uint16_t index, uint16_t value)
{
	struct fake_queue *queue = &fake->queue[index];

	if (!queue->is_enabled)
		return;
	fake_finish_decision(fake, index);
	fake_ring_format(fake)->set_flags(queue, value);
}

void fake_request_ahead(struct fake_device *fake, uint16_t index, int ahead)
{
	const struct fake_queue *queue = &fake->queue[index];

	if (queue->is_enabled)
		fake_set_event(fake, index,
			fake_ring_format(fake)->word(queue,
				queue->fetched + (uint64_t)(int64_t)ahead));
}

void fake_arm(struct fake_device *fake, uint16_t index)
{
	if (fake_has(fake, FEATURE_EVENT_IDX))
		fake_request_ahead(fake, index, 0);
	else
		fake_set_event_flags(fake, index, 0);
}

void fake_disarm(struct fake_device *fake, uint16_t index)
{
	struct fake_queue *queue = &fake->queue[index];

	if (!queue->is_enabled)
		return;
	fake_finish_decision(fake, index);
	fake_ring_format(fake)->disarm(fake, queue);
}
