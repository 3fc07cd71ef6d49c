/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/verbs.h"

#include <errno.h>
#include <string.h>

#include "ring/kick.h"
#include "ring/split.h"

static size_t round_up(size_t value, size_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/*
 * Two of the rings start four bytes before a cache line, so that their entries start with one: four
 * or eight used elements then share a line and none straddles two. 2.7 asks for less.
 */
static size_t ring_offset(size_t at)
{
	return round_up(at + 4, KL__CACHE_LINE) + KL__CACHE_LINE - 4;
}

/* 2.7.2: one block that the device is told the start and the size of, and nothing else. */
static void legacy_rings(size_t n, struct kl__split_layout *layout)
{
	layout->avail = n * sizeof(struct virtq_desc);
	layout->used = round_up(layout->avail + 6 + 2 * n, VIRTQ_LEGACY_ALIGN);
}

void kl__split_layout(const struct kl__queue_shape *shape, struct kl__split_layout *layout)
{
	size_t n = shape->size;

	layout->desc = 0;
	if (shape->is_legacy) {
		legacy_rings(n, layout);
	} else {
		layout->avail = ring_offset(n * sizeof(struct virtq_desc));
		/*
		 * 2.7: 6 + 2n bytes with used_event; the used ring is the device's and has lines of
		 * its own.
		 */
		layout->used = ring_offset(layout->avail + 6 + 2 * n);
	}
	layout->indirect = round_up(layout->used + 6 + 8 * n, KL__CACHE_LINE);
	layout->bytes = layout->indirect + n * shape->indirect_entries * sizeof(struct virtq_desc);
}

static size_t slots_offset(void)
{
	return round_up(sizeof(struct kl_queue), KL__CACHE_LINE);
}

static size_t order_offset(const struct kl__queue_shape *shape)
{
	return slots_offset() + round_up(shape->size * sizeof(struct kl__slot), KL__CACHE_LINE);
}

size_t kl__queue_private_bytes(const struct kl__queue_shape *shape)
{
	return order_offset(shape) + round_up(shape->size * sizeof(uint16_t), KL__CACHE_LINE);
}

#define NS_PER_SECOND UINT64_C(1000000000)
#define AUTO_WAIT_NS 20000
/* Longer than an honest device sleeps with work before it. */
#define RESCUE_NS (NS_PER_SECOND / 2)

static void init_kick(struct kl__kick_state *kick, const struct kl__queue_shape *shape)
{
	kick->policy = shape->kick;
	if (kick->policy.mode == KL_KICK_AUTO && kick->policy.wait_ns == 0)
		kick->policy.wait_ns = AUTO_WAIT_NS;
	kick->wait_ticks = kick->policy.wait_ns * shape->ticks_per_second / NS_PER_SECOND;
	kick->rescues = shape->rescues;
	kick->lesson[0].pays = true;
	kick->lesson[1].pays = true;
	kick->rescue_ticks = RESCUE_NS * shape->ticks_per_second / NS_PER_SECOND;
}

struct kl_queue *kl__queue_init(void *memory, void *shared, uint64_t iova,
	const struct kl__queue_shape *shape)
{
	struct kl_queue *queue = memory;
	struct kl__split_layout layout;

	kl__split_layout(shape, &layout);
	queue->desc = (struct virtq_desc *)((char *)shared + layout.desc);
	queue->avail = (struct virtq_avail *)((char *)shared + layout.avail);
	queue->used = (struct virtq_used *)((char *)shared + layout.used);
	queue->slot = (struct kl__slot *)((char *)memory + slots_offset());
	queue->order = (uint16_t *)((char *)memory + order_offset(shape));
	queue->index = shape->index;
	queue->size = shape->size;
	queue->mask = shape->size - 1;
	queue->event_idx = shape->event_idx;
	queue->chained = shape->chained;
	queue->used_event = &queue->avail->ring[shape->size];
	queue->avail_event = (uint16_t *)&queue->used->ring[shape->size];
	queue->indirect_entries = shape->indirect_entries;
	queue->indirect = (struct virtq_desc *)((char *)shared + layout.indirect);
	queue->indirect_iova = iova + layout.indirect;
	init_kick(&queue->kick, shape);
	for (uint32_t i = 0; i < shape->size; i++) {
		queue->order[i] = (uint16_t)i;
		queue->avail->ring[i] = (uint16_t)i;
	}
	/*
	 * 2.7.7.1: a polled queue wants no used notifications. With EVENT_IDX only used_event may
	 * say so.
	 */
	if (shape->event_idx)
		kl__store(queue->used_event, (uint16_t)-1);
	else
		kl__store(&queue->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
	return queue;
}

void kl__queue_break(struct kl_queue *queue, enum kl_queue_fault fault)
{
	queue->stats.bad_used++;
	if (queue->fault == KL_QUEUE_OK)
		queue->fault = (uint8_t)fault;
	/* Nothing that was seen may be believed any more. */
	queue->used_seen = queue->used_idx;
}

const char *kl_queue_fault_name(enum kl_queue_fault fault)
{
	switch (fault) {
	case KL_QUEUE_OK:
		return "none";
	case KL_QUEUE_USED_INDEX:
		return "used index beyond what is in flight";
	case KL_QUEUE_USED_ID:
		return "used element names no descriptor";
	case KL_QUEUE_USED_TWICE:
		return "used element names a buffer not in flight";
	case KL_QUEUE_USED_SHORT:
		return "fewer buffers used together than the device says";
	}
	return "unknown";
}

/*
 * The place at used_idx was consumed by the device before it completed anything there, so its
 * available entry is ours again and can already name the descriptor that is free now.
 */
void kl__split_reorder(struct kl_queue *queue, uint16_t id)
{
	uint16_t place = queue->used_idx & queue->mask;

	queue->order[place] = id;
	queue->avail->ring[place] = id;
}

uint16_t kl__queue_max_pieces(const struct kl_queue *queue)
{
	uint16_t chain = queue->chained ? queue->size : 1;

	return queue->indirect_entries > chain ? queue->indirect_entries : chain;
}

static void fill(struct virtq_desc *desc, const struct kl__piece *piece, bool is_writable,
	uint16_t next, bool has_next)
{
	*desc = (struct virtq_desc){
		.addr = piece->address,
		.len = piece->length,
		.flags = (uint16_t)((is_writable ? VIRTQ_DESC_F_WRITE : 0) |
			(has_next ? VIRTQ_DESC_F_NEXT : 0)),
		.next = has_next ? next : 0,
	};
}

/* 2.7.5.3: the table's links run 1, 2, 3, ... */
static void add_indirect(struct kl_queue *queue, const struct kl__piece *pieces,
	unsigned int readable, unsigned int count, uint32_t writable_bytes, void *buffer)
{
	uint16_t id = kl__split_next_id(queue, queue->chained);
	struct virtq_desc *table = queue->indirect + (size_t)id * queue->indirect_entries;
	uint64_t iova = queue->indirect_iova +
		(size_t)id * queue->indirect_entries * sizeof(*table);

	for (unsigned int i = 0; i < count; i++)
		fill(&table[i], &pieces[i], i >= readable, (uint16_t)(i + 1), i + 1 < count);
	kl__split_add(queue, buffer, iova, count * (uint32_t)sizeof(*table), VIRTQ_DESC_F_INDIRECT,
		writable_bytes, queue->chained);
}

static void add_chain(struct kl_queue *queue, const struct kl__piece *pieces, unsigned int readable,
	unsigned int count, uint32_t writable_bytes, void *buffer)
{
	uint16_t head = kl__split_next_id(queue, true);

	for (unsigned int i = 0; i < count; i++) {
		uint16_t id = queue->order[(uint16_t)(queue->taken + i) & queue->mask];
		uint16_t next = queue->order[(uint16_t)(queue->taken + i + 1) & queue->mask];

		fill(&queue->desc[id], &pieces[i], i >= readable, next, i + 1 < count);
		queue->slot[id].next = next;
	}
	queue->slot[head].buffer = buffer;
	queue->slot[head].writable = writable_bytes;
	queue->slot[head].count = (uint16_t)count;
	queue->avail->ring[queue->avail_idx & queue->mask] = head;
	queue->taken += (uint16_t)count;
	queue->avail_idx++;
}

/* 2.7.4.2, 2.7.5.2: no empty piece, and less than 4 GiB in all. */
static int measure(const struct kl__piece *pieces, unsigned int readable, unsigned int count,
	uint32_t *writable_bytes)
{
	uint64_t total = 0, writable = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (pieces[i].length == 0)
			return -EINVAL;
		total += pieces[i].length;
		if (i >= readable)
			writable += pieces[i].length;
	}
	if (total > UINT32_MAX)
		return -EINVAL;
	*writable_bytes = (uint32_t)writable;
	return 0;
}

int kl__queue_add(struct kl_queue *queue, const struct kl__piece *pieces, unsigned int readable,
	unsigned int writable, void *buffer)
{
	unsigned int count = readable + writable;
	bool is_indirect = count > 1 && count <= queue->indirect_entries;
	uint32_t writable_bytes;

	if (queue->fault != KL_QUEUE_OK)
		return -EIO;
	if (count == 0 || count > kl__queue_max_pieces(queue) ||
		measure(pieces, readable, count, &writable_bytes) != 0)
		return -EINVAL;
	if (kl__split_free(queue, queue->chained) < (is_indirect ? 1 : count))
		return -ENOSPC;
	if (is_indirect)
		add_indirect(queue, pieces, readable, count, writable_bytes, buffer);
	else if (count == 1)
		kl__split_add(queue, buffer, pieces->address, pieces->length,
			readable != 0 ? 0 : VIRTQ_DESC_F_WRITE, writable_bytes, queue->chained);
	else
		add_chain(queue, pieces, readable, count, writable_bytes, buffer);
	return 0;
}

void kl__queue_publish(struct kl_queue *queue)
{
	kl__split_publish(queue);
}

void *kl__queue_take(struct kl_queue *queue, uint32_t *length)
{
	uint32_t writable;
	void *buffer;

	if (kl__split_used(queue, 1) == 0)
		return NULL;
	buffer = kl__split_take(queue, length, &writable, queue->chained);
	kl__split_park(queue);
	if (buffer == NULL)
		return NULL;
	queue->stats.done++;
	if (*length > writable)
		*length = 0;
	return buffer;
}

void *kl__queue_drain(struct kl_queue *queue)
{
	while (queue->drained < queue->size) {
		struct kl__slot *slot = &queue->slot[queue->drained++];

		if (slot->count == 0)
			continue;
		slot->count = 0;
		queue->stats.failed++;
		/*
		 * What was added and never published counts as posted, so that the sum law holds.
		 */
		if (queue->avail_idx != queue->published) {
			queue->stats.posted++;
			queue->published++;
		}
		queue->used_idx++;
		return slot->buffer;
	}
	return NULL;
}
