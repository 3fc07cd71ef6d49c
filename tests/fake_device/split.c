/* SPDX-License-Identifier: BSD-3-Clause */
/* The split virtqueue as its device sees it: 2.7. Places are entries of the available ring. */
#include "internal.h"

static uint8_t *avail_flags(const struct fake_queue *queue)
{
	return queue->driver_area;
}

static uint8_t *avail_idx(const struct fake_queue *queue)
{
	return queue->driver_area + 2;
}

static uint16_t avail_entry(const struct fake_queue *queue, uint64_t place)
{
	return load16(queue->driver_area + 4 + 2 * (place & (queue->size - 1u)));
}

static uint8_t *used_event(const struct fake_queue *queue)
{
	return queue->driver_area + 4 + 2 * (size_t)queue->size;
}

static uint8_t *avail_event(const struct fake_queue *queue)
{
	return queue->device_area + 4 + 8 * (size_t)queue->size;
}

static uint8_t *used_element(const struct fake_queue *queue, uint64_t place)
{
	return queue->device_area + 4 + 8 * (place & (queue->size - 1u));
}

/* With the event words behind the rings. */
static uint64_t part_bytes(unsigned int part, uint64_t size)
{
	return part == 0 ? 16 * size : part == 1 ? 6 + 2 * size : 6 + 8 * size;
}

static bool size_is_legal(uint32_t size)
{
	return size != 0 && size <= FAKE_QUEUE_MAX && (size & (size - 1)) == 0;
}

/* 4.1.5.1.3: zeroed; but the driver may prepare entries and its own event word. */
static void check_content(struct fake_device *fake, const struct fake_queue *queue)
{
	bool event_idx = fake_has(fake, FEATURE_EVENT_IDX);
	uint32_t flags = get16(avail_flags(queue));

	if (!is_zero(queue->desc, 16ull * queue->size))
		fake_violation(fake, "VQ-02: the descriptor table is not zero");
	if (!is_zero(queue->device_area, 6 + 8ull * queue->size))
		fake_violation(fake, "SPL-14: the used ring is not zero");
	if (get16(avail_idx(queue)) != 0)
		fake_violation(fake, "VQ-02: the available index is not zero");
	if (flags > 1 || (event_idx && flags != 0))
		fake_violation(fake, "EVS-03: available flags are %u, EVENT_IDX is %d", flags,
			event_idx);
	if (!event_idx && get16(used_event(queue)) != 0)
		fake_violation(fake, "VQ-02: used_event is not zero, without EVENT_IDX");
}

static void check_suppression(struct fake_device *fake, const struct fake_queue *queue)
{
	uint16_t flags = load16(avail_flags(queue));

	if (flags > 1)
		fake_violation(fake, "EVS-01: available flags are %u", flags);
	if (flags != 0 && fake_has(fake, FEATURE_EVENT_IDX))
		fake_violation(fake, "EVS-03: available flags are %u with EVENT_IDX", flags);
}

static void expose(struct fake_record *record, void *context)
{
	bool *clash = context;

	*clash = *clash || record->is_exposed;
	record->is_exposed = true;
}

static void observe_entry(struct fake_device *fake, uint16_t index, uint64_t place)
{
	static struct fake_chain chain;
	struct fake_queue *queue = &fake->queue[index];
	uint16_t head = avail_entry(queue, place);
	bool clash = false;

	if (!fake_walk_split(fake, index, head, &chain))
		return;
	/* 2.7.5: in ring order, from offset 0. */
	if (fake_has(fake, FEATURE_IN_ORDER) && head != queue->described % queue->size)
		fake_violation(fake, "ORD-01: descriptor %u of queue %u is not the next one", head,
			index);
	fake_check_framing(fake, index, &chain);
	queue->described += chain.descriptors;
	fake_for_each_descriptor(queue, head, expose, &clash);
	if (clash)
		fake_violation(fake, "INIT-15: descriptor %u of queue %u exposed while in use",
			head, index);
	queue->record[head].hash = chain.hash;
	queue->record[head].is_head = true;
	queue->record[head].is_fetched = false;
}

static void observe(struct fake_device *fake, uint16_t index)
{
	struct fake_queue *queue = &fake->queue[index];
	uint16_t delta = (uint16_t)(load16(avail_idx(queue)) - (uint16_t)queue->seen);

	if (delta > queue->size - (queue->seen - queue->done)) {
		fake_violation(fake,
			"SPL-08: available index of queue %u moved by %u, %llu in flight", index,
			delta, (unsigned long long)(queue->seen - queue->done));
		return;
	}
	while (delta-- > 0)
		observe_entry(fake, index, queue->seen++);
}

static bool fetch(struct fake_device *fake, uint16_t index, struct fake_chain *chain)
{
	struct fake_queue *queue = &fake->queue[index];
	uint16_t head = avail_entry(queue, queue->fetched++);
	struct fake_record *record;

	if (!fake_walk_split(fake, index, head, chain))
		return false;
	record = &queue->record[head];
	if (!record->is_head || record->is_fetched)
		fake_violation(fake, "INIT-15: available entry changed to %u after it was exposed",
			head);
	else if (record->hash != chain->hash)
		fake_violation(fake, "INIT-15: buffer %u of queue %u changed after it was exposed",
			head, index);
	return true;
}

static bool is_unchanged(struct fake_device *fake, uint16_t index, uint16_t head)
{
	static struct fake_chain chain;

	return fake_walk_split(fake, index, head, &chain) &&
		chain.hash == fake->queue[index].record[head].hash;
}

static unsigned int span(const struct fake_queue *queue, uint32_t head)
{
	(void)queue;
	(void)head;
	return 1;
}

static void forget(struct fake_record *record, void *context)
{
	(void)context;
	*record = (struct fake_record){0};
}

static void withdraw(struct fake_queue *queue, uint16_t head)
{
	fake_for_each_descriptor(queue, head, forget, NULL);
}

/* 2.7.9: the element of a batch stands at its first place, and the index moves over all. */
static void use(struct fake_device *fake, uint16_t index, uint32_t head, uint32_t length,
	unsigned int count)
{
	struct fake_queue *queue = &fake->queue[index];
	uint8_t *element = used_element(queue, queue->done);

	/* The places that a batch skips have no meaning. */
	for (unsigned int i = 1; i < count; i++)
		put(used_element(queue, queue->done + i), 8, UINT64_C(0xfffffffffffffffe));
	put(element, 4, head);
	put(element + 4, 4, length);
	store16(queue->device_area + 2, (uint16_t)(queue->done + count));
}

static uint16_t word(const struct fake_queue *queue, uint64_t place)
{
	(void)queue;
	return (uint16_t)place;
}

/* 2.7.7.1 */
static struct fake_request driver_request(const struct fake_device *fake,
	const struct fake_queue *queue)
{
	if (fake_has(fake, FEATURE_EVENT_IDX))
		return (struct fake_request){FAKE_REQUEST_PLACE, load16(used_event(queue))};
	return (struct fake_request){(load16(avail_flags(queue)) & 1) == 0 ? FAKE_REQUEST_ALL :
									     FAKE_REQUEST_NONE,
		0};
}

/* 2.7.10.1 */
static struct fake_request device_request(const struct fake_device *fake,
	const struct fake_queue *queue)
{
	if (fake_has(fake, FEATURE_EVENT_IDX))
		return (struct fake_request){FAKE_REQUEST_PLACE, queue->event};
	return (struct fake_request){(queue->event_flags & 1) == 0 ? FAKE_REQUEST_ALL :
								     FAKE_REQUEST_NONE,
		0};
}

static void set_event(struct fake_device *fake, struct fake_queue *queue, uint16_t value)
{
	(void)fake;
	queue->event = value;
	store16(avail_event(queue), value);
}

static void set_flags(struct fake_queue *queue, uint16_t flags)
{
	queue->event_flags = flags;
	store16(queue->device_area, flags);
}

static void disarm(struct fake_device *fake, struct fake_queue *queue)
{
	/* With EVENT_IDX an old entry stays behind, and fires again 65536 entries later. */
	if (!fake_has(fake, FEATURE_EVENT_IDX))
		set_flags(queue, 1);
}

static void for_each(struct fake_device *fake, uint16_t index,
	void (*fn)(const struct fake_chain *chain))
{
	static struct fake_chain chain;

	for (uint32_t id = 0; id < fake->queue[index].size; id++)
		if (fake->queue[index].record[id].is_head &&
			fake_walk_split(fake, index, (uint16_t)id, &chain))
			fn(&chain);
}

const struct fake_ring_format fake_split = {
	.part_name = {"descriptor table", "available ring", "used ring"},
	.part_align = {16, 2, 4},
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
