/* SPDX-License-Identifier: BSD-3-Clause */
/* Doorbells, and whether they came when they should: 2.7.7, 2.7.10, 4.1.4.4, 4.1.5.2. */
#include <string.h>

#include "internal.h"

/* Whether the device asked to hear of one of the entries from queue->decided to now. */
static bool is_wanted(const struct model *model, const struct model_queue *queue, uint64_t now)
{
	if (!model_has(model, FEATURE_EVENT_IDX))
		return now > queue->decided && (queue->used_flags & 1) == 0;
	for (uint64_t entry = queue->decided; entry < now; entry++)
		if ((uint16_t)entry == queue->avail_event)
			return true;
	return false;
}

void model_settle(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	model_collect_doorbells(model);
	model_observe(model, index);
	if (queue->kicks != MODEL_KICKS_EAGER)
		return;
	if (is_wanted(model, queue, queue->seen))
		model_violation(model,
			"EVS-09, EVS-11: no notification of entries %llu to %llu of queue %u",
			(unsigned long long)queue->decided, (unsigned long long)queue->seen, index);
	queue->decided = queue->seen;
}

/* Where the driver rings for queue index: 4.1.4.4. */
static uint64_t doorbell_offset(const struct model *model, unsigned int index)
{
	return (uint64_t)model->script.notify_off[index] * model->script.notify_multiplier;
}

static int queue_of(const struct model *model, uint32_t offset, uint32_t value)
{
	/* One address may serve several queues; then the value tells which. */
	for (unsigned int i = 0; i < MODEL_QUEUES && i < model->script.num_queues; i++)
		if (doorbell_offset(model, i) == offset && i == value)
			return (int)i;
	return -1;
}

static void ring(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	queue->doorbells++;
	model_observe(model, index);
	if (queue->kicks != MODEL_KICKS_ANY && !is_wanted(model, queue, queue->seen))
		model_violation(model,
			"EVS-08, EVS-12: notification of queue %u, entries %llu to %llu, "
			"which the device did not ask for",
			index, (unsigned long long)queue->decided, (unsigned long long)queue->seen);
	queue->decided = queue->seen;
	if (model->script.serves_doorbells)
		model_process(model, index, MODEL_QUEUE_MAX);
}

void model_doorbell_write(struct model *model, uint32_t offset, unsigned int width, uint32_t value)
{
	int index = queue_of(model, offset, value);

	model_log(model, true, "doorbell", width, value);
	if (width != 2)
		model_violation(model, "NTF-01: doorbell of %u bytes", width);
	else if (index < 0)
		model_violation(model, "NTF-03: doorbell at 0x%x with value %u", offset, value);
	else if ((model->status & STATUS_DRIVER_OK) == 0 || (model->status & STATUS_FAILED) != 0)
		model_violation(model, "INIT-10: doorbell of queue %d in status 0x%02x", index,
			model->status);
	else if (!model->queue[index].is_enabled)
		model_violation(model, "INIT-10: doorbell of queue %d, which is not enabled",
			index);
	else
		ring(model, (uint16_t)index);
}

volatile void *model_doorbell_pointer(struct model *model, uint32_t offset, unsigned int width)
{
	if (width != 2)
		model_violation(model, "NTF-01: doorbell of %u bytes mapped", width);
	return model->doorbell_page + offset / sizeof(*model->doorbell_page);
}

void model_collect_doorbells(struct model *model)
{
	if (!model->script.map_doorbells)
		return;
	for (unsigned int i = 0; i < MODEL_QUEUES && i < model->script.num_queues; i++) {
		uint16_t *slot = model->doorbell_page + doorbell_offset(model, i) / sizeof(*slot);
		uint16_t value = *slot;

		if (value == 0xffff)
			continue;
		*slot = 0xffff;
		model_doorbell_write(model, (uint32_t)doorbell_offset(model, i), 2, value);
	}
}

static void notify_bare(const struct kl_notifier *notifier, uint32_t what)
{
	model_doorbell_write(notifier->context, (uint32_t)notifier->address, notifier->width, what);
}

struct kl_notifier model_notifier(struct model *model, uint16_t index)
{
	return (struct kl_notifier){
		.value = index,
		.width = 2,
		.notify = notify_bare,
		.context = model,
		.address = doorbell_offset(model, index),
	};
}

static uint8_t *event_word(const struct model_queue *queue)
{
	return queue->used + 4 + 8 * (size_t)queue->size;
}

void model_set_avail_event(struct model *model, uint16_t index, uint16_t value)
{
	struct model_queue *queue = &model->queue[index];

	if (!queue->is_enabled)
		return;
	model_settle(model, index);
	queue->avail_event = value;
	store16(event_word(queue), value);
}

void model_set_used_flags(struct model *model, uint16_t index, uint16_t value)
{
	struct model_queue *queue = &model->queue[index];

	if (!queue->is_enabled)
		return;
	model_settle(model, index);
	queue->used_flags = value;
	store16(queue->used, value);
}

void model_arm(struct model *model, uint16_t index)
{
	if (model_has(model, FEATURE_EVENT_IDX))
		model_set_avail_event(model, index, (uint16_t)model->queue[index].fetched);
	else
		model_set_used_flags(model, index, 0);
}

void model_disarm(struct model *model, uint16_t index)
{
	/* With EVENT_IDX an entry that has passed stays behind, and fires again 65536 entries
	 * later. */
	if (!model_has(model, FEATURE_EVENT_IDX))
		model_set_used_flags(model, index, 1);
}
