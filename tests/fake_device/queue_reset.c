/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues after a reset of the device, and the reset of a single one: 2.6.1, 4.1.4.3. */
#include "internal.h"

/* As at first discovery; only the test's settings of the queue, and counts, stay. */
static void reset_queue(struct fake_device *fake, unsigned int index)
{
	struct fake_queue *queue = &fake->queue[index];

	fake_free_records(queue);
	*queue = (struct fake_queue){
		.size = fake->script.queue_size[index],
		.vector = FAKE_NO_VECTOR,
		.kicks = queue->kicks,
		.is_busy = queue->is_busy,
		.doorbells = queue->doorbells,
		.interrupts = queue->interrupts,
		.resets = queue->resets,
	};
}

void fake_reset_queues(struct fake_device *fake)
{
	for (unsigned int i = 0; i < FAKE_QUEUES; i++)
		reset_queue(fake, i);
}

static void finish(struct fake_device *fake, uint16_t index)
{
	reset_queue(fake, index);
	fake->queue[index].was_reset = true;
}

void fake_queue_reset_write(struct fake_device *fake, uint16_t index, uint32_t value)
{
	struct fake_queue *queue = &fake->queue[index];

	if (value != 1) {
		fake_violation(fake, "PCI-24: queue_reset of queue %u written with %u", index,
			value);
		return;
	}
	if (queue->reset_is_pending)
		fake_violation(fake, "PCI-24: queue %u reset again before the reset has ended",
			index);
	if ((fake->status & STATUS_FEATURES_OK) == 0)
		fake_violation(fake, "VQ-07: queue %u reset in status 0x%02x", index, fake->status);
	queue->resets++;
	queue->reset_is_pending = true;
	queue->reset_left = fake->script.queue_reset_reads;
	if (queue->reset_left == 0)
		finish(fake, index);
}

uint32_t fake_queue_reset_read(struct fake_device *fake, uint16_t index)
{
	struct fake_queue *queue = &fake->queue[index];

	if (!queue->reset_is_pending)
		return 0;
	/* Until the reset has ended the device may still access the buffers. */
	if (fake->script.scribbles)
		fake_scribble(fake, index);
	if (queue->reset_left == FAKE_NEVER || queue->reset_left-- > 0)
		return 1;
	finish(fake, index);
	return 0;
}
