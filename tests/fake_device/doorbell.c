/* SPDX-License-Identifier: BSD-3-Clause */
/* Doorbells, and whether they came when they should: 2.7.10, 2.8.10, 2.9, 4.1.4.4, 4.1.5.2. */
#include <string.h>

#include "internal.h"

/* Whether the device asked to hear of one of the places from queue->decided to now. */
static bool removal_requested(const struct model *model, const struct model_queue *queue,
	uint64_t now)
{
	return model_covers(model, queue, model_format(model)->device_wish(model, queue),
		queue->decided, now);
}

void model_settle(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	model_collect_doorbells(model);
	model_observe(model, index);
	if (queue->kicks != MODEL_KICKS_EAGER)
		return;
	if (removal_requested(model, queue, queue->seen))
		model_violation(model,
			"EVS-09, EVS-11, EVP-04: no notification of places %llu to %llu of queue %u",
			(unsigned long long)queue->decided, (unsigned long long)queue->seen, index);
	queue->decided = queue->seen;
}

/* Where the driver rings for queue index: 4.1.4.4. */
static uint64_t doorbell_offset(const struct model *model, unsigned int index)
{
	return (uint64_t)model->script.notify_off[index] * model->script.notify_multiplier;
}

/* 4.1.5.2.1: what the driver writes, or its lower half. */
static uint16_t doorbell_value(const struct model *model, unsigned int index)
{
	return model_has(model, FEATURE_NOTIF_CONFIG_DATA) ?
		model->script.notif_config_data[index] :
		(uint16_t)index;
}

static unsigned int doorbell_width(const struct model *model)
{
	return model_has(model, FEATURE_NOTIFICATION_DATA) ? 4 : 2;
}

static int queue_of(const struct model *model, uint32_t offset, uint16_t value)
{
	/* One address may serve several queues; then the value tells which. */
	for (unsigned int i = 0; i < MODEL_QUEUES && i < model->script.num_queues; i++)
		if (doorbell_offset(model, i) == offset && doorbell_value(model, i) == value)
			return (int)i;
	return -1;
}

/*
 * 2.9: where the driver goes on. A mapped doorbell is seen late, so the driver may be further by
 * now.
 */
static void check_data(struct model *model, uint16_t index, uint16_t data)
{
	const struct model_queue *queue = &model->queue[index];
	uint64_t place = model->script.map_doorbells ? queue->decided : queue->seen;

	for (; place <= queue->seen; place++)
		if (model_format(model)->word(queue, place) == data)
			return;
	model_violation(model, "NTF-07, NTF-08: notification data 0x%04x of queue %u, not 0x%04x",
		data, index, model_format(model)->word(queue, queue->seen));
}

static void ring(struct model *model, uint16_t index, uint16_t data)
{
	struct model_queue *queue = &model->queue[index];

	queue->doorbells++;
	model_observe(model, index);
	if (model_has(model, FEATURE_NOTIFICATION_DATA))
		check_data(model, index, data);
	if (queue->kicks != MODEL_KICKS_ANY && !removal_requested(model, queue, queue->seen))
		model_violation(model,
			"EVS-08, EVS-12, EVP-04: notification of queue %u, places %llu to %llu, "
			"which the device did not ask for",
			index, (unsigned long long)queue->decided, (unsigned long long)queue->seen);
	queue->decided = queue->seen;
	if (model->script.serves_doorbells || (model->script.served_queues >> index & 1) != 0)
		model_process(model, index, MODEL_QUEUE_MAX);
}

void model_doorbell_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value)
{
	int index = queue_of(model, offset, (uint16_t)value);

	model_log(model, true, "doorbell", width, value);
	if (width != doorbell_width(model))
		model_violation(model, "NTF-01, NTF-02: doorbell of %u bytes", width);
	else if (index < 0)
		model_violation(model, "NTF-03, NTF-05: doorbell at 0x%x with value 0x%x", offset,
			value);
	else
		model_doorbell_ring(model, index, (uint16_t)(value >> 16));
}

/* A port has no place for each queue, so the value alone tells. */
void model_doorbell_port_write(struct model *model, unsigned int width, uint32_t value)
{
	int index = -1;

	model_log(model, true, "doorbell_port", width, value);
	if (width != doorbell_width(model))
		model_violation(model, "NTF-01, NTF-02: doorbell of %u bytes", width);
	for (unsigned int i = 0; i < MODEL_QUEUES && i < model->script.num_queues; i++)
		if (doorbell_value(model, i) == (uint16_t)value)
			index = (int)i;
	if (index < 0)
		model_violation(model, "NTF-03, NTF-05: doorbell port with value 0x%x", value);
	else
		model_doorbell_ring(model, index, (uint16_t)(value >> 16));
}

void model_doorbell_ring(struct model *model, int index, uint16_t data)
{
	if ((model->status & STATUS_DRIVER_OK) == 0 || (model->status & STATUS_FAILED) != 0)
		model_violation(model, "INIT-10: doorbell of queue %d in status 0x%02x", index,
			model->status);
	else if (!model->queue[index].is_enabled || model->queue[index].reset_is_pending)
		model_violation(model, "INIT-10: doorbell of queue %d, which is not enabled",
			index);
	else
		ring(model, (uint16_t)index, data);
}

volatile void *model_doorbell_pointer(struct model *model, uint32_t offset, unsigned int width)
{
	if (width != doorbell_width(model))
		model_violation(model, "NTF-01, NTF-02: doorbell of %u bytes mapped", width);
	return model->doorbell_page + offset;
}

/* No driver writes the value of all ones, so it stands for no write. */
static void collect(struct model *model, uint32_t offset)
{
	uint8_t *bytes = model->doorbell_page + offset;
	uint32_t value;

	if (get16(bytes) == 0xffff)
		return;
	value = doorbell_width(model) == 4 ? get32(bytes) : get16(bytes);
	memset(bytes, 0xff, doorbell_width(model));
	model_doorbell_write(model, offset, doorbell_width(model), value);
}

void model_collect_doorbells(struct model *model)
{
	if (!model->script.map_doorbells)
		return;
	for (unsigned int i = 0; i < MODEL_QUEUES && i < model->script.num_queues; i++)
		collect(model, (uint32_t)doorbell_offset(model, i));
}

static void notify_bare(const struct kl_notifier *notifier, uint32_t what)
{
	model_doorbell_write(notifier->context, (uint32_t)notifier->address, notifier->width, what);
}

struct kl_notifier model_notifier(struct model *model, uint16_t index)
{
	return (struct kl_notifier){
		.value = doorbell_value(model, index),
		.width = (uint8_t)doorbell_width(model),
		.has_data = model_has(model, FEATURE_NOTIFICATION_DATA),
		.notify = notify_bare,
		.context = model,
		.address = doorbell_offset(model, index),
	};
}

void model_set_event(struct model *model, uint16_t index, uint16_t value)
{
	struct model_queue *queue = &model->queue[index];

	if (!queue->is_enabled)
		return;
	model_settle(model, index);
	model_format(model)->set_event(model, queue, value);
}

void model_set_event_flags(struct model *model, uint16_t index, uint16_t value)
{
	struct model_queue *queue = &model->queue[index];

	if (!queue->is_enabled)
		return;
	model_settle(model, index);
	model_format(model)->set_flags(queue, value);
}

void model_ask(struct model *model, uint16_t index, int ahead)
{
	const struct model_queue *queue = &model->queue[index];

	if (queue->is_enabled)
		model_set_event(model, index,
			model_format(model)->word(queue,
				queue->fetched + (uint64_t)(int64_t)ahead));
}

void model_arm(struct model *model, uint16_t index)
{
	if (model_has(model, FEATURE_EVENT_IDX))
		model_ask(model, index, 0);
	else
		model_set_event_flags(model, index, 0);
}

void model_disarm(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	if (!queue->is_enabled)
		return;
	model_settle(model, index);
	model_format(model)->disarm(model, queue);
}
