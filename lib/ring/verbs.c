/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/verbs.h"

#include <errno.h>

#include "ring/table.h"
#include "ring/used.h"

uint16_t kl__queue_max_segments(const struct kl_queue *queue)
{
	uint16_t chain = (queue->kind & KL__RING_CHAINED) != 0 ? queue->size : 1;

	return queue->indirect_entries > chain ? queue->indirect_entries : chain;
}

static uint16_t access_of(unsigned int segment, unsigned int readable)
{
	return segment >= readable ? VIRTQ_DESC_F_WRITE : 0;
}

static uint16_t link_of(unsigned int segment, unsigned int count)
{
	return segment + 1 < count ? VIRTQ_DESC_F_NEXT : 0;
}

static void add_indirect(struct kl_queue *queue, const struct kl__segment *segments,
	unsigned int readable, unsigned int count, uint32_t writable_bytes, void *buffer)
{
	struct kl__table table = kl__table_begin(queue, queue->kind);

	for (unsigned int i = 0; i < count; i++)
		kl__table_put(&table, segments[i].address, segments[i].length,
			access_of(i, readable));
	kl__table_end(queue, &table, writable_bytes, buffer, queue->kind);
}

static void add_split_chain(struct kl_queue *queue, const struct kl__segment *segments,
	unsigned int readable, unsigned int count)
{
	uint16_t head = kl__ring_next_id(queue, KL__RING_CHAINED);

	for (unsigned int i = 0; i < count; i++) {
		uint16_t id = queue->order[(uint16_t)(queue->taken + i) & queue->mask];
		uint16_t next = queue->order[(uint16_t)(queue->taken + i + 1) & queue->mask];

		kl__table_set_entry(&queue->desc[id], segments[i],
			access_of(i, readable) | link_of(i, count), next, KL__RING_CHAINED);
		queue->slot[id].next = next;
	}
	queue->avail->ring[queue->avail_idx & queue->mask] = head;
}

/* 2.8.6: one after another in the ring. The id counts in the last; here it stands in all. */
static void add_packed_chain(struct kl_queue *queue, const struct kl__segment *segments,
	unsigned int readable, unsigned int count)
{
	struct kl__add_cursor cursor = kl__ring_begin(queue);
	uint16_t head = queue->order[cursor.place];

	for (unsigned int i = 0; i < count; i++) {
		uint16_t flags = access_of(i, readable) | link_of(i, count);
		uint16_t id = queue->order[cursor.place];

		queue->packed[cursor.place] = (struct pvirtq_desc){
			.addr = segments[i].address,
			.len = segments[i].length,
			.id = head,
			.flags = i == 0 ? kl__packed_flags(queue, &cursor, flags) :
					  flags | cursor.flags,
		};
		cursor.place = kl__packed_advance(cursor.place, 1, queue->size, &cursor.flags);
		queue->slot[id].next = queue->order[cursor.place];
	}
	kl__ring_end(queue, &cursor, KL__RING_PACKED);
}

static void add_chain(struct kl_queue *queue, const struct kl__segment *segments,
	unsigned int readable, unsigned int count, uint32_t writable_bytes, void *buffer)
{
	uint16_t id = kl__ring_next_id(queue, queue->kind);

	if ((queue->kind & KL__RING_PACKED) != 0)
		add_packed_chain(queue, segments, readable, count);
	else
		add_split_chain(queue, segments, readable, count);
	queue->buffer[id] = buffer;
	queue->slot[id].writable = writable_bytes;
	queue->slot[id].count = (uint16_t)count;
	queue->taken += (uint16_t)count;
	queue->avail_idx++;
}

/* 2.7.4.2, 2.7.5.2: no empty segment, and less than 4 GiB in all. */
static int measure_segments(const struct kl__segment *segments, unsigned int readable,
	unsigned int count, uint32_t *writable_bytes)
{
	uint64_t total = 0, writable = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (segments[i].length == 0)
			return -EINVAL;
		total += segments[i].length;
		if (i >= readable)
			writable += segments[i].length;
	}
	if (total > UINT32_MAX)
		return -EINVAL;
	*writable_bytes = (uint32_t)writable;
	return 0;
}

int kl__queue_add(struct kl_queue *queue, const struct kl__segment *segments, unsigned int readable,
	unsigned int writable, void *buffer)
{
	unsigned int count = readable + writable;
	bool is_indirect = count > 1 && count <= queue->indirect_entries;
	uint32_t writable_bytes;

	if (queue->fault != KL_QUEUE_OK)
		return -EIO;
	if (count == 0 || count > kl__queue_max_segments(queue) ||
		measure_segments(segments, readable, count, &writable_bytes) != 0)
		return -EINVAL;
	if (kl__ring_free(queue, queue->kind) < (is_indirect ? 1 : count))
		return -ENOSPC;
	if (is_indirect)
		add_indirect(queue, segments, readable, count, writable_bytes, buffer);
	else if (count == 1)
		kl__ring_add(queue, buffer, segments->address, segments->length,
			access_of(0, readable), writable_bytes, queue->kind);
	else
		add_chain(queue, segments, readable, count, writable_bytes, buffer);
	return 0;
}

void *kl__queue_take(struct kl_queue *queue, uint32_t *length)
{
	uint32_t writable;
	void *buffer;

	if (kl__queue_harvest(queue, &buffer, length, &writable, 1) == 0)
		return NULL;
	queue->stats.done++;
	if (*length > writable)
		*length = 0;
	return buffer;
}

void kl__queue_publish(struct kl_queue *queue)
{
	kl__ring_publish(queue, queue->kind);
}

bool kl__queue_arm(struct kl_queue *queue)
{
	return kl__ring_arm(queue, queue->kind);
}

void kl__queue_disarm(struct kl_queue *queue)
{
	kl__ring_disarm(queue, queue->kind);
}

/* The place where the next used buffer is expected. */
static uint16_t used_place(const struct kl_queue *queue)
{
	return (queue->kind & KL__RING_PACKED) != 0 ? queue->used_place :
						      queue->used_idx & queue->mask;
}

bool kl__queue_holds(const struct kl_queue *queue, uint16_t id)
{
	return kl__queue_is_in_flight(queue, id, queue->used_idx, used_place(queue));
}

void *kl__queue_next_in_flight(const struct kl_queue *queue, uint32_t *at)
{
	while (*at < queue->size) {
		uint16_t id = (uint16_t)(*at)++;

		if (kl__queue_holds(queue, id))
			return queue->buffer[id];
	}
	return NULL;
}

void *kl__queue_drain(struct kl_queue *queue)
{
	if (queue->is_sorted)
		kl__queue_unsort(queue, queue->used_idx, used_place(queue));
	while (queue->drained < queue->size) {
		void *buffer = queue->buffer[queue->drained++];

		if (buffer == NULL)
			continue;
		queue->buffer[queue->drained - 1] = NULL;
		queue->stats.failed++;
		/*
		 * What was added and never published counts as posted, so that the sum law holds.
		 */
		if (queue->avail_idx != queue->published) {
			queue->stats.posted++;
			queue->published++;
		}
		queue->used_idx++;
		return buffer;
	}
	/* Used entries that the device wrote before its reset are void. */
	queue->used_seen = queue->used_idx;
	queue->in_batch = false;
	return NULL;
}
