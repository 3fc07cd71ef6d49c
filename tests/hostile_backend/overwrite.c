/* SPDX-License-Identifier: BSD-3-Clause */
#include "overwrite.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "back_end.h"
#include "pattern.h"

#define SLICE_BYTES (256u << 10)
#define BUFFERS 64
#define BUFFER_BYTES 128
#define LAST 16
/* Words that are read to find one that is not zero. */
#define LOOKS 64
#define MAX_PERIOD_US 300000

enum sweep {
	SWEEP_RANDOM,
	SWEEP_ZEROS,
	SWEEP_ONES,
	SWEEP_VALUE, /* one value, again and again */
	SWEEP_FOUND, /* each word plus or minus one */
	SWEEP_COPY, /* what stands elsewhere */
	SWEEPS,
};

/* One write, for the report of a failure. */
struct written {
	uint64_t address; /* the driver's */
	uint64_t value;
	unsigned int bytes;
	char way;
};

static struct {
	struct back_end *back_end;
	pthread_t thread;
	pthread_mutex_t lock;
	bool runs;
	unsigned int waiting; /* for the lock */
	uint64_t state; /* of the random numbers */
	char ways[8];
	uint8_t *buffer[BUFFERS]; /* that were completed last */
	unsigned int buffers;
	struct written last[LAST];
	uint64_t count;
} overwriter = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t below(uint64_t limit)
{
	return pattern_below(&overwriter.state, limit);
}

void overwrite_lock(void)
{
	__atomic_add_fetch(&overwriter.waiting, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&overwriter.lock);
	__atomic_sub_fetch(&overwriter.waiting, 1, __ATOMIC_RELAXED);
}

void overwrite_unlock(void)
{
	pthread_mutex_unlock(&overwriter.lock);
}

bool overwrite_is_on(void)
{
	return __atomic_load_n(&overwriter.runs, __ATOMIC_RELAXED);
}

uint64_t overwrite_count(void)
{
	return __atomic_load_n(&overwriter.count, __ATOMIC_RELAXED);
}

void overwrite_note_buffer(uint8_t *at)
{
	static unsigned int next;

	if (!overwrite_is_on())
		return;
	__atomic_store_n(&overwriter.buffer[next++ % BUFFERS], at, __ATOMIC_RELAXED);
}

void overwrite_forget_buffers(void)
{
	for (unsigned int i = 0; i < BUFFERS; i++)
		__atomic_store_n(&overwriter.buffer[i], NULL, __ATOMIC_RELAXED);
}

static const struct region *region_at(const uint8_t *at)
{
	const struct back_end *back_end = overwriter.back_end;

	for (unsigned int i = 0; i < back_end->regions; i++)
		if (at >= back_end->region[i].at &&
			at < back_end->region[i].at + back_end->region[i].size)
			return &back_end->region[i];
	return NULL;
}

static void note(char way, const uint8_t *at, uint64_t value, unsigned int bytes)
{
	const struct region *region = region_at(at);
	uint64_t address = region != NULL ? region->user + (uint64_t)(at - region->at) : 0;

	overwriter.last[overwriter.count % LAST] = (struct written){address, value, bytes, way};
	__atomic_store_n(&overwriter.count, overwriter.count + 1, __ATOMIC_RELAXED);
}

static uint64_t read_word(const uint8_t *at, unsigned int width)
{
	uint64_t value = 0;

	memcpy(&value, at, width);
	return value;
}

static void write_word(char way, uint8_t *at, unsigned int width)
{
	uint64_t value = pattern_value(&overwriter.state, overwriter.back_end, width,
		read_word(at, width));

	note(way, at, width < 8 ? value & ((1ull << 8 * width) - 1) : value, width);
	switch (width) {
	case 1:
		__atomic_store_n(at, (uint8_t)value, __ATOMIC_RELAXED);
		break;
	case 2:
		__atomic_store_n((uint16_t *)at, (uint16_t)value, __ATOMIC_RELAXED);
		break;
	case 4:
		__atomic_store_n((uint32_t *)at, (uint32_t)value, __ATOMIC_RELAXED);
		break;
	default:
		__atomic_store_n((uint64_t *)at, value, __ATOMIC_RELAXED);
	}
}

/* A word of 2, 4 or 8 bytes somewhere in a block that is aligned to 8. */
static void write_word_in(char way, uint8_t *block, uint64_t bytes)
{
	unsigned int width = 2u << below(3);

	if (bytes >= width)
		write_word(way, block + below(bytes / width) * width, width);
}

/* A region that is there now, or one of an earlier connection. */
static const struct region *choose_region(void)
{
	const struct back_end *back_end = overwriter.back_end;
	unsigned int i = (unsigned int)below(back_end->regions + back_end->kept_regions);

	if (back_end->regions + back_end->kept_regions == 0)
		return NULL;
	return i < back_end->regions ? &back_end->region[i] :
				       &back_end->kept[i - back_end->regions];
}

static void sweep_slice(uint8_t *at, uint64_t bytes, enum sweep sweep, uint64_t value)
{
	uint64_t *words = (uint64_t *)at;
	const struct region *other = choose_region();

	switch (sweep) {
	case SWEEP_ZEROS:
		memset(at, 0, bytes);
		return;
	case SWEEP_ONES:
		memset(at, 0xff, bytes);
		return;
	case SWEEP_COPY:
		if (other->size >= bytes)
			memmove(at, other->at + (below(other->size - bytes + 1) & ~7ull), bytes);
		return;
	default:
		break;
	}
	for (uint64_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] = sweep == SWEEP_RANDOM ? pattern_random(&overwriter.state) :
			sweep == SWEEP_VALUE     ? value :
						   words[i] + value % 3 - 1;
}

/* The lock is free between slices: the back end may have to unmap a region. */
static void sweep(void)
{
	static unsigned int number;
	static uint64_t offset, value;
	static enum sweep kind;
	const struct back_end *back_end = overwriter.back_end;
	unsigned int all = back_end->regions + back_end->kept_regions;
	const struct region *region;
	uint64_t bytes;

	if (number >= all) {
		number = 0;
		offset = 0;
	}
	if (number == 0 && offset == 0) {
		kind = (enum sweep)below(SWEEPS);
		value = pattern_value(&overwriter.state, back_end, 8, pattern_random(&value));
	}
	region = number < back_end->regions ? &back_end->region[number] :
					      &back_end->kept[number - back_end->regions];
	if (offset >= region->size) {
		number++;
		offset = 0;
		return;
	}
	bytes = region->size - offset < SLICE_BYTES ? region->size - offset : SLICE_BYTES;
	note('s', region->at + offset, kind, (unsigned int)bytes);
	sweep_slice(region->at + offset, bytes, kind, value);
	offset += bytes;
}

static void write_rings(void)
{
	const struct back_end *back_end = overwriter.back_end;
	uint64_t words = 1 + below(16);

	for (uint64_t i = 0; i < words; i++) {
		const struct area *area = &back_end->area[below(RINGS * RING_AREAS)];

		write_word_in('r', area->at, area->bytes);
	}
}

/* Memory that is in use is not zero, most of it. */
static void write_anywhere(void)
{
	const struct region *region = choose_region();
	uint64_t words = 1 + below(4);

	for (uint64_t i = 0; i < words; i++) {
		uint8_t *at = region->at;

		for (unsigned int look = 0; look < LOOKS; look++) {
			at = region->at + below(region->size / 8) * 8;
			if (read_word(at, 8) != 0)
				break;
		}
		write_word_in('w', at, 8);
	}
}

/* The virtio-net header and those of the packet, while the driver and the application read them. */
static void write_buffers(void)
{
	for (unsigned int i = 0; i < 256; i++) {
		uint8_t *at = __atomic_load_n(&overwriter.buffer[below(BUFFERS)], __ATOMIC_RELAXED);

		if (at != NULL && region_at(at) != NULL && region_at(at + BUFFER_BYTES) != NULL)
			write_word_in('b', at, BUFFER_BYTES);
	}
}

static void write_some(char way)
{
	switch (way) {
	case 's':
		sweep();
		break;
	case 'r':
		write_rings();
		break;
	case 'w':
		write_anywhere();
		break;
	default:
		write_buffers();
	}
}

/* Sweeps and buffers need the whole time; few words leave the driver time to trust its queues. */
static unsigned int pause_us(char way)
{
	return way == 'r' || way == 'w' ? (unsigned int)below(4000) : 0;
}

static void *overwrite(void *unused)
{
	char way = overwriter.ways[0];
	uint64_t until = 0;

	while (overwrite_is_on()) {
		if (clock_us() >= until) {
			way = overwriter.ways[below(strlen(overwriter.ways))];
			until = clock_us() + below(MAX_PERIOD_US);
		}
		pthread_mutex_lock(&overwriter.lock);
		if (overwriter.back_end->regions > 0)
			write_some(way);
		pthread_mutex_unlock(&overwriter.lock);
		if (__atomic_load_n(&overwriter.waiting, __ATOMIC_RELAXED) > 0)
			usleep(100);
		else if (pause_us(way) > 0)
			usleep(pause_us(way));
	}
	return unused;
}

bool overwrite_begin(struct back_end *back_end, uint64_t seed, const char *ways)
{
	overwrite_end(back_end);
	if (*ways == '\0' || strspn(ways, "srwb") != strlen(ways) ||
		strlen(ways) >= sizeof(overwriter.ways))
		return false;
	overwriter.back_end = back_end;
	overwriter.state = seed != 0 ? seed : 1;
	overwriter.count = 0;
	strcpy(overwriter.ways, ways);
	for (unsigned int i = 0; i < RINGS; i++)
		back_end->ring[i].is_overwritten = true;
	__atomic_store_n(&overwriter.runs, true, __ATOMIC_RELAXED);
	if (pthread_create(&overwriter.thread, NULL, overwrite, NULL) != 0)
		overwriter.runs = false;
	return overwriter.runs;
}

void overwrite_end(struct back_end *back_end)
{
	if (!overwrite_is_on())
		return;
	__atomic_store_n(&overwriter.runs, false, __ATOMIC_RELAXED);
	pthread_join(overwriter.thread, NULL);
	overwrite_forget_buffers();
	vhost_unmap_kept(back_end);
}

void overwrite_print_last(void)
{
	uint64_t first = overwriter.count > LAST ? overwriter.count - LAST : 0;

	pthread_mutex_lock(&overwriter.lock);
	for (uint64_t i = first; i < overwriter.count; i++) {
		const struct written *written = &overwriter.last[i % LAST];

		printf("%c:%#" PRIx64 "+%u=%#" PRIx64 " ", written->way, written->address,
			written->bytes, written->value);
	}
	pthread_mutex_unlock(&overwriter.lock);
	printf("\n");
}
