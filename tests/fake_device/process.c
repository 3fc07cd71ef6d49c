/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's own pace: takes buffers, handles them, and completes some in the script's order. */
#include <string.h>

#include "internal.h"

/* Copies what is readable to what is writable, as far as both go. */
static uint32_t echo(const struct fake_chain *chain)
{
	unsigned int from = 0, to = chain->readable;
	uint32_t at = 0, put_at = 0, written = 0;

	while (from < chain->readable && to < chain->count) {
		const struct fake_segment *source = &chain->segment[from],
					  *target = &chain->segment[to];
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
static void take(struct fake_device *fake, uint16_t index, unsigned int limit)
{
	static struct fake_chain chain;
	struct fake_queue *queue = &fake->queue[index];

	while (queue->holding < limit && queue->holding < queue->size &&
		fake_pop(fake, index, &chain)) {
		struct fake_held *held = &queue->held[queue->holding++];

		held->head = chain.head;
		held->length = fake->script.handler == NULL ?
			echo(&chain) :
			fake->script.handler(fake, index, &chain, fake->script.context);
		held->is_full = held->length == chain.writable_bytes || chain.writable_bytes == 0;
	}
}

static void complete_held(struct fake_device *fake, uint16_t index, unsigned int which)
{
	fake_complete(fake, index, fake->queue[index].held[which].head,
		fake->queue[index].held[which].length);
}

/* Number of the next ones that may share an element: all but the last must be used completely. */
static unsigned int batch_at(const struct fake_device *fake, const struct fake_queue *queue,
	unsigned int at, unsigned int left)
{
	unsigned int count = 1;

	if (!fake_has(fake, FEATURE_IN_ORDER))
		return 1;
	while (count < left && count < fake->script.batch && queue->held[at + count - 1].is_full)
		count++;
	return count;
}

static void complete_oldest(struct fake_device *fake, uint16_t index, unsigned int count)
{
	struct fake_queue *queue = &fake->queue[index];
	unsigned int batch;

	for (unsigned int i = 0; i < count; i += batch) {
		batch = batch_at(fake, queue, i, count - i);
		if (batch == 1)
			complete_held(fake, index, i);
		else
			fake_complete_batch(fake, index, batch, queue->held[i + batch - 1].length);
	}
	queue->holding -= count;
	memmove(queue->held, queue->held + count, queue->holding * sizeof(*queue->held));
}

/* Some newest ones, or some of all, so that the others stay behind. */
static void complete_any(struct fake_device *fake, uint16_t index, unsigned int count)
{
	struct fake_queue *queue = &fake->queue[index];

	for (; count > 0; count--) {
		unsigned int which = queue->holding - 1;

		if (fake->script.order == FAKE_SHUFFLE)
			which = (unsigned int)(fake_random(fake) % queue->holding);
		complete_held(fake, index, which);
		queue->held[which] = queue->held[--queue->holding];
	}
}

unsigned int fake_process(struct fake_device *fake, uint16_t index, unsigned int max)
{
	struct fake_queue *queue = &fake->queue[index];
	bool in_order = fake->script.order == FAKE_IN_ORDER || fake_has(fake, FEATURE_IN_ORDER);
	unsigned int count;

	fake_finish_decision(fake, index);
	if (fake_live_queue(fake, index) == NULL)
		return 0;
	take(fake, index, in_order ? max : queue->size);
	count = queue->holding < max ? queue->holding : max;
	if (in_order)
		complete_oldest(fake, index, count);
	else
		complete_any(fake, index, count);
	if (queue->is_busy)
		fake_disarm(fake, index);
	else
		fake_arm(fake, index);
	return count;
}
