/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * F3 and F4 of the fault catalogue: a script against one queue. The bytes choose what the driver does
 * (add, publish, kick, take, poll, arm, drain) and what the device does: complete honestly, or write
 * anything anywhere in the memory that it shares with us.
 *
 * What must hold: a buffer belongs to the driver's user or to the ring and never to both; posted =
 * done + failed + in flight; a length is within what the device was given; a broken queue moves
 * nothing; a drain gives back all that was left; no more doorbells than decisions.
 *
 * F10, with FUZZ_RACE: either ring, and meanwhile another thread that is the device writes at random
 * into the memory that it shares with us, so that nothing read twice is the same.
 */
#ifdef FUZZ_RACE
#include <pthread.h>
#include <sched.h>
#endif
#include <string.h>

#include "input.h"
#include "ring/kick.h"
#include "ring/ring.h"
#include "ring/verbs.h"

#define SIZE_MAX_FUZZED 64
#define PIECES 6

struct rig {
	struct kl__queue_shape shape;
	struct kl__queue_layout layout;
	struct kl_queue *queue;
	uint8_t *shared;
	void *own;
	/* By name of a buffer: bytes that the device may write, and whether the ring has it. */
	uint32_t writable[2 * SIZE_MAX_FUZZED];
	bool is_out[2 * SIZE_MAX_FUZZED];
	unsigned int out;
	uint64_t publishes, bells;
	/* The honest device: what it fetched, in order, and where it goes on. */
	uint16_t seen, used;
	uint16_t place;
	bool wrap;
};

static void ring_bell(const struct kl_notifier *notifier, uint32_t what)
{
	struct rig *rig = notifier->context;

	(void)what;
	rig->bells++;
}

static void build(struct rig *rig, struct input *input)
{
	static const uint16_t sizes[] = {1, 2, 3, 4, 5, 8, 16, 33, 64};
	uint8_t kind = take8(input), modes = take8(input);
	uint16_t size = sizes[take8(input) % (sizeof(sizes) / sizeof(sizes[0]))];

	memset(rig, 0, sizeof(*rig));
#if defined(FUZZ_PACKED)
	kind |= KL__RING_PACKED;
#elif !defined(FUZZ_RACE)
	kind &= (uint8_t)~KL__RING_PACKED;
#endif
	if ((kind & KL__RING_PACKED) == 0)
		size = (uint16_t)(size & (size - 1)) == 0 ? size : 32;
	rig->shape = (struct kl__queue_shape){.size = size,
		.kind = kind % KL__RING_KINDS,
		.event_idx = modes % 2,
		.is_on_bus = modes / 2 % 2,
		.has_watchdog = modes / 4 % 2,
		.indirect_entries = modes / 8 % 2 == 0 || size < 4 ? 0 : 4,
		.ticks_per_second = modes / 16 % 2 == 0 ? 1 : 1000000000,
		.kick = {modes / 32 % 3, 1000}};
	kl__queue_layout(&rig->shape, &rig->layout);
	rig->shared = aligned_alloc(KL__LAYOUT_ALIGN,
		(rig->layout.bytes + KL__LAYOUT_ALIGN - 1) & ~(size_t)(KL__LAYOUT_ALIGN - 1));
	rig->own = aligned_alloc(KL__CACHE_LINE, kl__queue_private_bytes(&rig->shape));
	MUST(rig->shared != NULL && rig->own != NULL);
	memset(rig->shared, 0, rig->layout.bytes);
	memset(rig->own, 0, kl__queue_private_bytes(&rig->shape));
	rig->queue = kl__queue_init(rig->own, rig->shared, 0x10000, &rig->shape);
	rig->queue->notifier.notify = ring_bell;
	rig->queue->notifier.context = rig;
	rig->wrap = true;
}

/* Names are where the writable bytes of a buffer are kept; two rings' worth, so there is a free one. */
static unsigned int free_name(const struct rig *rig)
{
	unsigned int name = 0;

	while (rig->is_out[name])
		name++;
	return name;
}

static void add(struct rig *rig, struct input *input)
{
	uint8_t counts = take8(input);
	unsigned int readable = counts % 4, writable = counts / 4 % 3, name = free_name(rig);
	struct kl__segment pieces[PIECES];
	uint32_t bytes = 0;

	for (unsigned int i = 0; i < readable + writable; i++) {
		pieces[i] = (struct kl__segment){.address = 0x100000u * (i + 1),
			.length = counts / 16};
		if (i >= readable)
			bytes += pieces[i].length;
	}
	if (kl__queue_add(rig->queue, pieces, readable, writable, &rig->writable[name]) != 0)
		return;
	MUST(rig->queue->fault == KL_QUEUE_OK && readable + writable > 0 && counts / 16 > 0);
	rig->writable[name] = bytes;
	rig->is_out[name] = true;
	rig->out++;
	MUST(rig->out <= rig->shape.size);
}

static void come_back(struct rig *rig, void *buffer)
{
	size_t name = (size_t)((uint32_t *)buffer - rig->writable);

	MUST(name < 2 * SIZE_MAX_FUZZED && rig->is_out[name]);
	rig->is_out[name] = false;
	rig->out--;
}

static void take(struct rig *rig)
{
	bool was_broken = rig->queue->fault != KL_QUEUE_OK;
	uint32_t length = 0;
	void *buffer = kl__queue_take(rig->queue, &length);

	if (buffer == NULL)
		return;
	MUST(!was_broken);
	MUST(length <= *(uint32_t *)buffer);
	come_back(rig, buffer);
}

static void publish(struct rig *rig)
{
	if (rig->queue->avail_idx == rig->queue->published)
		return;
	kl__queue_publish(rig->queue);
	rig->publishes++;
	kl__kick(rig->queue);
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

/* Completes the oldest buffer, as well as one can who reads what may have been scribbled over. */
static void complete_split(struct rig *rig, uint32_t length)
{
	uint16_t mask = rig->shape.size - 1;
	uint8_t *avail = rig->shared + rig->layout.driver, *used = rig->shared + rig->layout.device;
	uint8_t *element = used + 4 + 8 * (rig->used & mask);

	if (load(avail + 2) == rig->used)
		return;
	store(element, load(avail + 4 + 2 * (rig->used & mask)));
	store(element + 2, 0);
	store(element + 4, (uint16_t)length);
	store(element + 6, (uint16_t)(length >> 16));
	store(used + 2, ++rig->used);
}

/* 2.8: the place holds an available descriptor when its bits say so for this lap. */
static void complete_packed(struct rig *rig, uint32_t length)
{
	uint8_t *descriptor = rig->shared + rig->layout.desc + 16 * (size_t)rig->place;
	uint16_t flags = load(descriptor + 14), count = 1;
	bool available = (flags >> 7 & 1) == rig->wrap && (flags >> 15 & 1) != rig->wrap;

	if (!available)
		return;
	for (uint16_t at = rig->place;
		(load(rig->shared + rig->layout.desc + 16 * (size_t)at + 14) & 1) != 0 &&
		count < rig->shape.size;
		count++)
		at = (uint16_t)((at + 1) % rig->shape.size);
	store(descriptor + 8, (uint16_t)length);
	store(descriptor + 10, (uint16_t)(length >> 16));
	store(descriptor + 14, rig->wrap ? 0x8080 : 0);
	rig->place += count;
	if (rig->place >= rig->shape.size) {
		rig->place -= rig->shape.size;
		rig->wrap = !rig->wrap;
	}
}

static void complete(struct rig *rig, uint8_t length)
{
	if ((rig->shape.kind & KL__RING_PACKED) != 0)
		complete_packed(rig, length % 16);
	else
		complete_split(rig, length % 16);
}

/* Where lies tell: the device's part first. */
static void scribble(struct rig *rig, struct input *input, size_t from)
{
	size_t at = from + take16(input) % (rig->layout.bytes - from - 1);

	store(rig->shared + at, take16(input));
}

static void check(const struct rig *rig)
{
	const struct kl_queue_stats *stats = &rig->queue->stats;
	uint64_t in_flight = kl__queue_in_flight(rig->queue);

	MUST(stats->posted == stats->done + stats->failed + in_flight);
	MUST(in_flight <= rig->shape.size);
	MUST(stats->kicks_sent == rig->bells);
	MUST((stats->bad_used != 0) == (rig->queue->fault != KL_QUEUE_OK));
	if (!rig->shape.has_watchdog)
		MUST(stats->kicks_sent + stats->kicks_suppressed + stats->kicks_spared <=
			rig->publishes);
}

static void drain(struct rig *rig)
{
	void *buffer;

	while ((buffer = kl__queue_drain(rig->queue)) != NULL)
		come_back(rig, buffer);
	MUST(rig->out == 0);
	check(rig);
}

static void step(struct rig *rig, struct input *input)
{
	uint8_t what = take8(input);

	switch (what % 12) {
	case 0:
	case 1:
		add(rig, input);
		break;
	case 2:
		publish(rig);
		break;
	case 3:
		take(rig);
		break;
	case 4:
		kl__kick_poll(rig->queue);
		break;
	case 5:
		kl__kick_flush(rig->queue);
		break;
	case 6:
	case 7:
		complete(rig, what / 12);
		break;
	case 8:
		scribble(rig, input, rig->layout.device);
		break;
	case 9:
		scribble(rig, input, 0);
		break;
	case 10:
		if (kl__queue_arm(rig->queue))
			take(rig);
		kl__queue_disarm(rig->queue);
		break;
	default:
		for (unsigned int i = 0; i <= what / 12; i++) {
			add(rig, input);
			publish(rig);
			complete(rig, (uint8_t)i);
			take(rig);
		}
	}
}

#ifdef FUZZ_RACE
/* Whose memory is written to, and whether the other thread is at it. */
static const struct rig *raced;
static bool is_writing;

static void *write_at_random(void *unused)
{
	uint32_t state = 1;

	for (;;) {
		const struct rig *rig;

		__atomic_store_n(&is_writing, true, __ATOMIC_SEQ_CST);
		rig = __atomic_load_n(&raced, __ATOMIC_SEQ_CST);
		for (unsigned int i = 0; rig != NULL && i < 16; i++) {
			size_t from = i % 4 == 0 ? 0 : rig->layout.device;

			state = state * 1664525 + 1013904223;
			store(rig->shared + from + (state >> 16) % (rig->layout.bytes - from - 1),
				(uint16_t)(state >> 8 & 0x8f8f));
		}
		__atomic_store_n(&is_writing, false, __ATOMIC_SEQ_CST);
		sched_yield();
	}
	return unused;
}

static void race(const struct rig *rig)
{
	static pthread_t device;
	static bool is_started;

	if (!is_started)
		MUST(pthread_create(&device, NULL, write_at_random, NULL) == 0);
	is_started = true;
	__atomic_store_n(&raced, rig, __ATOMIC_SEQ_CST);
	while (rig == NULL && __atomic_load_n(&is_writing, __ATOMIC_SEQ_CST))
		sched_yield();
}
#else
static void race(const struct rig *rig)
{
	(void)rig;
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	static struct rig rig;

	build(&rig, &input);
	race(&rig);
	while (input.left > 0) {
		step(&rig, &input);
		check(&rig);
	}
	race(NULL);
	drain(&rig);
	free(rig.shared);
	free(rig.own);
	return 0;
}
