/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/packed.h"

/* What a used descriptor stands for. */
struct step {
	uint16_t buffers;
	uint16_t descriptors;
};

/* 2.8.9: all from the oldest one to the one named; none when that one is not published. */
static struct step batch_until(const struct kl_queue *queue, uint16_t id)
{
	struct step step = {0};
	uint16_t head = queue->seen_place, flags = 0;

	while (step.buffers < (uint16_t)(queue->published - queue->used_seen)) {
		uint16_t count = queue->slot[head].count;

		step.buffers++;
		step.descriptors += count;
		if (head == id)
			return step;
		head = kl__packed_advance(head, count, queue->size, &flags);
	}
	return (struct step){0};
}

/* Whether the device's word makes sense is judged when the buffers are taken back. */
static struct step step_over(const struct kl_queue *queue, uint16_t id)
{
	if (id >= queue->size ||
		!kl__queue_is_in_flight(queue, id, queue->used_seen, queue->seen_place))
		return (struct step){0};
	if ((queue->kind & KL__RING_IN_ORDER) != 0)
		return batch_until(queue, id);
	return (struct step){1, queue->slot[id].count};
}

uint16_t kl__packed_progress(struct kl_queue *queue)
{
	while (queue->used_seen != queue->published) {
		struct kl__packed_used used = kl__packed_read(queue, queue->seen_place);
		struct step step;

		if (!kl__packed_is_used(used.flags, queue->seen_flags))
			break;
		step = step_over(queue, used.id);
		if (step.buffers == 0)
			break;
		queue->used_seen += step.buffers;
		queue->seen_place = kl__packed_advance(queue->seen_place, step.descriptors,
			queue->size, &queue->seen_flags);
	}
	return queue->used_seen;
}

bool kl__packed_is_odd(const struct kl_queue *queue)
{
	uint16_t wrap = kl__load(&queue->packed[queue->used_place].flags) & KL__PACKED_WRAP;

	/* Within a batch that was used in order the rest is not marked. */
	if (wrap == queue->used_flags || queue->in_batch)
		return false;
	return wrap != (queue->used_flags ^ VIRTQ_DESC_F_USED) ||
		queue->used_seen != queue->used_idx;
}

bool kl__packed_skips(const struct kl_queue *queue)
{
	uint16_t place = queue->seen_place, used_flags = queue->seen_flags;

	if (kl__packed_is_used(kl__load(&queue->packed[place].flags), used_flags))
		return false;
	for (;;) {
		place = kl__packed_advance(place, 1, queue->size, &used_flags);
		if (place == queue->avail_place)
			return false;
		if (kl__packed_is_used(kl__load(&queue->packed[place].flags), used_flags))
			return true;
	}
}

bool kl__packed_kick_wanted(const struct kl_queue *queue, uint16_t window)
{
	const void *area = queue->device_event;
	uint32_t word = kl__load32(area);
	uint16_t event = word & (VIRTQ_EVENT_WRAP - 1), flags = (word >> 16) & 3;

	/* Without EVENT_IDX there is no place to look at, and a value that means nothing silences nobody. */
	if (flags != RING_EVENT_FLAGS_DESC || !queue->event_idx)
		return flags != RING_EVENT_FLAGS_DISABLE;
	/* A place of the lap before ours lies behind the ring's beginning. */
	if (((word ^ kl__packed_position(queue)) & VIRTQ_EVENT_WRAP) != 0)
		event -= queue->size;
	return virtq_need_event(event, queue->avail_place, queue->avail_place - window);
}
