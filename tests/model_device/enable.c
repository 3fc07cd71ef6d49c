/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking a queue into use: what the driver must have laid there by then. 2.7, 2.7.1, 4.1.5.1.3. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static const char *const part_name[] = {"descriptor table", "available ring", "used ring"};
static const unsigned int part_align[] = {16, 2, 4};

/* 2.7: with the event words behind the rings. */
static uint64_t part_bytes(unsigned int part, uint64_t size)
{
	return part == 0 ? 16 * size : part == 1 ? 6 + 2 * size : 6 + 8 * size;
}

static bool is_zero(const uint8_t *bytes, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void check_overlap(struct model *model, const struct model_queue *queue)
{
	for (unsigned int a = 0; a < 3; a++)
		for (unsigned int b = 0; b < 3; b++) {
			uint64_t between = queue->address[b] - queue->address[a];

			if (a != b && between < part_bytes(a, queue->size))
				model_violation(model, "VQ-02: the %s overlaps the %s",
					part_name[a], part_name[b]);
		}
}

/* 4.1.5.1.3: zeroed; but the driver may prepare entries and its own event word. */
static void check_content(struct model *model, const struct model_queue *queue)
{
	bool event_idx = model_has(model, FEATURE_EVENT_IDX);
	uint32_t flags = get16(queue->avail);

	if (!is_zero(queue->desc, 16ull * queue->size))
		model_violation(model, "VQ-02: the descriptor table is not zero");
	if (!is_zero(queue->used, 6 + 8ull * queue->size))
		model_violation(model, "SPL-14: the used ring is not zero");
	if (get16(queue->avail + 2) != 0)
		model_violation(model, "VQ-02: the available index is not zero");
	if (flags > 1 || (event_idx && flags != 0))
		model_violation(model, "EVS-03: available flags are %u, EVENT_IDX is %d", flags,
			event_idx);
	if (!event_idx && get16(queue->avail + 4 + 2 * queue->size) != 0)
		model_violation(model, "VQ-02: used_event is not zero, without EVENT_IDX");
}

static bool map_parts(struct model *model, struct model_queue *queue)
{
	uint8_t *part[3];

	for (unsigned int i = 0; i < 3; i++) {
		if (queue->address[i] % part_align[i] != 0)
			model_violation(model, "SPL-01: the %s at 0x%llx is not aligned to %u",
				part_name[i], (unsigned long long)queue->address[i], part_align[i]);
		part[i] = model_translate(model, queue->address[i], part_bytes(i, queue->size),
			part_name[i]);
		if (part[i] == NULL || queue->address[i] % part_align[i] != 0)
			return false;
	}
	queue->desc = part[0];
	queue->avail = part[1];
	queue->used = part[2];
	return true;
}

void model_enable(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	if (queue->written != 0x3f)
		model_violation(model, "PCI-21: queue %u enabled without its addresses (0x%x)",
			index, queue->written);
	if (queue->vector_unread)
		model_violation(model, "PCI-37: the vector of queue %u was not read back", index);
	if (queue->size == 0 || (queue->size & (queue->size - 1)) != 0)
		model_violation(model, "PCI-20: queue %u enabled with %u entries", index,
			queue->size);
	if (!map_parts(model, queue))
		return;
	check_overlap(model, queue);
	check_content(model, queue);
	free(queue->record);
	free(queue->held);
	queue->record = calloc(queue->size, sizeof(*queue->record));
	queue->held = calloc(queue->size, sizeof(*queue->held));
	queue->is_enabled = queue->record != NULL && queue->held != NULL;
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
