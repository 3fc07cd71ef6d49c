/* SPDX-License-Identifier: BSD-3-Clause */
/* Enabling a queue: checks what the driver must have prepared by then. 2.7, 2.8, 4.1.5.1.3. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void check_overlap(struct fake_device *fake, const struct fake_queue *queue)
{
	const struct fake_ring_format *format = fake_ring_format(fake);

	for (unsigned int a = 0; a < 3; a++)
		for (unsigned int b = 0; b < 3; b++) {
			uint64_t between = queue->address[b] - queue->address[a];

			if (a != b && between < format->part_bytes(a, queue->size))
				fake_violation(fake, "VQ-02: the %s overlaps the %s",
					format->part_name[a], format->part_name[b]);
		}
}

static bool map_parts(struct fake_device *fake, struct fake_queue *queue)
{
	const struct fake_ring_format *format = fake_ring_format(fake);
	uint8_t *part[3];

	for (unsigned int i = 0; i < 3; i++) {
		const char *name = format->part_name[i];
		unsigned int align = format->part_align[i];

		if (queue->address[i] % align != 0)
			fake_violation(fake,
				"SPL-01, PKD-01: the %s at 0x%llx is not aligned to %u", name,
				(unsigned long long)queue->address[i], align);
		part[i] = fake_translate(fake, queue->address[i],
			format->part_bytes(i, queue->size), name);
		if (part[i] == NULL || queue->address[i] % align != 0)
			return false;
	}
	queue->desc = part[0];
	queue->driver_area = part[1];
	queue->device_area = part[2];
	return true;
}

static void make_records(struct fake_queue *queue)
{
	fake_free_records(queue);
	queue->entries = queue->size;
	queue->record = calloc(queue->size, sizeof(*queue->record));
	queue->held = calloc(queue->size, sizeof(*queue->held));
	queue->id = calloc(queue->size, sizeof(*queue->id));
	queue->taken = calloc(queue->size, sizeof(*queue->taken));
	queue->expected = calloc(queue->size, 16);
	queue->is_enabled = queue->record != NULL && queue->held != NULL && queue->id != NULL &&
		queue->taken != NULL && queue->expected != NULL;
}

void fake_enable(struct fake_device *fake, uint16_t index)
{
	struct fake_queue *queue = &fake->queue[index];

	if (queue->written != 0x3f)
		fake_violation(fake, "PCI-21: queue %u enabled without its addresses (0x%x)", index,
			queue->written);
	if (queue->vector_unread)
		fake_violation(fake, "PCI-37: the vector of queue %u was not read back", index);
	if (!fake_ring_format(fake)->size_is_legal(queue->size))
		fake_violation(fake, "PCI-20: queue %u enabled with %u entries", index,
			queue->size);
	if (!map_parts(fake, queue))
		return;
	check_overlap(fake, queue);
	fake_ring_format(fake)->check_content(fake, queue);
	make_records(queue);
}

void fake_run_bare(struct fake_device *fake, const struct kl_features *accepted)
{
	fake->accepted = *accepted;
	fake->features_checked = true;
	fake->status = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK;
}

void fake_bind(struct fake_device *fake, uint16_t index, uint16_t size, uint64_t desc,
	uint64_t avail, uint64_t used)
{
	struct fake_queue *queue = &fake->queue[index];

	queue->size = size;
	queue->address[0] = desc;
	queue->address[1] = avail;
	queue->address[2] = used;
	queue->written = 0x3f;
	fake_enable(fake, index);
}
