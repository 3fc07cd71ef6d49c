/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking a queue into use: what the driver must have laid there by then. 2.7, 2.8, 4.1.5.1.3. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void check_overlap(struct model *model, const struct model_queue *queue)
{
	const struct model_format *format = model_format(model);

	for (unsigned int a = 0; a < 3; a++)
		for (unsigned int b = 0; b < 3; b++) {
			uint64_t between = queue->address[b] - queue->address[a];

			if (a != b && between < format->part_bytes(a, queue->size))
				model_violation(model, "VQ-02: the %s overlaps the %s",
					format->part_name[a], format->part_name[b]);
		}
}

static bool map_parts(struct model *model, struct model_queue *queue)
{
	const struct model_format *format = model_format(model);
	uint8_t *part[3];

	for (unsigned int i = 0; i < 3; i++) {
		const char *name = format->part_name[i];
		unsigned int align = format->part_align[i];

		if (queue->address[i] % align != 0)
			model_violation(model,
				"SPL-01, PKD-01: the %s at 0x%llx is not aligned to %u", name,
				(unsigned long long)queue->address[i], align);
		part[i] = model_translate(model, queue->address[i],
			format->part_bytes(i, queue->size), name);
		if (part[i] == NULL || queue->address[i] % align != 0)
			return false;
	}
	queue->desc = part[0];
	queue->driver_area = part[1];
	queue->device_area = part[2];
	return true;
}

static void make_records(struct model_queue *queue)
{
	model_free_records(queue);
	queue->entries = queue->size;
	queue->record = calloc(queue->size, sizeof(*queue->record));
	queue->held = calloc(queue->size, sizeof(*queue->held));
	queue->id = calloc(queue->size, sizeof(*queue->id));
	queue->taken = calloc(queue->size, sizeof(*queue->taken));
	queue->expected = calloc(queue->size, 16);
	queue->is_enabled = queue->record != NULL && queue->held != NULL && queue->id != NULL &&
		queue->taken != NULL && queue->expected != NULL;
}

void model_enable(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	if (queue->written != 0x3f)
		model_violation(model, "PCI-21: queue %u enabled without its addresses (0x%x)",
			index, queue->written);
	if (queue->vector_unread)
		model_violation(model, "PCI-37: the vector of queue %u was not read back", index);
	if (!model_format(model)->size_is_legal(queue->size))
		model_violation(model, "PCI-20: queue %u enabled with %u entries", index,
			queue->size);
	if (!map_parts(model, queue))
		return;
	check_overlap(model, queue);
	model_format(model)->check_content(model, queue);
	make_records(queue);
}

void model_run_bare(struct model *model, const struct kl_features *accepted)
{
	model->accepted = *accepted;
	model->features_checked = true;
	model->status = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK;
}

void model_bind(struct model *model, uint16_t index, uint16_t size, uint64_t desc, uint64_t avail,
	uint64_t used)
{
	struct model_queue *queue = &model->queue[index];

	queue->size = size;
	queue->address[0] = desc;
	queue->address[1] = avail;
	queue->address[2] = used;
	queue->written = 0x3f;
	model_enable(model, index);
}
