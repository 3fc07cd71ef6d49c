/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's own pace: takes buffers, handles them, and completes some in the script's order. */
#include <string.h>

#include "internal.h"

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
		held->is_full = held->length == chain.writable_bytes || chain.writable_bytes == 0;
	}
}

static void complete_held(struct model *model, uint16_t index, unsigned int which)
{
	model_complete(model, index, model->queue[index].held[which].head,
		model->queue[index].held[which].length);
}

/* How many of the next ones may share an element: all but the last must be used completely. */
static unsigned int batch_at(const struct model *model, const struct model_queue *queue,
	unsigned int at, unsigned int left)
{
	unsigned int count = 1;

	if (!model_has(model, FEATURE_IN_ORDER))
		return 1;
	while (count < left && count < model->script.batch && queue->held[at + count - 1].is_full)
		count++;
	return count;
}

static void complete_oldest(struct model *model, uint16_t index, unsigned int count)
{
	struct model_queue *queue = &model->queue[index];
	unsigned int batch;

	for (unsigned int i = 0; i < count; i += batch) {
		batch = batch_at(model, queue, i, count - i);
		if (batch == 1)
			complete_held(model, index, i);
		else
			model_complete_batch(model, index, batch,
				queue->held[i + batch - 1].length);
	}
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
	bool in_order = model->script.order == MODEL_IN_ORDER || model_has(model, FEATURE_IN_ORDER);
	unsigned int count;

	model_settle(model, index);
	if (model_live(model, index) == NULL)
		return 0;
	take(model, index, in_order ? max : queue->size);
	count = queue->holding < max ? queue->holding : max;
	if (in_order)
		complete_oldest(model, index, count);
	else
		complete_any(model, index, count);
	if (queue->is_busy)
		model_disarm(model, index);
	else
		model_arm(model, index);
	return count;
}
