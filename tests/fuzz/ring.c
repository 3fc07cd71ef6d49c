/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * F3 and F4 of the fault catalogue: a script against one queue. The bytes choose the driver's
 * action (add, publish, kick, take, poll, arm, drain) and the device's: complete correctly, or
 * write anything anywhere in the memory that it shares with us.
 *
 * Invariants: a buffer belongs to the driver's user or to the ring and never to both. posted = done
 * + failed + in flight. A length is within what the device received. A broken queue moves nothing.
 * A drain returns all that was left. There are no more doorbells than decisions.
 *
 * F10, with FUZZ_RACE: either ring, and meanwhile another thread that is the device writes at
 * random into the memory that it shares with us, so that nothing read twice is the same.
 */
#ifdef FUZZ_RACE
#include <pthread.h>
#include <sched.h>
#endif
#include <string.h>

#include "input.h"
#include "ring/create.h"
#include "ring/kick.h"
#include "ring/used.h"
#include "ring/verbs.h"

#define SIZE_MAX_FUZZED 64
#define SEGMENTS 6

struct fixture {
	struct kl__queue_shape shape;
	struct kl__queue_layout layout;
	struct kl_queue *queue;
	uint8_t *shared;
	void *own;
	/* By name of a buffer: bytes that the device may write, and whether the ring has it. */
	uint32_t writable[2 * SIZE_MAX_FUZZED];
	bool is_out[2 * SIZE_MAX_FUZZED];
	unsigned int out;
	uint64_t publishes, doorbells;
	/* The honest device: what it fetched, in order, and where it goes on. */
	uint16_t seen, used;
	uint16_t place;
	bool wrap;
};

static void ring_doorbell(const struct kl_notifier *notifier, uint32_t what)
{
	struct fixture *fixture = notifier->context;

	(void)what;
	fixture->doorbells++;
}

static void build(struct fixture *fixture, struct input *input)
{
	static const uint16_t sizes[] = {1, 2, 3, 4, 5, 8, 16, 33, 64};
	uint8_t kind = take8(input), modes = take8(input);
	uint16_t size = sizes[take8(input) % (sizeof(sizes) / sizeof(sizes[0]))];

	memset(fixture, 0, sizeof(*fixture));
#if defined(FUZZ_PACKED)
	kind |= KL__RING_PACKED;
#elif !defined(FUZZ_RACE)
	kind &= (uint8_t)~KL__RING_PACKED;
#endif
	if ((kind & KL__RING_PACKED) == 0)
		size = (uint16_t)(size & (size - 1)) == 0 ? size : 32;
	fixture->shape = (struct kl__queue_shape){.size = size,
		.kind = kind % KL__RING_KINDS,
		.event_idx = modes % 2,
		.is_on_bus = modes / 2 % 2,
		.has_watchdog = modes / 4 % 2,
		.indirect_entries = modes / 8 % 2 == 0 || size < 4 ? 0 : 4,
		.ticks_per_second = modes / 16 % 2 == 0 ? 1 : 1000000000,
		.kick = {modes / 32 % 3, 1000}};
	kl__queue_layout(&fixture->shape, &fixture->layout);
	fixture->shared = aligned_alloc(KL__LAYOUT_ALIGN,
		(fixture->layout.bytes + KL__LAYOUT_ALIGN - 1) & ~(size_t)(KL__LAYOUT_ALIGN - 1));
	fixture->own = aligned_alloc(KL__CACHE_LINE, kl__queue_private_bytes(&fixture->shape));
	MUST(fixture->shared != NULL && fixture->own != NULL);
	memset(fixture->shared, 0, fixture->layout.bytes);
	memset(fixture->own, 0, kl__queue_private_bytes(&fixture->shape));
	fixture->queue = aligned_alloc(KL__CACHE_LINE, sizeof(*fixture->queue));
	MUST(fixture->queue != NULL);
	memset(fixture->queue, 0, sizeof(*fixture->queue));
	kl__queue_init(fixture->queue, fixture->own, fixture->shared, 0x10000, &fixture->shape);
	fixture->queue->notifier.notify = ring_doorbell;
	fixture->queue->notifier.context = fixture;
	fixture->wrap = true;
}

/*
 * A name selects the place of a buffer's writable bytes. There are two rings' worth, so
 * one is free.
 */
static unsigned int free_name(const struct fixture *fixture)
{
	unsigned int name = 0;

	while (fixture->is_out[name])
		name++;
	return name;
}

static void add(struct fixture *fixture, struct input *input)
{
	uint8_t counts = take8(input);
	unsigned int readable = counts % 4, writable = counts / 4 % 3, name = free_name(fixture);
	struct kl__segment segments[SEGMENTS];
	uint32_t bytes = 0;

	for (unsigned int i = 0; i < readable + writable; i++) {
		segments[i] = (struct kl__segment){.address = 0x100000u * (i + 1),
			.length = counts / 16};
		if (i >= readable)
			bytes += segments[i].length;
	}
	if (kl__queue_add(fixture->queue, segments, readable, writable, &fixture->writable[name]) !=
		0)
		return;
	MUST(fixture->queue->fault == KL_QUEUE_OK && readable + writable > 0 && counts / 16 > 0);
	fixture->writable[name] = bytes;
	fixture->is_out[name] = true;
	fixture->out++;
	MUST(fixture->out <= fixture->shape.size);
}

static void come_back(struct fixture *fixture, void *buffer)
{
	size_t name = (size_t)((uint32_t *)buffer - fixture->writable);

	MUST(name < 2 * SIZE_MAX_FUZZED && fixture->is_out[name]);
	fixture->is_out[name] = false;
	fixture->out--;
}

static void take(struct fixture *fixture)
{
	bool was_broken = fixture->queue->fault != KL_QUEUE_OK;
	uint32_t length = 0;
	void *buffer = kl__queue_take(fixture->queue, &length);

	if (buffer == NULL)
		return;
	MUST(!was_broken);
	MUST(length <= *(uint32_t *)buffer);
	come_back(fixture, buffer);
}

static void publish(struct fixture *fixture)
{
	if (fixture->queue->avail_idx == fixture->queue->published)
		return;
	kl__queue_publish(fixture->queue);
	fixture->publishes++;
	kl__kick(fixture->queue);
}

static uint16_t load(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static void store(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

/* Completes the oldest buffer, as far as a ring that may have been overwritten allows. */
static void complete_split(struct fixture *fixture, uint32_t length)
{
	uint16_t mask = fixture->shape.size - 1;
	uint8_t *avail = fixture->shared + fixture->layout.driver,
		*used = fixture->shared + fixture->layout.device;
	uint8_t *element = used + 4 + 8 * (fixture->used & mask);

	if (load(avail + 2) == fixture->used)
		return;
	store(element, load(avail + 4 + 2 * (fixture->used & mask)));
	store(element + 2, 0);
	store(element + 4, (uint16_t)length);
	store(element + 6, (uint16_t)(length >> 16));
	store(used + 2, ++fixture->used);
}

/* 2.8: the place holds an available descriptor when its bits match this lap. */
static void complete_packed(struct fixture *fixture, uint32_t length)
{
	uint8_t *descriptor = fixture->shared + fixture->layout.desc + 16 * (size_t)fixture->place;
	uint16_t flags = load(descriptor + 14), count = 1;
	bool available = (flags >> 7 & 1) == fixture->wrap && (flags >> 15 & 1) != fixture->wrap;

	if (!available)
		return;
	for (uint16_t at = fixture->place;
		(load(fixture->shared + fixture->layout.desc + 16 * (size_t)at + 14) & 1) != 0 &&
		count < fixture->shape.size;
		count++)
		at = (uint16_t)((at + 1) % fixture->shape.size);
	store(descriptor + 8, (uint16_t)length);
	store(descriptor + 10, (uint16_t)(length >> 16));
	store(descriptor + 14, fixture->wrap ? 0x8080 : 0);
	fixture->place += count;
	if (fixture->place >= fixture->shape.size) {
		fixture->place -= fixture->shape.size;
		fixture->wrap = !fixture->wrap;
	}
}

static void complete(struct fixture *fixture, uint8_t length)
{
	if ((fixture->shape.kind & KL__RING_PACKED) != 0)
		complete_packed(fixture, length % 16);
	else
		complete_split(fixture, length % 16);
}

/* Overwrites shared memory where a change matters: the device's area first. */
static void scribble(struct fixture *fixture, struct input *input, size_t from)
{
	size_t at = from + take16(input) % (fixture->layout.bytes - from - 1);

	store(fixture->shared + at, take16(input));
}

static void check(const struct fixture *fixture)
{
	const struct kl_queue_stats *stats = &fixture->queue->stats;
	uint64_t in_flight = kl__queue_in_flight(fixture->queue);

	MUST(stats->posted == stats->done + stats->failed + in_flight);
	MUST(in_flight <= fixture->shape.size);
	MUST(stats->kicks_sent == fixture->doorbells);
	MUST((stats->bad_used != 0) == (fixture->queue->fault != KL_QUEUE_OK));
	if (!fixture->shape.has_watchdog)
		MUST(stats->kicks_sent + stats->kicks_suppressed + stats->kicks_spared <=
			fixture->publishes);
}

static void drain(struct fixture *fixture)
{
	void *buffer;

	while ((buffer = kl__queue_drain(fixture->queue)) != NULL)
		come_back(fixture, buffer);
	MUST(fixture->out == 0);
	check(fixture);
}

static void step(struct fixture *fixture, struct input *input)
{
	uint8_t what = take8(input);

	switch (what % 12) {
	case 0:
	case 1:
		add(fixture, input);
		break;
	case 2:
		publish(fixture);
		break;
	case 3:
		take(fixture);
		break;
	case 4:
		kl__kick_poll(fixture->queue);
		break;
	case 5:
		kl__kick_flush(fixture->queue);
		break;
	case 6:
	case 7:
		complete(fixture, what / 12);
		break;
	case 8:
		scribble(fixture, input, fixture->layout.device);
		break;
	case 9:
		scribble(fixture, input, 0);
		break;
	case 10:
		if (kl__queue_arm(fixture->queue))
			take(fixture);
		kl__queue_disarm(fixture->queue);
		break;
	default:
		for (unsigned int i = 0; i <= what / 12; i++) {
			add(fixture, input);
			publish(fixture);
			complete(fixture, (uint8_t)i);
			take(fixture);
		}
	}
}

#ifdef FUZZ_RACE
/* The fixture whose memory the other thread writes to, and if that thread is running. */
static const struct fixture *raced;
static bool is_writing;

static void *write_at_random(void *unused)
{
	uint32_t state = 1;

	for (;;) {
		const struct fixture *fixture;

		__atomic_store_n(&is_writing, true, __ATOMIC_SEQ_CST);
		fixture = __atomic_load_n(&raced, __ATOMIC_SEQ_CST);
		for (unsigned int i = 0; fixture != NULL && i < 16; i++) {
			size_t from = i % 4 == 0 ? 0 : fixture->layout.device;

			state = state * 1664525 + 1013904223;
			store(fixture->shared + from +
					(state >> 16) % (fixture->layout.bytes - from - 1),
				(uint16_t)(state >> 8 & 0x8f8f));
		}
		__atomic_store_n(&is_writing, false, __ATOMIC_SEQ_CST);
		sched_yield();
	}
	return unused;
}

static void race(const struct fixture *fixture)
{
	static pthread_t device;
	static bool is_started;

	if (!is_started)
		MUST(pthread_create(&device, NULL, write_at_random, NULL) == 0);
	is_started = true;
	__atomic_store_n(&raced, fixture, __ATOMIC_SEQ_CST);
	while (fixture == NULL && __atomic_load_n(&is_writing, __ATOMIC_SEQ_CST))
		sched_yield();
}
#else
static void race(const struct fixture *fixture)
{
	(void)fixture;
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	static struct fixture fixture;

	build(&fixture, &input);
	race(&fixture);
	while (input.left > 0) {
		step(&fixture, &input);
		check(&fixture);
	}
	race(NULL);
	drain(&fixture);
	free(fixture.shared);
	free(fixture.own);
	free(fixture.queue);
	return 0;
}
