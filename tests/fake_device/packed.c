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

static size_t slot(const struct model_queue *queue, uint64_t place)
{
	return 16 * (size_t)(place % queue->size);
}

/* 2.8.1: both counters start at 1 and change behind the ring's last descriptor. */
static bool wrap(const struct model_queue *queue, uint64_t place)
{
	return place / queue->size % 2 == 0;
}

static bool is_available(const struct model_queue *queue, uint64_t place)
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
	return size != 0 && size <= MODEL_QUEUE_MAX;
}

/* 2.8.14: two 16-bit fields, read together. */
static uint32_t driver_event(const struct model_queue *queue)
{
	return __atomic_load_n((const uint32_t *)(const void *)queue->driver_area,
		__ATOMIC_ACQUIRE);
}

/* 2.8.10, 2.8.14 */
static void check_suppression(struct model *model, const struct model_queue *queue)
{
	uint32_t event = driver_event(queue), flags = event >> 16, offset = event & 0x7fff;

	if (flags > EVENT_DESC)
		model_violation(model, "EVP-02: driver event flags are 0x%x", flags);
	else if (flags == EVENT_DESC && !model_has(model, FEATURE_EVENT_IDX))
		model_violation(model, "EVP-02: driver event flags are DESC without EVENT_IDX");
	else if (flags == EVENT_DESC && offset >= queue->size)
		model_violation(model, "EVP-05: driver event offset %u of %u descriptors", offset,
			queue->size);
}

static void check_content(struct model *model, const struct model_queue *queue)
{
	if (!is_zero(queue->desc, 16ull * queue->size))
		model_violation(model, "PKD-03: the descriptor ring is not zero");
	if (!is_zero(queue->device_area, 4))
		model_violation(model, "VQ-02: the device event suppression is not zero");
	check_suppression(model, queue);
}

/* Descriptors of the list at the place seen; 0, and a violation, when its form is wrong. */
static unsigned int measure(struct model *model, uint16_t index)
{
	const struct model_queue *queue = &model->queue[index];
	uint64_t room = queue->size - (queue->seen - queue->done);
	unsigned int count = 0;
	uint32_t flags;

	do {
		const uint8_t *desc = queue->desc + slot(queue, queue->seen + count);

		if (count == room) {
			model_violation(model,
				"PKD-12, PKD-14: a list of more than the %u free descriptors of queue %u",
				count, index);
			return 0;
		}
		flags = get16(desc + 14);
		if (!is_available(queue, queue->seen + count)) {
			model_violation(model,
				"PKD-05, PKD-11: descriptor %u of a list of queue %u has flags 0x%04x",
				count, index, flags);
			return 0;
		}
		if ((flags & ~(F_NEXT | F_WRITE | F_INDIRECT | F_AVAIL | F_USED)) != 0) {
			model_violation(model, "PKD-22: unknown descriptor flags 0x%04x", flags);
			return 0;
		}
		count++;
	} while ((flags & F_NEXT) != 0);
	return count;
}

/* The buffer id of the list; -1, and a violation, when it can't be one. */
static int identify(struct model *model, uint16_t index, unsigned int count)
{
	struct model_queue *queue = &model->queue[index];
	uint32_t id = get16(queue->desc + slot(queue, queue->seen + count - 1) + 12);

	/* 2.8.6 asks for it in the last one; but there are devices that read the first one's. */
	for (unsigned int i = 0; i < count; i++)
		if (get16(queue->desc + slot(queue, queue->seen + i) + 12) != id) {
			model_violation(model,
				"PKD-16: the descriptors of a list of queue %u differ in their buffer id",
				index);
			return -1;
		}
	if (id >= queue->size) {
		model_violation(model, "PKD-16: buffer id %u in a queue of %u", id, queue->size);
		return -1;
	}
	if (queue->record[id].is_exposed) {
		model_violation(model, "INIT-15: buffer id %u of queue %u exposed while in use", id,
			index);
		return -1;
	}
	return (int)id;
}

/* Keeps the list as it is now. */
static void keep_list(struct model_queue *queue, uint16_t id, unsigned int count)
{
	struct model_record *record = &queue->record[id];

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

static bool look_at(struct model *model, uint16_t index)
{
	static struct model_chain chain;
	struct model_queue *queue = &model->queue[index];
	unsigned int count = measure(model, index);
	int id = count == 0 ? -1 : identify(model, index, count);

	if (id < 0)
		return false;
	keep_list(queue, (uint16_t)id, count);
	if (!model_walk_packed(model, index, (uint16_t)id, queue->record[id].list, count, &chain))
		return false;
	queue->record[id].hash = chain.hash;
	queue->record[id].is_writable = chain.writable_bytes != 0;
	queue->id[queue->seen_buffers++ % queue->size] = (uint16_t)id;
	queue->seen += count;
	return true;
}

static void look(struct model *model, uint16_t index)
{
	struct model_queue *queue = &model->queue[index];

	/* No device can find the next list behind a bad one. */
	while (!queue->is_lost && is_available(queue, queue->seen))
		queue->is_lost = !look_at(model, index);
}

/* 2.8.16: what the device has been given, and has not written over, stands there unchanged. */
static bool is_as_expected(const struct model_queue *queue, uint64_t place)
{
	size_t at = slot(queue, place);

	return memcmp(queue->desc + at, queue->expected + at, 16) == 0;
}

static bool is_unchanged(struct model *model, uint16_t index, uint16_t id)
{
	static struct model_chain chain;
	const struct model_record *record = &model->queue[index].record[id];

	return model_walk_packed(model, index, id, record->list, record->descriptors, &chain) &&
		chain.hash == record->hash;
}

static bool fetch(struct model *model, uint16_t index, struct model_chain *chain)
{
	struct model_queue *queue = &model->queue[index];
	uint16_t id = queue->id[queue->fetched_buffers++ % queue->size];
	struct model_record *record = &queue->record[id];
	bool is_good = true;

	for (unsigned int i = 0; i < record->descriptors; i++)
		is_good = is_good && is_as_expected(queue, queue->fetched + i);
	queue->fetched += record->descriptors;
	if (!model_walk_packed(model, index, id, record->list, record->descriptors, chain))
		return false;
	if (!is_good || chain->hash != record->hash)
		model_violation(model,
			"INIT-15, PKD-08: buffer %u of queue %u changed after it was exposed", id,
			index);
	return true;
}

static unsigned int span(const struct model_queue *queue, uint32_t id)
{
	if (id >= queue->size || !queue->record[id].is_exposed)
		return 1;
	return queue->record[id].descriptors;
}

static void withdraw(struct model_queue *queue, uint16_t id)
{
	free(queue->record[id].list);
	queue->record[id] = (struct model_record){0};
}

/* 2.8.3, 2.8.4, 2.8.6: what a used descriptor leaves undefined is there to mislead. */
static void use(struct model *model, uint16_t index, uint32_t id, uint32_t length,
	unsigned int count)
{
	struct model_queue *queue = &model->queue[index];
	bool is_readable = id < queue->size && queue->record[id].is_exposed &&
		!queue->record[id].is_writable;
	uint32_t flags = model_used_flags(model, index, 0);

	for (unsigned int i = 0; i < count && queue->done + i < queue->seen; i++)
		if (!is_as_expected(queue, queue->done + i))
			model_violation(model,
				"PKD-07: descriptor %llu of queue %u changed while the device had it",
				(unsigned long long)((queue->done + i) % queue->size), index);
	if (queue->done % 2 != 0)
		flags |= F_NEXT;
	if (length != 0 && !model->script.never_says_written)
		flags |= F_WRITE;
	model_lie_descriptor(model, index, 0, (uint16_t)id,
		is_readable && length == 0 ? UINT32_MAX : length, (uint16_t)flags);
}

static uint16_t word(const struct model_queue *queue, uint64_t place)
{
	return (uint16_t)(place % queue->size | (uint64_t)wrap(queue, place) << 15);
}

static struct model_wish wish(const struct model *model, uint32_t flags, uint16_t off_wrap)
{
	if (flags == EVENT_DISABLE)
		return (struct model_wish){MODEL_WISH_NONE, 0};
	if (flags == EVENT_DESC && model_has(model, FEATURE_EVENT_IDX))
		return (struct model_wish){MODEL_WISH_PLACE, off_wrap};
	return (struct model_wish){MODEL_WISH_ALL, 0};
}

static struct model_wish driver_wish(const struct model *model, const struct model_queue *queue)
{
	uint32_t event = driver_event(queue);

	return wish(model, event >> 16, (uint16_t)event);
}

static struct model_wish device_wish(const struct model *model, const struct model_queue *queue)
{
	return wish(model, queue->event_flags, queue->event);
}

static void set_flags(struct model_queue *queue, uint16_t flags)
{
	queue->event_flags = flags;
	store16(queue->device_area + 2, flags);
}

static void set_event(struct model *model, struct model_queue *queue, uint16_t value)
{
	queue->event = value;
	store16(queue->device_area, value);
	if (model_has(model, FEATURE_EVENT_IDX))
		set_flags(queue, EVENT_DESC);
}

static void disarm(struct model *model, struct model_queue *queue)
{
	(void)model;
	set_flags(queue, EVENT_DISABLE);
}

static void for_each(struct model *model, uint16_t index,
	void (*fn)(const struct model_chain *chain))
{
	static struct model_chain chain;

	for (uint32_t id = 0; id < model->queue[index].size; id++) {
		struct model_record *record = &model->queue[index].record[id];

		if (record->is_exposed &&
			model_walk_packed(model, index, (uint16_t)id, record->list,
				record->descriptors, &chain))
			fn(&chain);
	}
}

const struct model_format model_packed = {
	.part_name = {"descriptor ring", "driver event suppression", "device event suppression"},
	.part_align = {16, 4, 4},
	.part_bytes = part_bytes,
	.size_is_legal = size_is_legal,
	.check_content = check_content,
	.check_suppression = check_suppression,
	.look = look,
	.fetch = fetch,
	.is_unchanged = is_unchanged,
	.span = span,
	.withdraw = withdraw,
	.use = use,
	.word = word,
	.driver_wish = driver_wish,
	.device_wish = device_wish,
	.set_event = set_event,
	.set_flags = set_flags,
	.disarm = disarm,
	.for_each = for_each,
};

uint16_t model_used_flags(const struct model *model, uint16_t index, unsigned int ahead)
{
	const struct model_queue *queue = &model->queue[index];

	return wrap(queue, queue->done + ahead) ? F_AVAIL | F_USED : 0;
}

void model_lie_descriptor(struct model *model, uint16_t index, unsigned int ahead, uint16_t id,
	uint32_t length, uint16_t flags)
{
	struct model_queue *queue = model_live(model, index);
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
