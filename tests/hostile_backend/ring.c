/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED (1u << VRING_PACKED_DESC_F_USED)

uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t descriptor_bytes(const struct ring *ring)
{
	return (uint64_t)ring->size * sizeof(struct vring_desc);
}

uint32_t ring_driver_bytes(const struct ring *ring)
{
	return ring->packed ? 4 : 6 + 2u * ring->size;
}

uint32_t ring_device_bytes(const struct ring *ring)
{
	return ring->packed ? 4 : 6 + 8u * ring->size;
}

bool ring_start(struct ring *ring, uint32_t base, translate_fn *ring_memory, void *context)
{
	void *desc = ring_memory(context, ring->address[0], descriptor_bytes(ring));

	ring->desc = desc;
	ring->packed_desc = desc;
	ring->avail = ring_memory(context, ring->address[1], ring_driver_bytes(ring));
	ring->used = ring_memory(context, ring->address[2], ring_device_bytes(ring));
	ring->device_event = (void *)ring->used;
	if (!ring->packed && ring->used != NULL)
		ring->avail_event = (void *)&ring->used->ring[ring->size];
	ring->seen = ring->packed ? base & 0x7fff : (uint16_t)base;
	ring->seen_wrap = ring->packed && (base & 0x8000) != 0;
	ring->done = ring->seen;
	ring->done_wrap = ring->seen_wrap;
	ring->skew = 0;
	ring->waits_for_doorbell = false;
	ring->drops_until = 0;
	ring->ignores_buffers = false;
	ring->is_overwritten = false;
	ring->garbage_until = 0;
	ring->first = 0;
	ring->count = 0;
	return desc != NULL && ring->avail != NULL && ring->used != NULL;
}

static bool add_segment(struct chain *chain, uint64_t address, uint32_t bytes, uint16_t flags,
	translate_fn *memory, void *context)
{
	struct segment *segment = &chain->segment[chain->segments];

	if (chain->segments == CHAIN_SEGMENTS)
		return false;
	chain->segments++;
	segment->at = memory(context, address, bytes);
	segment->bytes = bytes;
	segment->writable = (flags & VRING_DESC_F_WRITE) != 0;
	return segment->at != NULL && bytes > 0;
}

/* Read once: this memory may be overwritten at any time. */
static struct vring_desc read_descriptor(const struct vring_desc *at)
{
	const volatile struct vring_desc *desc = at;

	return (struct vring_desc){desc->addr, desc->len, desc->flags, desc->next};
}

/* A packed ring's table is read in order, a split one's along its links. */
static bool add_table(const struct ring *ring, struct chain *chain, uint64_t address,
	uint32_t bytes, translate_fn *memory, void *context)
{
	struct vring_desc *table = memory(context, address, bytes);
	uint32_t entries = bytes / sizeof(*table), at = 0;

	chain->table = table;
	for (uint32_t n = 0; table != NULL && n < entries && at < entries; n++) {
		const struct vring_desc desc = read_descriptor(&table[at]);
		/* In a packed one the id stands where a split one has its flags. */
		uint16_t flags = ring->packed ? desc.next : desc.flags;
		bool is_last = ring->packed ? n + 1 == entries : (flags & VRING_DESC_F_NEXT) == 0;

		if (!add_segment(chain, desc.addr, desc.len, flags, memory, context))
			return false;
		if (is_last)
			return true;
		at = ring->packed ? at + 1 : desc.next;
	}
	return false;
}

static bool add_descriptor(const struct ring *ring, struct chain *chain, uint64_t address,
	uint32_t bytes, uint16_t flags, translate_fn *memory, void *context)
{
	chain->count++;
	if ((flags & VRING_DESC_F_INDIRECT) != 0)
		return add_table(ring, chain, address, bytes, memory, context);
	return add_segment(chain, address, bytes, flags, memory, context);
}

static bool read_split(struct ring *ring, struct chain *chain, translate_fn *memory, void *context)
{
	uint16_t at = *(volatile uint16_t *)&ring->avail->ring[ring->seen % ring->size];

	*chain = (struct chain){.id = at, .place = at};
	while (at < ring->size && chain->count < ring->size) {
		const struct vring_desc desc = read_descriptor(&ring->desc[at]);

		if (!add_descriptor(ring, chain, desc.addr, desc.len, desc.flags, memory, context))
			return false;
		if ((desc.flags & VRING_DESC_F_NEXT) == 0) {
			ring->seen++;
			return true;
		}
		at = desc.next;
	}
	return false;
}

static void step(const struct ring *ring, uint16_t *place, bool *wrap, uint16_t count)
{
	for (; count > 0; count--) {
		if (++*place < ring->size)
			continue;
		*place = 0;
		*wrap = !*wrap;
	}
}

static bool read_packed(struct ring *ring, struct chain *chain, translate_fn *memory, void *context)
{
	*chain = (struct chain){.place = ring->seen};
	while (chain->count < ring->size) {
		/* Where a split one has flags and link, this one has its id and its flags. */
		const struct vring_desc desc = read_descriptor(&ring->desc[ring->seen]);

		chain->id = desc.flags;
		if (!add_descriptor(ring, chain, desc.addr, desc.len, desc.next, memory, context))
			return false;
		step(ring, &ring->seen, &ring->seen_wrap, 1);
		if ((desc.next & VRING_DESC_F_NEXT) == 0)
			return true;
	}
	return false;
}

bool ring_has_available(const struct ring *ring)
{
	uint16_t flags;

	if (!ring->packed)
		return __atomic_load_n(&ring->avail->idx, __ATOMIC_ACQUIRE) != ring->seen;
	flags = __atomic_load_n(&ring->packed_desc[ring->seen].flags, __ATOMIC_ACQUIRE);
	return ((flags & AVAIL) != 0) == ring->seen_wrap &&
		((flags & USED) != 0) != ring->seen_wrap;
}

/* An index that is too far on can't be the driver's. */
static bool has_valid_index(const struct ring *ring)
{
	uint16_t index = __atomic_load_n(&ring->avail->idx, __ATOMIC_ACQUIRE);

	return ring->packed || (uint16_t)(index - ring->seen) <= ring->size;
}

void ring_skip(struct ring *ring)
{
	if (ring->packed)
		step(ring, &ring->seen, &ring->seen_wrap, 1);
	else
		ring->seen = __atomic_load_n(&ring->avail->idx, __ATOMIC_ACQUIRE);
}

bool ring_fill(struct ring *ring, translate_fn *guest_memory, void *context)
{
	if (!has_valid_index(ring))
		return false;
	while (ring->count < HELD && ring_has_available(ring)) {
		struct chain *chain = &ring->held[(ring->first + ring->count) % HELD];

		if (!(ring->packed ? read_packed(ring, chain, guest_memory, context) :
				     read_split(ring, chain, guest_memory, context)))
			return false;
		ring->count++;
	}
	return true;
}

struct chain *ring_take(struct ring *ring)
{
	struct chain *chain = ring_peek(ring, 0);

	if (chain != NULL) {
		ring->first = (ring->first + 1) % HELD;
		ring->count--;
	}
	return chain;
}

struct chain *ring_peek(struct ring *ring, unsigned int number)
{
	return number < ring->count ? &ring->held[(ring->first + number) % HELD] : NULL;
}

static void put_packed(struct ring *ring, uint16_t ahead, uint32_t id, uint32_t length)
{
	uint16_t place = ring->done;
	bool wrap = ring->done_wrap;
	struct vring_packed_desc *desc;

	step(ring, &place, &wrap, ahead);
	desc = &ring->packed_desc[place];
	desc->id = (uint16_t)id;
	desc->len = length;
	__atomic_store_n(&desc->flags, wrap ? AVAIL | USED : 0, __ATOMIC_RELEASE);
}

void ring_put(struct ring *ring, uint16_t ahead, uint32_t id, uint32_t length)
{
	if (ring->packed)
		put_packed(ring, ahead, id, length);
	else
		ring->used->ring[(uint16_t)(ring->done + ahead) % ring->size] =
			(struct vring_used_elem){id, length};
}

void ring_advance(struct ring *ring, uint16_t buffers, uint16_t descriptors)
{
	if (ring->packed) {
		step(ring, &ring->done, &ring->done_wrap, descriptors);
		return;
	}
	ring->done += buffers;
	__atomic_store_n(&ring->used->idx, (uint16_t)(ring->done + ring->skew), __ATOMIC_RELEASE);
}

void ring_complete(struct ring *ring, const struct chain *chain, uint32_t length)
{
	ring_put(ring, 0, chain->id, length);
	ring_advance(ring, 1, chain->count);
}

/* More calls than were requested are allowed. */
void ring_call(struct ring *ring)
{
	const uint64_t one = 1;

	if (ring->call >= 0 && write(ring->call, &one, sizeof(one)) < 0)
		return;
}

void ring_request_kicks(struct ring *ring)
{
	bool is_garbage = clock_us() < ring->garbage_until;
	uint16_t noise = (uint16_t)rand();

	if (ring->packed) {
		ring->device_event->off_wrap = is_garbage ?
			noise | 0x4000 :
			ring->seen | (ring->seen_wrap ? 0x8000 : 0);
		ring->device_event->flags = is_garbage ? 3 :
			ring->event_idx                ? VRING_PACKED_EVENT_FLAG_DESC :
							 VRING_PACKED_EVENT_FLAG_ENABLE;
		return;
	}
	ring->used->flags = is_garbage ? noise : 0;
	if (ring->event_idx)
		*ring->avail_event = is_garbage ? noise : ring->seen;
}
