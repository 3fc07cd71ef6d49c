/* SPDX-License-Identifier: BSD-3-Clause */
/* A disk: each slot writes its part of it, reads that again and compares. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <kickless/blk.h>
#include <kickless/memory.h>

#include "exactly_once.h"

#define SLOTS 32u
#define SLOT_BYTES (64u << 10)
#define MOST_SEGMENTS 4u
#define TIMEOUT_MS 600
#define CHECK_US 20000
#define BATCH 16

struct slot {
	uint64_t generation; /* of requests; even ones write */
	bool is_out;
	unsigned int phase; /* when it was submitted */
	unsigned int written_in; /* the phase of the write that succeeded last; 0: none */
	uint64_t seed; /* of the data written */
	uint32_t bytes;
	uint8_t *buffer;
	struct iovec segments[MOST_SEGMENTS];
};

static struct kl_device *device;
static struct kl_blk *blk;
static const struct kl_blk_conf conf = {.queues = 1, .timeout_ms = TIMEOUT_MS};
static struct slot slots[SLOTS];
static struct kl_region *region; /* of the buffers of an isolated device */
static unsigned int out;
/* Set by the control thread; cleared by the queue's when it has taken all completions. */
static bool wants_drain;

static uint8_t *allocate_buffers(bool is_isolated)
{
	const size_t bytes = (size_t)SLOTS * SLOT_BYTES;

	if (!is_isolated)
		return kl_memory_alloc(bytes, 4096, -1);
	if (kl_region_create(bytes, -1, &region) != 0 || kl_region_grant(region, device) != 0)
		return NULL;
	return kl_region_memory(region);
}

static void start(void)
{
	if (kl_blk_start(blk, &conf) != 0)
		count(&counters.refused_starts);
}

static bool open_blk(const char *spec, bool is_isolated)
{
	uint8_t *buffers;

	if (kl_device_open(spec, &device) != 0)
		return false;
	blk = kl_blk_from_device(device);
	buffers = allocate_buffers(is_isolated);
	if (blk == NULL || buffers == NULL)
		return false;
	for (unsigned int i = 0; i < SLOTS; i++)
		slots[i].buffer = buffers + (size_t)i * SLOT_BYTES;
	return kl_blk_start(blk, &conf) == 0;
}

/* The words of a block follow from its seed. */
static uint64_t word_of(uint64_t seed, uint32_t at)
{
	return (seed + at) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(struct slot *slot)
{
	uint64_t *words = (uint64_t *)slot->buffer;

	for (uint32_t i = 0; i < slot->bytes / 8; i++)
		words[i] = word_of(slot->seed, i);
}

static bool is_as_written(const struct slot *slot)
{
	const uint64_t *words = (const uint64_t *)slot->buffer;

	for (uint32_t i = 0; i < slot->bytes / 8; i++)
		if (words[i] != word_of(slot->seed, i))
			return false;
	return true;
}

static bool is_write(const struct slot *slot)
{
	return slot->generation % 2 == 0;
}

static void split_buffer(struct slot *slot, unsigned int segments)
{
	uint32_t part = slot->bytes / segments;

	for (unsigned int i = 0; i < segments; i++)
		slot->segments[i] = (struct iovec){slot->buffer + i * part, part};
}

static void submit_slot(unsigned int index)
{
	static const uint32_t sizes[] = {512, 4096, 16384, SLOT_BYTES};
	struct slot *slot = &slots[index];
	unsigned int segments = slot->generation / 2 % 3 == 0 ? MOST_SEGMENTS : 0;
	struct kl_blk_request request = {
		.user_data = slot->generation * SLOTS + index,
		.offset = (uint64_t)index * SLOT_BYTES,
		.op = is_write(slot) ? KL_BLK_WRITE : KL_BLK_READ,
		.flags = is_write(slot) && slot->generation % 16 == 0 ? KL_BLK_FUA : 0,
		.count = (uint16_t)segments,
	};

	slot->phase = phase_now();
	if (is_write(slot)) {
		slot->bytes = sizes[slot->generation / 2 % RTE_DIM(sizes)];
		slot->seed = request.user_data << 20;
		slot->written_in = 0;
		fill(slot);
	} else {
		memset(slot->buffer, 0x5a, slot->bytes);
	}
	request.length = slot->bytes;
	request.buffer = slot->buffer;
	if (segments > 0) {
		split_buffer(slot, segments);
		request.iov = slot->segments;
	}
	/* Before the call, since another thread may complete it when the device is stopped. */
	slot->is_out = kl_blk_submit(blk, 0, &request, 1) == 1;
	out += slot->is_out;
}

static void check_read(struct slot *slot)
{
	bool is_right = is_as_written(slot);
	bool must_be_right = phase_is_honest(slot->phase) && slot->phase == slot->written_in &&
		slot->phase == phase_now();

	if (is_right)
		count_good(must_be_right);
	else if (must_be_right)
		report("a read of %u bytes returns other data than was written", slot->bytes);
	else
		count(&counters.changed);
}

static bool is_possible(int32_t result)
{
	return result == 0 || result == -EIO || result == -ENOTSUP || result == -ETIMEDOUT ||
		result == -ECANCELED;
}

static void take(const struct kl_blk_completion *completion)
{
	struct slot *slot = &slots[completion->user_data % SLOTS];

	if (!slot->is_out || completion->user_data / SLOTS != slot->generation) {
		report("request %" PRIu64 " completes, and %s", completion->user_data,
			slot->is_out ? "another one is in flight" : "has completed before");
		return;
	}
	if (!is_possible(completion->result))
		report("request %" PRIu64 " ends with %d", completion->user_data,
			completion->result);
	slot->is_out = false;
	out--;
	if (completion->result != 0) {
		count(&counters.failed);
		/* The next one writes. */
		slot->generation += is_write(slot) ? 2 : 1;
		return;
	}
	if (is_write(slot))
		slot->written_in = slot->phase;
	else
		check_read(slot);
	slot->generation++;
}

static uint16_t take_completions(void)
{
	struct kl_blk_completion completions[BATCH];
	uint16_t n = kl_blk_poll(blk, 0, completions, BATCH);

	for (uint16_t i = 0; i < n; i++)
		take(&completions[i]);
	return n;
}

/* After a stop all that was in flight has completed. */
static void drain(void)
{
	while (take_completions() > 0)
		continue;
	if (out > 0)
		report("%u requests have not completed at a stop", out);
	for (unsigned int i = 0; i < SLOTS; i++)
		slots[i].is_out = false;
	out = 0;
}

static void poll_blk(void)
{
	if (__atomic_load_n(&wants_drain, __ATOMIC_ACQUIRE)) {
		drain();
		__atomic_store_n(&wants_drain, false, __ATOMIC_RELEASE);
	}
	take_completions();
	for (unsigned int i = 0; i < SLOTS; i++)
		if (!slots[i].is_out)
			submit_slot(i);
}

static void restart(void)
{
	count(&counters.restarts);
	if (kl_blk_stop(blk) != 0)
		return;
	__atomic_store_n(&wants_drain, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&wants_drain, __ATOMIC_ACQUIRE))
		sched_yield();
	start();
}

static void control_blk(void)
{
	static uint64_t due;
	enum kl_device_state state = kl_blk_state(blk);

	if (state == KL_DEVICE_RUNNING && clock_us() < due)
		return;
	due = clock_us() + CHECK_US;
	switch (state) {
	case KL_DEVICE_RUNNING:
		kl_device_event_handle(device);
		break;
	case KL_DEVICE_FAILED:
		restart();
		break;
	case KL_DEVICE_STOPPED: /* the last start failed */
		start();
		break;
	case KL_DEVICE_LOST:
		report("the device is lost");
		break;
	default:
		counters.recoveries += kl_blk_recover(blk) == 0;
	}
}

static void close_blk(void)
{
	kl_blk_stop(blk);
	drain();
	kl_device_close(device);
	if (kl_region_destroy(region) != 0)
		report("the region of the buffers can't be destroyed");
}

const struct side blk_side = {open_blk, control_blk, poll_blk, close_blk};
