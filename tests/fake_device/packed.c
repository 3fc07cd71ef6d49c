/* SPDX-License-Identifier: BSD-3-Clause */
/* The packed virtqueue as its device sees it: 2.8. Places are descriptors of the ring. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define F_NEXT (1u << 0)
#define F_WRITE (1u << 1)
#define F_INDIRECT (1u << 2)
#define F_AVAIL (1u << 7)
#define F_USED (1u << 15)

#define EVENT_ENABLE 0
#define EVENT_DISABLE 1
#define EVENT_DESC 2

static size_t slot(const struct fake_queue *queue, uint64_t place)
{
	return 16 * (size_t)(place % queue->size);
}

/* 2.8.1: both counters start at 1 and change behind the ring's last descriptor. */
static bool wrap(const struct fake_queue *queue, uint64_t place)
{
	return place / queue->size % 2 == 0;
}

static bool is_available(const struct fake_queue *queue, uint64_t place)
{
	uint16_t flags = load16(queue->desc + slot(queue, place) + 14);
	bool avail = (flags & F_AVAIL) != 0, used = (flags & F_USED) != 0;

	return avail == wrap(queue, place) && used != avail;
}

static uint64_t part_bytes(unsigned int part, uint64_t size)
{
	return part == 0 ? 16 * size : 4;
}

/* 2.8.10.1: any size. */
static bool size_is_legal(uint32_t size)
{
	return size != 0 && size <= FAKE_QUEUE_MAX;
}

/* 2.8.14: two 16-bit fields, read together. */
static uint32_t driver_event(const struct fake_queue *queue)
{
	return __atomic_load_n((const uint32_t *)(const void *)queue->driver_area,
		__ATOMIC_ACQUIRE);
}

/* 2.8.10, 2.8.14 */
static void check_suppression(struct fake_device *fake, const struct fake_queue *queue)
{
	uint32_t event = driver_event(queue), flags = event >> 16, offset = event & 0x7fff;

	if (flags > EVENT_DESC)
		fake_violation(fake, "EVP-02: driver event flags are 0x%x", flags);
	else if (flags == EVENT_DESC && !fake_has(fake, FEATURE_EVENT_IDX))
		fake_violation(fake, "EVP-02: driver event flags are DESC without EVENT_IDX");
	else if (flags == EVENT_DESC && offset >= queue->size)
		fake_violation(fake, "EVP-05: driver event offset %u of %u descriptors", offset,
			queue->size);
}

static void check_content(struct fake_device *fake, const struct fake_queue *queue)
{
	if (!is_zero(queue->desc, 16ull * queue->size))
		fake_violation(fake, "PKD-03: the descriptor ring is not zero");
	if (!is_zero(queue->device_area, 4))
		fake_violation(fake, "VQ-02: the device event suppression is not zero");
	check_suppression(fake, queue);
}

/*
 * Number of descriptors of the list at the place seen; 0, and a violation, when its form is wrong.
 */
static unsigned int measure(struct fake_device *fake, uint16_t index)
{
	const struct fake_queue *queue = &fake->queue[index];
	uint64_t room = queue->size - (queue->seen - queue->done);
	unsigned int count = 0;
	uint32_t flags;

	do {
		const uint8_t *desc = queue->desc + slot(queue, queue->seen + count);

		if (count == room) {
			fake_violation(fake,
				"PKD-12, PKD-14: a list of more than the %u free descriptors of queue %u",
				count, index);
			return 0;
		}
		flags = get16(desc + 14);
		if (!is_available(queue, queue->seen + count)) {
			fake_violation(fake,
				"PKD-05, PKD-11: descriptor %u of a list of queue %u has flags 0x%04x",
				count, index, flags);
			return 0;
		}
		if ((flags & ~(F_NEXT | F_WRITE | F_INDIRECT | F_AVAIL | F_USED)) != 0) {
			fake_violation(fake, "PKD-22: unknown descriptor flags 0x%04x", flags);
			return 0;
		}
		count++;
	} while ((flags & F_NEXT) != 0);
	return count;
}

/* The buffer id of the list; -1, and a violation, when it can't be one. */
static int identify(struct fake_device *fake, uint16_t index, unsigned int count)
{
	struct fake_queue *queue = &fake->queue[index];
	uint32_t id = get16(queue->desc + slot(queue, queue->seen + count - 1) + 12);

	/* 2.8.6 demands it in the last one. But there are devices that read the first one's. */
	for (unsigned int i = 0; i < count; i++)
		if (get16(queue->desc + slot(queue, queue->seen + i) + 12) != id) {
			fake_violation(fake,
				"PKD-16: the descriptors of a list of queue %u differ in their buffer id",
				index);
			return -1;
		}
	if (id >= queue->size) {
		fake_violation(fake, "PKD-16: buffer id %u in a queue of %u", id, queue->size);
		return -1;
	}
	if (queue->record[id].is_exposed) {
		fake_violation(fake, "INIT-15: buffer id %u of queue %u exposed while in use", id,
			index);
		return -1;
	}
	return (int)id;
}

/* Keeps the list as it is now. */
static void keep_list(struct fake_queue *queue, uint16_t id, unsigned int count)
{
	struct fake_record *record = &queue->record[id];

	record->list = malloc(16 * (size_t)count);
	if (record->list == NULL)
		abort();
	for (unsigned int i = 0; i < count; i++) {
		size_t at = slot(queue, queue->seen + i);

		memcpy(record->list + 16 * (size_t)i, queue->desc + at, 16);
		memcpy(queue->expected + at, queue->desc + at, 16);
	}
	record->descriptors = (uint16_t)count;
	record->is_exposed = true;
	record->is_head = true;
}

static bool observe_entry(struct fake_device *fake, uint16_t index)
{
	static struct fake_chain chain;
	struct fake_queue *queue = &fake->queue[index];
	unsigned int count = measure(fake, index);
	int id = count == 0 ? -1 : identify(fake, index, count);

	if (id < 0)
		return false;
	keep_list(queue, (uint16_t)id, count);
	if (!fake_walk_packed(fake, index, (uint16_t)id, queue->record[id].list, count, &chain))
		return false;
	queue->record[id].hash = chain.hash;
	queue->record[id].is_writable = chain.writable_bytes != 0;
	queue->id[queue->seen_buffers++ % queue->size] = (uint16_t)id;
	queue->seen += count;
	return true;
}

static void observe(struct fake_device *fake, uint16_t index)
{
	struct fake_queue *queue = &fake->queue[index];

	/* No device can find the next list behind a bad one. */
	while (!queue->is_lost && is_available(queue, queue->seen))
		queue->is_lost = !observe_entry(fake, index);
}

/* 2.8.16: what the device received, and has not overwritten, is unchanged. */
static bool is_as_expected(const struct fake_queue *queue, uint64_t place)
{
	size_t at = slot(queue, place);

	return memcmp(queue->desc + at, queue->expected + at, 16) == 0;
}

static bool is_unchanged(struct fake_device *fake, uint16_t index, uint16_t id)
{
	static struct fake_chain chain;
	const struct fake_record *record = &fake->queue[index].record[id];

	return fake_walk_packed(fake, index, id, record->list, record->descriptors, &chain) &&
		chain.hash == record->hash;
}

static bool fetch(struct fake_device *fake, uint16_t index, struct fake_chain *chain)
{
	struct fake_queue *queue = &fake->queue[index];
	uint16_t id = queue->id[queue->fetched_buffers++ % queue->size];
	struct fake_record *record = &queue->record[id];
	bool is_good = true;

	for (unsigned int i = 0; i < record->descriptors; i++)
		is_good = is_good && is_as_expected(queue, queue->fetched + i);
	queue->fetched += record->descriptors;
	if (!fake_walk_packed(fake, index, id, record->list, record->descriptors, chain))
		return false;
	if (!is_good || chain->hash != record->hash)
		fake_violation(fake,
			"INIT-15, PKD-08: buffer %u of queue %u changed after it was exposed", id,
			index);
	return true;
}

static unsigned int span(const struct fake_queue *queue, uint32_t id)
{
	if (id >= queue->size || !queue->record[id].is_exposed)
		return 1;
	return queue->record[id].descriptors;
}

static void withdraw(struct fake_queue *queue, uint16_t id)
{
	free(queue->record[id].list);
	queue->record[id] = (struct fake_record){0};
}

/* 2.8.3, 2.8.4, 2.8.6: fields that a used descriptor leaves undefined hold misleading values. */
static void use(struct fake_device *fake, uint16_t index, uint32_t id, uint32_t length,
	unsigned int count)
{
	struct fake_queue *queue = &fake->queue[index];
	bool is_readable = id < queue->size && queue->record[id].is_exposed &&
		!queue->record[id].is_writable;
	uint32_t flags = fake_used_flags(fake, index, 0);

	for (unsigned int i = 0; i < count && queue->done + i < queue->seen; i++)
		if (!is_as_expected(queue, queue->done + i))
			fake_violation(fake,
				"PKD-07: descriptor %llu of queue %u changed while the device had it",
				(unsigned long long)((queue->done + i) % queue->size), index);
	if (queue->done % 2 != 0)
		flags |= F_NEXT;
	if (length != 0 && !fake->script.omits_write_flag)
		flags |= F_WRITE;
	fake_write_raw_descriptor(fake, index, 0, (uint16_t)id,
		is_readable && length == 0 ? UINT32_MAX : length, (uint16_t)flags);
}

static uint16_t word(const struct fake_queue *queue, uint64_t place)
{
	return (uint16_t)(place % queue->size | (uint64_t)wrap(queue, place) << 15);
}

static struct fake_request request(const struct fake_device *fake, uint32_t flags,
	uint16_t off_wrap)
{
	if (flags == EVENT_DISABLE)
		return (struct fake_request){FAKE_REQUEST_NONE, 0};
	if (flags == EVENT_DESC && fake_has(fake, FEATURE_EVENT_IDX))
		return (struct fake_request){FAKE_REQUEST_PLACE, off_wrap};
	return (struct fake_request){FAKE_REQUEST_ALL, 0};
}

static struct fake_request driver_request(const struct fake_device *fake,
	const struct fake_queue *queue)
{
	uint32_t event = driver_event(queue);

	return request(fake, event >> 16, (uint16_t)event);
}

static struct fake_request device_request(const struct fake_device *fake,
	const struct fake_queue *queue)
{
	return request(fake, queue->event_flags, queue->event);
}

static void set_flags(struct fake_queue *queue, uint16_t flags)
{
	queue->event_flags = flags;
	store16(queue->device_area + 2, flags);
}

static void set_event(struct fake_device *fake, struct fake_queue *queue, uint16_t value)
{
	queue->event = value;
	store16(queue->device_area, value);
	if (fake_has(fake, FEATURE_EVENT_IDX))
		set_flags(queue, EVENT_DESC);
}

static void disarm(struct fake_device *fake, struct fake_queue *queue)
{
	(void)fake;
	set_flags(queue, EVENT_DISABLE);
}

static void for_each(struct fake_device *fake, uint16_t index,
	void (*fn)(const struct fake_chain *chain))
{
	static struct fake_chain chain;

	for (uint32_t id = 0; id < fake->queue[index].size; id++) {
		struct fake_record *record = &fake->queue[index].record[id];

		if (record->is_exposed &&
			fake_walk_packed(fake, index, (uint16_t)id, record->list,
				record->descriptors, &chain))
			fn(&chain);
	}
}

const struct fake_ring_format fake_packed = {
	.part_name = {"descriptor ring", "driver event suppression", "device event suppression"},
	.part_align = {16, 4, 4},
	.part_bytes = part_bytes,
	.size_is_legal = size_is_legal,
	.check_content = check_content,
	.check_suppression = check_suppression,
	.observe = observe,
	.fetch = fetch,
	.is_unchanged = is_unchanged,
	.span = span,
	.withdraw = withdraw,
	.use = use,
	.word = word,
	.driver_request = driver_request,
	.device_request = device_request,
	.set_event = set_event,
	.set_flags = set_flags,
	.disarm = disarm,
	.for_each = for_each,
};

uint16_t fake_used_flags(const struct fake_device *fake, uint16_t index, unsigned int ahead)
{
	const struct fake_queue *queue = &fake->queue[index];

	return wrap(queue, queue->done + ahead) ? F_AVAIL | F_USED : 0;
}

void fake_write_raw_descriptor(struct fake_device *fake, uint16_t index, unsigned int ahead,
	uint16_t id, uint32_t length, uint16_t flags)
{
	struct fake_queue *queue = fake_live_queue(fake, index);
	size_t at;

	if (queue == NULL)
		return;
	at = slot(queue, queue->done + ahead);
	put(queue->desc + at, 8, UINT64_C(0xdeadbeefdeadbeef));
	put(queue->desc + at + 8, 4, length);
	put(queue->desc + at + 12, 2, id);
	store16(queue->desc + at + 14, flags);
	memcpy(queue->expected + at, queue->desc + at, 16);
}
