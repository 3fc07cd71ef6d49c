/* SPDX-License-Identifier: BSD-3-Clause */
/* What the device does with a queue of either format: look, take, complete, and lie. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

const struct model_format *model_format(const struct model *model)
{
	return model_has(model, FEATURE_RING_PACKED) ? &model_packed : &model_split;
}

struct model_queue *model_live(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	return queue->is_enabled && (model->status & STATUS_DRIVER_OK) != 0 ? queue : NULL;
}

void model_free_records(struct model_queue *queue)
{
	for (uint32_t i = 0; queue->record != NULL && i < queue->entries; i++)
		free(queue->record[i].list);
	free(queue->record);
	free(queue->held);
	free(queue->id);
	free(queue->taken);
	free(queue->expected);
	queue->record = NULL;
	queue->held = NULL;
	queue->id = NULL;
	queue->taken = NULL;
	queue->expected = NULL;
}

void model_observe(struct model *model, uint16_t index)
{
	struct model_queue *queue = model_live(model, index);

	if (queue == NULL)
		return;
	model_format(model)->check_suppression(model, queue);
	model_format(model)->look(model, index);
}

bool model_pop(struct model *model, uint16_t index, struct model_chain *chain)
{
	struct model_queue *queue = model_live(model, index);

	model_settle(model, index);
	if (queue == NULL || queue->fetched == queue->seen ||
		!model_format(model)->fetch(model, index, chain))
		return false;
	queue->record[chain->head].is_fetched = true;
	queue->taken[queue->taken_buffers++ % queue->size] = chain->head;
	return true;
}

bool model_covers(const struct model *model, const struct model_queue *queue,
	struct model_wish wish, uint64_t from, uint64_t to)
{
	if (wish.kind != MODEL_WISH_PLACE)
		return wish.kind == MODEL_WISH_ALL && to > from;
	for (uint64_t place = from; place < to; place++)
		if (model_format(model)->word(queue, place) == wish.word)
			return true;
	return false;
}

static void interrupt(struct model *model, struct model_queue *queue)
{
	uint64_t one = 1;

	queue->interrupts++;
	model_line_interrupt(model, 1);
	if (model->msix_is_on && queue->vector < MODEL_VECTORS &&
		model->interrupt_fd[queue->vector] >= 0 &&
		write(model->interrupt_fd[queue->vector], &one, sizeof(one)) != sizeof(one))
		model_violation(model, "the eventfd of a queue's vector can't be written");
}

static void use(struct model *model, uint16_t index, uint32_t head, uint32_t length,
	unsigned int span)
{
	const struct model_format *format = model_format(model);
	struct model_queue *queue = &model->queue[index];
	uint64_t next = queue->done + span;

	format->use(model, index, head, length, span);
	if (model_covers(model, queue, format->driver_wish(model, queue), queue->done, next))
		interrupt(model, queue);
	queue->done = next;
}

void model_lie_used(struct model *model, uint16_t index, uint32_t id, uint32_t length)
{
	struct model_queue *queue = model_live(model, index);

	if (queue != NULL)
		use(model, index, id, length, model_format(model)->span(queue, id));
}

void model_lie_index(struct model *model, uint16_t index, uint16_t value)
{
	struct model_queue *queue = model_live(model, index);

	if (model_has(model, FEATURE_RING_PACKED))
		model_violation(model, "the test lies about an index that a packed ring has not");
	else if (queue != NULL)
		store16(queue->device_area + 2, value);
}

/* Of a buffer that is complete: it was not changed meanwhile. Returns its places. */
static unsigned int withdraw(struct model *model, uint16_t index, uint16_t head)
{
	const struct model_format *format = model_format(model);
	struct model_queue *queue = &model->queue[index];
	unsigned int span = format->span(queue, head);

	if (!format->is_unchanged(model, index, head))
		model_violation(model, "INIT-15: buffer %u of queue %u changed before it was used",
			head, index);
	queue->completed_buffers++;
	return span;
}

void model_complete(struct model *model, uint16_t index, uint16_t head, uint32_t length)
{
	struct model_queue *queue = model_live(model, index);
	unsigned int span;

	if (queue == NULL)
		return;
	if (head >= queue->size || !queue->record[head].is_fetched) {
		model_violation(model,
			"the test completes buffer %u, which the device has not taken", head);
		return;
	}
	if (model_has(model, FEATURE_IN_ORDER) &&
		queue->taken[queue->completed_buffers % queue->size] != head)
		model_violation(model, "the test completes buffer %u out of order", head);
	span = withdraw(model, index, head);
	use(model, index, head, length, span);
	model_format(model)->withdraw(queue, head);
}

/* 2.7.9, 2.8.8 */
void model_complete_batch(struct model *model, uint16_t index, unsigned int count, uint32_t length)
{
	struct model_queue *queue = model_live(model, index);
	uint64_t first;
	unsigned int span = 0;
	uint16_t head = 0;

	if (queue == NULL)
		return;
	first = queue->completed_buffers;
	if (!model_has(model, FEATURE_IN_ORDER) || count == 0 ||
		count > queue->taken_buffers - first) {
		model_violation(model, "the test completes a batch of %u buffers", count);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		head = queue->taken[(first + i) % queue->size];
		span += withdraw(model, index, head);
	}
	use(model, index, head, length, span);
	for (unsigned int i = 0; i < count; i++)
		model_format(model)->withdraw(queue, queue->taken[(first + i) % queue->size]);
}

static void scribble_on(const struct model_chain *chain)
{
	for (unsigned int i = chain->readable; i < chain->count; i++)
		memset(chain->piece[i].data, 0xa5, chain->piece[i].length);
}

void model_scribble(struct model *model, uint16_t index)
{
	if (model_live(model, index) != NULL)
		model_format(model)->for_each(model, index, scribble_on);
}
