/* SPDX-License-Identifier: BSD-3-Clause */
/* What the device does with its queues: look, take, handle, complete, and lie. 2.7.6, 2.7.8,
 * 2.7.13. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

static struct model_queue *live(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	return queue->is_enabled && (model->status & STATUS_DRIVER_OK) != 0 ? queue : NULL;
}

static uint16_t avail_entry(const struct model_queue *queue, uint64_t place)
{
	return load16(queue->avail + 4 + 2 * (place & (queue->size - 1u)));
}

static void expose(struct model_record *record, void *context)
{
	bool *clash = context;

	*clash = *clash || record->is_exposed;
	record->is_exposed = true;
}

static void withdraw(struct model_record *record, void *context)
{
	(void)context;
	*record = (struct model_record){0};
}

static void look_at(struct model *model, uint16_t index, uint64_t place)
{
	static struct model_chain chain;
	struct model_queue *queue = &model->queue[index];
	uint16_t head = avail_entry(queue, place);
	bool clash = false;

	if (!model_walk(model, index, head, &chain))
		return;
	model_for_each_descriptor(queue, head, expose, &clash);
	if (clash)
		model_violation(model, "INIT-15: descriptor %u of queue %u exposed while in use",
			head, index);
	queue->record[head].hash = chain.hash;
	queue->record[head].is_head = true;
	queue->record[head].is_fetched = false;
}

static void check_flags(struct model *model, const struct model_queue *queue)
{
	uint16_t flags = load16(queue->avail);

	if (flags > 1)
		model_violation(model, "EVS-01: available flags are %u", flags);
	if (flags != 0 && model_has(model, FEATURE_EVENT_IDX))
		model_violation(model, "EVS-03: available flags are %u with EVENT_IDX", flags);
}

void model_observe(struct model *model, uint16_t index)
{
	struct model_queue *queue = live(model, index);
	uint16_t delta;

	if (queue == NULL)
		return;
	check_flags(model, queue);
	delta = (uint16_t)(load16(queue->avail + 2) - (uint16_t)queue->seen);
	if (delta > queue->size - (queue->seen - queue->done)) {
		model_violation(model,
			"SPL-08: available index of queue %u moved by %u, %llu in flight", index,
			delta, (unsigned long long)(queue->seen - queue->done));
		return;
	}
	while (delta-- > 0)
		look_at(model, index, queue->seen++);
}

bool model_pop(struct model *model, uint16_t index, struct model_chain *chain)
{
	struct model_queue *queue = live(model, index);
	struct model_record *record;
	uint16_t head;

	model_settle(model, index);
	if (queue == NULL || queue->fetched == queue->seen)
		return false;
	head = avail_entry(queue, queue->fetched++);
	if (!model_walk(model, index, head, chain))
		return false;
	record = &queue->record[head];
	if (!record->is_head || record->is_fetched)
		model_violation(model,
			"INIT-15: available entry changed to %u after it was exposed", head);
	else if (record->hash != chain->hash)
		model_violation(model,
			"INIT-15: buffer %u of queue %u changed after it was exposed", head, index);
	record->is_fetched = true;
	return true;
}

/* 2.7.7.1: whether the driver wants to hear of the used element at place. */
static bool interrupt_wanted(const struct model *model, const struct model_queue *queue,
	uint64_t place)
{
	if (model_has(model, FEATURE_EVENT_IDX))
		return load16(queue->avail + 4 + 2 * (size_t)queue->size) == (uint16_t)place;
	return (load16(queue->avail) & 1) == 0;
}

static void interrupt(struct model *model, struct model_queue *queue)
{
	uint64_t one = 1;

	queue->interrupts++;
	model->isr |= 1;
	if (model->msix_is_on && queue->vector < MODEL_VECTORS &&
		model->interrupt_fd[queue->vector] >= 0 &&
		write(model->interrupt_fd[queue->vector], &one, sizeof(one)) != sizeof(one))
		model_violation(model, "the eventfd of a queue's vector can't be written");
}

void model_lie_used(struct model *model, uint16_t index, uint32_t id, uint32_t length)
{
	struct model_queue *queue = live(model, index);
	uint8_t *element;

	if (queue == NULL)
		return;
	element = queue->used + 4 + 8 * (queue->done & (queue->size - 1u));
	put(element, 4, id);
	put(element + 4, 4, length);
	store16(queue->used + 2, (uint16_t)(queue->done + 1));
	if (interrupt_wanted(model, queue, queue->done))
		interrupt(model, queue);
	queue->done++;
}

void model_lie_index(struct model *model, uint16_t index, uint16_t value)
{
	struct model_queue *queue = live(model, index);

	if (queue != NULL)
		store16(queue->used + 2, value);
}

void model_complete(struct model *model, uint16_t index, uint16_t head, uint32_t length)
{
	static struct model_chain chain;
	struct model_queue *queue = live(model, index);

	if (queue == NULL)
		return;
	if (head >= queue->size || !queue->record[head].is_fetched) {
		model_violation(model,
			"the test completes buffer %u, which the device has not taken", head);
		return;
	}
	if (!model_walk(model, index, head, &chain) || chain.hash != queue->record[head].hash)
		model_violation(model, "INIT-15: buffer %u of queue %u changed before it was used",
			head, index);
	model_for_each_descriptor(queue, head, withdraw, NULL);
	model_lie_used(model, index, head, length);
}

/* Copies what is readable to what is writable, as far as both go. */
static uint32_t echo(const struct model_chain *chain)
{
	unsigned int from = 0, to = chain->readable;
	uint32_t at = 0, put_at = 0, written = 0;

	while (from < chain->readable && to < chain->count) {
		const struct model_piece *source = &chain->piece[from], *target = &chain->piece[to];
		uint32_t left = source->length - at, room = target->length - put_at;
		uint32_t bytes = left < room ? left : room;

		memcpy(target->data + put_at, source->data + at, bytes);
		written += bytes;
		at += bytes;
		put_at += bytes;
		if (at == source->length) {
			from++;
			at = 0;
		}
		if (put_at == target->length) {
			to++;
			put_at = 0;
		}
	}
	return written;
}

/* Takes buffers until the device holds so many, or all that there are. */
static void take(struct model *model, uint16_t index, unsigned int limit)
{
	static struct model_chain chain;
	struct model_queue *queue = &model->queue[index];

	while (queue->holding < limit && queue->holding < queue->size &&
		model_pop(model, index, &chain)) {
		struct model_held *held = &queue->held[queue->holding++];

		held->head = chain.head;
		held->length = model->script.handler == NULL ?
			echo(&chain) :
			model->script.handler(model, index, &chain, model->script.context);
	}
}

static void complete_held(struct model *model, uint16_t index, unsigned int which)
{
	model_complete(model, index, model->queue[index].held[which].head,
		model->queue[index].held[which].length);
}

static void complete_oldest(struct model *model, uint16_t index, unsigned int count)
{
	struct model_queue *queue = &model->queue[index];

	for (unsigned int i = 0; i < count; i++)
		complete_held(model, index, i);
	queue->holding -= count;
	memmove(queue->held, queue->held + count, queue->holding * sizeof(*queue->held));
}

/* Some newest ones, or some of all, so that the others stay behind. */
static void complete_any(struct model *model, uint16_t index, unsigned int count)
{
	struct model_queue *queue = &model->queue[index];

	for (; count > 0; count--) {
		unsigned int which = queue->holding - 1;

		if (model->script.order == MODEL_SHUFFLE)
			which = (unsigned int)(model_random(model) % queue->holding);
		complete_held(model, index, which);
		queue->held[which] = queue->held[--queue->holding];
	}
}

unsigned int model_process(struct model *model, uint16_t index, unsigned int max)
{
	struct model_queue *queue = &model->queue[index];
	unsigned int count;

	model_settle(model, index);
	if (live(model, index) == NULL)
		return 0;
	take(model, index, model->script.order == MODEL_IN_ORDER ? max : queue->size);
	count = queue->holding < max ? queue->holding : max;
	if (model->script.order == MODEL_IN_ORDER)
		complete_oldest(model, index, count);
	else
		complete_any(model, index, count);
	if (queue->is_busy)
		model_disarm(model, index);
	else
		model_arm(model, index);
	return count;
}

void model_scribble(struct model *model)
{
	static struct model_chain chain;

	for (uint16_t index = 0; index < MODEL_QUEUES; index++) {
		struct model_queue *queue = live(model, index);

		if (queue == NULL)
			continue;
		for (uint32_t id = 0; id < queue->size; id++) {
			if (!queue->record[id].is_head ||
				!model_walk(model, index, (uint16_t)id, &chain))
				continue;
			for (unsigned int i = chain.readable; i < chain.count; i++)
				memset(chain.piece[i].data, 0xa5, chain.piece[i].length);
		}
	}
}
