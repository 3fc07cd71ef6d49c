/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues as they are after a reset of the device, and the reset of a single one: 2.6.1, 4.1.4.3. */
#include "internal.h"

/* As at first discovery; only what the test wants of the queue, or counts, stays. */
static void begin_anew(struct model *model, unsigned int index)
{
	struct model_queue *queue = &model->queue[index];

	model_free_records(queue);
	*queue = (struct model_queue){
		.size = model->script.queue_size[index],
		.vector = MODEL_NO_VECTOR,
		.kicks = queue->kicks,
		.is_busy = queue->is_busy,
		.doorbells = queue->doorbells,
		.interrupts = queue->interrupts,
		.resets = queue->resets,
	};
}

void model_reset_queues(struct model *model)
{
	for (unsigned int i = 0; i < MODEL_QUEUES; i++)
		begin_anew(model, i);
}

static void finish(struct model *model, uint16_t index)
{
	begin_anew(model, index);
	model->queue[index].was_reset = true;
}

void model_queue_reset_write(struct model *model, uint16_t index, uint32_t value)
{
	struct model_queue *queue = &model->queue[index];

	if (value != 1) {
		model_violation(model, "PCI-24: queue_reset of queue %u written with %u", index,
			value);
		return;
	}
	if (queue->reset_is_pending)
		model_violation(model, "PCI-24: queue %u reset again before the reset has ended",
			index);
	if ((model->status & STATUS_FEATURES_OK) == 0)
		model_violation(model, "VQ-07: queue %u reset in status 0x%02x", index,
			model->status);
	queue->resets++;
	queue->reset_is_pending = true;
	queue->reset_left = model->script.queue_reset_reads;
	if (queue->reset_left == 0)
		finish(model, index);
}

uint32_t model_queue_reset_read(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	if (!queue->reset_is_pending)
		return 0;
	/* Until it has ended the device may still be at the buffers. */
	if (model->script.scribbles)
		model_scribble(model, index);
	if (queue->reset_left == MODEL_NEVER || queue->reset_left-- > 0)
		return 1;
	finish(model, index);
	return 0;
}
