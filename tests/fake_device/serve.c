/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue of either format, served: observe, take, complete, or write malformed entries. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

const struct fake_ring_format *fake_ring_format(const struct fake_device *fake)
{
	return fake_has(fake, FEATURE_RING_PACKED) ? &fake_packed : &fake_split;
}

struct fake_queue *fake_live_queue(struct fake_device *fake, uint16_t index)
{
	struct fake_queue *queue = &fake->queue[index];

	return queue->is_enabled && (fake->status & STATUS_DRIVER_OK) != 0 ? queue : NULL;
}

void fake_free_records(struct fake_queue *queue)
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

void fake_observe(struct fake_device *fake, uint16_t index)
{
	struct fake_queue *queue = fake_live_queue(fake, index);

	if (queue == NULL)
		return;
	fake_ring_format(fake)->check_suppression(fake, queue);
	fake_ring_format(fake)->observe(fake, index);
}

bool fake_pop(struct fake_device *fake, uint16_t index, struct fake_chain *chain)
{
	struct fake_queue *queue = fake_live_queue(fake, index);

	fake_finish_decision(fake, index);
	if (queue == NULL || queue->fetched == queue->seen ||
		!fake_ring_format(fake)->fetch(fake, index, chain))
		return false;
	queue->record[chain->head].is_fetched = true;
	queue->taken[queue->taken_buffers++ % queue->size] = chain->head;
	return true;
}

bool fake_request_covers(const struct fake_device *fake, const struct fake_queue *queue,
	struct fake_request request, uint64_t from, uint64_t to)
{
	if (request.kind != FAKE_REQUEST_PLACE)
		return request.kind == FAKE_REQUEST_ALL && to > from;
	for (uint64_t place = from; place < to; place++)
		if (fake_ring_format(fake)->word(queue, place) == request.word)
			return true;
	return false;
}

static void interrupt(struct fake_device *fake, struct fake_queue *queue)
{
	uint64_t one = 1;

	queue->interrupts++;
	fake_line_interrupt(fake, 1);
	if (fake->msix_is_on && queue->vector < FAKE_VECTORS &&
		fake->interrupt_fd[queue->vector] >= 0 &&
		write(fake->interrupt_fd[queue->vector], &one, sizeof(one)) != sizeof(one))
		fake_violation(fake, "the eventfd of a queue's vector can't be written");
}

static void use(struct fake_device *fake, uint16_t index, uint32_t head, uint32_t length,
	unsigned int span)
{
	const struct fake_ring_format *format = fake_ring_format(fake);
	struct fake_queue *queue = &fake->queue[index];
	uint64_t next = queue->done + span;

	format->use(fake, index, head, length, span);
	if (fake_request_covers(fake, queue, format->driver_request(fake, queue), queue->done,
		    next))
		interrupt(fake, queue);
	queue->done = next;
}

void fake_write_raw_used(struct fake_device *fake, uint16_t index, uint32_t id, uint32_t length)
{
	struct fake_queue *queue = fake_live_queue(fake, index);

	if (queue != NULL)
		use(fake, index, id, length, fake_ring_format(fake)->span(queue, id));
}

void fake_write_raw_index(struct fake_device *fake, uint16_t index, uint16_t value)
{
	struct fake_queue *queue = fake_live_queue(fake, index);

	if (fake_has(fake, FEATURE_RING_PACKED))
		fake_violation(fake, "the test writes an index that a packed ring has not");
	else if (queue != NULL)
		store16(queue->device_area + 2, value);
}

/*
 * Removes a completed buffer's records. The buffer must not have changed
 * meanwhile. Returns its places.
 */
static unsigned int withdraw(struct fake_device *fake, uint16_t index, uint16_t head)
{
	const struct fake_ring_format *format = fake_ring_format(fake);
	struct fake_queue *queue = &fake->queue[index];
	unsigned int span = format->span(queue, head);

	if (!format->is_unchanged(fake, index, head))
		fake_violation(fake, "INIT-15: buffer %u of queue %u changed before it was used",
			head, index);
	queue->completed_buffers++;
	return span;
}

void fake_complete(struct fake_device *fake, uint16_t index, uint16_t head, uint32_t length)
{
	struct fake_queue *queue = fake_live_queue(fake, index);
	unsigned int span;

	if (queue == NULL)
		return;
	if (head >= queue->size || !queue->record[head].is_fetched) {
		fake_violation(fake, "the test completes buffer %u, which the device has not taken",
			head);
		return;
	}
	if (fake_has(fake, FEATURE_IN_ORDER) &&
		queue->taken[queue->completed_buffers % queue->size] != head)
		fake_violation(fake, "the test completes buffer %u out of order", head);
	span = withdraw(fake, index, head);
	use(fake, index, head, length, span);
	fake_ring_format(fake)->withdraw(queue, head);
}

/* 2.7.9, 2.8.8 */
void fake_complete_batch(struct fake_device *fake, uint16_t index, unsigned int count,
	uint32_t length)
{
	struct fake_queue *queue = fake_live_queue(fake, index);
	uint64_t first;
	unsigned int span = 0;
	uint16_t head = 0;

	if (queue == NULL)
		return;
	first = queue->completed_buffers;
	if (!fake_has(fake, FEATURE_IN_ORDER) || count == 0 ||
		count > queue->taken_buffers - first) {
		fake_violation(fake, "the test completes a batch of %u buffers", count);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		head = queue->taken[(first + i) % queue->size];
		span += withdraw(fake, index, head);
	}
	use(fake, index, head, length, span);
	for (unsigned int i = 0; i < count; i++)
		fake_ring_format(fake)->withdraw(queue, queue->taken[(first + i) % queue->size]);
}

static void scribble_on(const struct fake_chain *chain)
{
	for (unsigned int i = chain->readable; i < chain->count; i++)
		memset(chain->segment[i].data, 0xa5, chain->segment[i].length);
}

void fake_scribble(struct fake_device *fake, uint16_t index)
{
	if (fake_live_queue(fake, index) != NULL)
		fake_ring_format(fake)->for_each(fake, index, scribble_on);
}
