/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue's memory: its size, the layout of its parts, and their first contents. */
#include "ring/create.h"

#include <string.h>

#include "ring/used.h"

static size_t round_up(size_t value, size_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/*
 * Two of the rings start four bytes before a cache line, so that their entries start with one: four
 * or eight used elements then share a line and none straddles two. 2.7 requires less.
 */
static size_t ring_offset(size_t at)
{
	return round_up(at + 4, KL__CACHE_LINE) + KL__CACHE_LINE - 4;
}

/* 2.7: 6 + 2n bytes with used_event, 6 + 8n with avail_event. Each writer has lines of its own. */
static void split_layout(size_t n, struct kl__queue_layout *layout)
{
	layout->driver = ring_offset(n * sizeof(struct virtq_desc));
	layout->device = ring_offset(layout->driver + 6 + 2 * n);
	layout->indirect = round_up(layout->device + 6 + 8 * n, KL__CACHE_LINE);
}

/* 2.7.2: one block, of which the device gets only the start and the size. */
static void legacy_layout(size_t n, struct kl__queue_layout *layout)
{
	layout->driver = n * sizeof(struct virtq_desc);
	layout->device = round_up(layout->driver + 6 + 2 * n, VIRTQ_LEGACY_ALIGN);
	layout->indirect = round_up(layout->device + 6 + 8 * n, KL__CACHE_LINE);
}

static void packed_layout(size_t n, struct kl__queue_layout *layout)
{
	layout->driver = round_up(n * sizeof(struct pvirtq_desc), KL__CACHE_LINE);
	layout->device = layout->driver + KL__CACHE_LINE;
	layout->indirect = layout->device + KL__CACHE_LINE;
}

void kl__queue_layout(const struct kl__queue_shape *shape, struct kl__queue_layout *layout)
{
	layout->desc = 0;
	if ((shape->kind & KL__RING_PACKED) != 0)
		packed_layout(shape->size, layout);
	else if (shape->is_legacy)
		legacy_layout(shape->size, layout);
	else
		split_layout(shape->size, layout);
	layout->bytes = layout->indirect +
		(size_t)shape->size * shape->indirect_entries * sizeof(struct virtq_desc);
}

static size_t buffers_offset(const struct kl__queue_shape *shape)
{
	return round_up(shape->size * sizeof(struct kl__slot), KL__CACHE_LINE);
}

static size_t order_offset(const struct kl__queue_shape *shape)
{
	return buffers_offset(shape) + round_up(shape->size * sizeof(void *), KL__CACHE_LINE);
}

size_t kl__queue_private_bytes(const struct kl__queue_shape *shape)
{
	return order_offset(shape) + round_up(shape->size * sizeof(uint16_t), KL__CACHE_LINE);
}

#define NS_PER_SECOND UINT64_C(1000000000)
#define AUTO_WAIT_NS 20000
/* Longer than a working device sleeps while it has work. */
#define WATCHDOG_NS (NS_PER_SECOND / 2)

void kl__queue_clear(struct kl_queue *queue)
{
	/* Other threads read the counters at any time, so they are never written here. */
	memset(queue, 0, offsetof(struct kl_queue, stats));
	memset((char *)queue + offsetof(struct kl_queue, indirect), 0,
		offsetof(struct kl_queue, on_break) - offsetof(struct kl_queue, indirect));
}

static void init_kick(struct kl__kick_state *kick, const struct kl__queue_shape *shape)
{
	kick->policy = shape->kick;
	if (kick->policy.mode == KL_KICK_AUTO && kick->policy.wait_ns == 0)
		kick->policy.wait_ns = AUTO_WAIT_NS;
	kick->wait_ticks = kick->policy.wait_ns * shape->ticks_per_second / NS_PER_SECOND;
	kick->has_watchdog = shape->has_watchdog;
	kick->repeats_first_kick = shape->repeats_first_kick;
	kick->adaptive[0].pays = true;
	kick->adaptive[1].pays = true;
	kick->watchdog_ticks = WATCHDOG_NS * shape->ticks_per_second / NS_PER_SECOND;
	kick->stall_ticks = shape->stall_ms * shape->ticks_per_second / 1000;
}

/*
 * 2.7.7.1: a polled queue wants no used notifications. With EVENT_IDX it is only used_event that
 * suppresses them.
 */
static void init_split(struct kl_queue *queue)
{
	queue->mask = queue->size - 1;
	queue->used_event = &queue->avail->ring[queue->size];
	queue->avail_event = (uint16_t *)&queue->used->ring[queue->size];
	for (uint32_t i = 0; i < queue->size; i++)
		queue->avail->ring[i] = (uint16_t)i;
	if (queue->event_idx)
		kl__store(queue->used_event, (uint16_t)-1);
	else
		kl__store(&queue->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
}

static void init_packed(struct kl_queue *queue)
{
	queue->avail_flags = KL__PACKED_FIRST_AVAIL;
	queue->used_flags = KL__PACKED_FIRST_USED;
	queue->seen_flags = KL__PACKED_FIRST_USED;
	kl__ring_disarm(queue, KL__RING_PACKED);
}

void kl__queue_init(struct kl_queue *queue, void *memory, void *shared, uint64_t iova,
	const struct kl__queue_shape *shape)
{
	struct kl__queue_layout layout;

	kl__queue_clear(queue);
	kl__queue_layout(shape, &layout);
	queue->desc = (struct virtq_desc *)((char *)shared + layout.desc);
	queue->avail = (struct virtq_avail *)((char *)shared + layout.driver);
	queue->used = (struct virtq_used *)((char *)shared + layout.device);
	queue->slot = memory;
	queue->buffer = (void **)((char *)memory + buffers_offset(shape));
	queue->order = (uint16_t *)((char *)memory + order_offset(shape));
	queue->index = shape->index;
	queue->size = shape->size;
	queue->kind = (uint8_t)shape->kind;
	queue->event_idx = shape->event_idx;
	queue->is_on_bus = shape->is_on_bus;
	queue->indirect_entries = shape->indirect_entries;
	queue->indirect = (struct virtq_desc *)((char *)shared + layout.indirect);
	queue->indirect_iova = iova + layout.indirect;
	queue->is_sorted = (queue->kind & KL__RING_CHAINED) == 0;
	for (uint32_t i = 0; i < queue->size; i++) {
		queue->order[i] = (uint16_t)i;
		queue->slot[i].count = 1;
	}
	init_kick(&queue->kick, shape);
	if ((queue->kind & KL__RING_PACKED) != 0)
		init_packed(queue);
	else
		init_split(queue);
}
