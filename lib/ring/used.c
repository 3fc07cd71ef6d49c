/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The used side's functions that are not inline: one harvest per kind of ring, and the progress of
 * a packed ring. The cold functions are in fault.c: where gcc sees both in one file, it compiles
 * harvests to more instructions.
 */
#include "ring/used.h"

#define HARVEST_KIND(name, kind) \
	static uint16_t harvest_##name(struct kl_queue *queue, void **buffers, uint32_t *lengths, \
		uint32_t *writables, uint16_t max) \
	{ \
		return kl__ring_harvest_kind(queue, buffers, lengths, writables, max, kind); \
	}
KL__RING_KINDS_X(HARVEST_KIND)

typedef uint16_t harvest_fn(struct kl_queue *queue, void **buffers, uint32_t *lengths,
	uint32_t *writables, uint16_t max);

#define HARVEST_ENTRY(name, kind) [kind] = harvest_##name,

uint16_t kl__queue_harvest(struct kl_queue *queue, void **buffers, uint32_t *lengths,
	uint32_t *writables, uint16_t max)
{
	static harvest_fn *const by_kind[KL__RING_KINDS] = {KL__RING_KINDS_X(HARVEST_ENTRY)};
	harvest_fn *harvest = by_kind[queue->kind];
	uint16_t n = harvest(queue, buffers, lengths, writables, max);

	kl__ring_park(queue, queue->kind);
	return n;
}

/* The buffers and descriptors that one used descriptor stands for. */
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

/* Nothing for a malformed id: the harvest finds and reports it. */
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
