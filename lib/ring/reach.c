/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/reach.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Sorted; no range touches another. Readers may be in it while it is written. */
struct table {
	uint64_t room; /* constant */
	uint64_t count;
	struct table *older; /* of those that readers may still be in */
	struct kl__range range[];
};

/*
 * Readers use table[generation & 1]. A change is written to the other one, and then published by
 * the next generation. So a reader's answer is right when the generation is the same after it, and
 * no reader waits for a writer.
 */
struct kl__reach {
	uint64_t generation;
	struct table *table[2];
	pthread_mutex_t lock; /* of writers, and of the list of windows */
	struct kl__window *windows;
};

#define FIRST_ROOM 16

static struct table *make_table(uint64_t room, struct table *older)
{
	struct table *table = calloc(1, sizeof(*table) + room * sizeof(table->range[0]));

	if (table == NULL)
		return NULL;
	table->room = room;
	table->older = older;
	return table;
}

static void free_tables(struct table *table)
{
	while (table != NULL) {
		struct table *older = table->older;

		free(table);
		table = older;
	}
}

struct kl__reach *kl__reach_create(void)
{
	struct kl__reach *reach = calloc(1, sizeof(*reach));

	if (reach == NULL)
		return NULL;
	reach->table[0] = make_table(FIRST_ROOM, NULL);
	reach->table[1] = make_table(FIRST_ROOM, NULL);
	if (reach->table[0] == NULL || reach->table[1] == NULL) {
		free_tables(reach->table[0]);
		free_tables(reach->table[1]);
		free(reach);
		return NULL;
	}
	pthread_mutex_init(&reach->lock, NULL);
	return reach;
}

void kl__reach_free(struct kl__reach *reach)
{
	if (reach == NULL)
		return;
	free_tables(reach->table[0]);
	free_tables(reach->table[1]);
	pthread_mutex_destroy(&reach->lock);
	free(reach);
}

static struct kl__range read_range(const struct table *table, uint64_t index)
{
	return (struct kl__range){kl__load64(&table->range[index].first),
		kl__load64(&table->range[index].bytes)};
}

/* The answer for a table that nobody changes meanwhile; else anything, but of this table. */
static struct kl__range search_table(const struct table *table, uint64_t address)
{
	uint64_t low = 0, high = kl__load64(&table->count);

	while (low < high) {
		uint64_t middle = (low + high) / 2;
		struct kl__range range = read_range(table, middle);

		if (address < range.first)
			high = middle;
		else if (address - range.first < range.bytes)
			return range;
		else
			low = middle + 1;
	}
	return (struct kl__range){0};
}

static struct kl__range find_range(const struct kl__reach *reach, uint64_t address,
	uint64_t *generation)
{
	struct kl__range found;

	do {
		/* Pairs with publish_table: what was written to the table is seen. */
		*generation = kl__load64_acquire(&reach->generation);
		found = search_table(__atomic_load_n(&reach->table[*generation & 1],
					     __ATOMIC_ACQUIRE),
			address);
		/* Pairs with begin_change: a change to this table shows its generation. */
		kl__full_fence();
	} while (kl__load64(&reach->generation) != *generation);
	return found;
}

struct kl__range kl__reach_find(const struct kl__reach *reach, uint64_t address)
{
	uint64_t generation;

	return find_range(reach, address, &generation);
}

/* The table to write to, empty, with room for what is there and two more; NULL: no memory. */
static struct table *begin_change(struct kl__reach *reach)
{
	const struct table *current = reach->table[reach->generation & 1];
	struct table **next = &reach->table[(reach->generation + 1) & 1];

	if (current->count + 2 > (*next)->room) {
		struct table *larger = make_table(2 * (current->count + 2), *next);

		if (larger == NULL)
			return NULL;
		__atomic_store_n(next, larger, __ATOMIC_RELEASE);
	}
	/* Pairs with the fence of find_range, whose reader may have begun two generations ago. */
	kl__full_fence();
	kl__store64(&(*next)->count, 0);
	return *next;
}

/* Pairs with the acquire of find_range. The fence is for windows: see kl__window_move. */
static void publish_table(struct kl__reach *reach)
{
	__atomic_store_n(&reach->generation, reach->generation + 1, __ATOMIC_RELEASE);
	kl__full_fence();
}

/* Appends a range, or extends the last one by it. */
static void append_range(struct table *table, uint64_t first, uint64_t end)
{
	struct kl__range *last = table->count > 0 ? &table->range[table->count - 1] : NULL;

	if (last != NULL && first <= last->first + last->bytes) {
		if (end > last->first + last->bytes)
			kl__store64(&last->bytes, end - last->first);
		return;
	}
	if (table->count == table->room)
		return;
	kl__store64(&table->range[table->count].first, first);
	kl__store64(&table->range[table->count].bytes, end - first);
	kl__store64(&table->count, table->count + 1);
}

int kl__reach_add(struct kl__reach *reach, uint64_t first, uint64_t bytes)
{
	const struct table *current;
	struct table *next;
	bool is_added = false;

	pthread_mutex_lock(&reach->lock);
	current = reach->table[reach->generation & 1];
	next = begin_change(reach);
	for (uint64_t i = 0; next != NULL && i < current->count; i++) {
		const struct kl__range *range = &current->range[i];

		if (!is_added && first <= range->first) {
			append_range(next, first, first + bytes);
			is_added = true;
		}
		append_range(next, range->first, range->first + range->bytes);
	}
	if (next != NULL && !is_added)
		append_range(next, first, first + bytes);
	if (next != NULL)
		publish_table(reach);
	pthread_mutex_unlock(&reach->lock);
	return next != NULL ? 0 : -ENOMEM;
}

/* Appends the rest of range when [first, end) is taken out. */
static void append_rest(struct table *table, const struct kl__range *range, uint64_t first,
	uint64_t end)
{
	uint64_t range_end = range->first + range->bytes;

	if (range->first < first)
		append_range(table, range->first, first < range_end ? first : range_end);
	if (range_end > end)
		append_range(table, range->first > end ? range->first : end, range_end);
}

void kl__reach_remove(struct kl__reach *reach, uint64_t first, uint64_t bytes)
{
	const struct table *current;
	struct table *next;

	pthread_mutex_lock(&reach->lock);
	current = reach->table[reach->generation & 1];
	next = begin_change(reach);
	/* Without memory for the whole table only its beginning stays: too little is safe. */
	if (next == NULL) {
		next = reach->table[(reach->generation + 1) & 1];
		kl__store64(&next->count, 0);
	}
	for (uint64_t i = 0; i < current->count; i++)
		append_rest(next, &current->range[i], first, first + bytes);
	publish_table(reach);
	for (struct kl__window *window = reach->windows; window != NULL; window = window->next)
		kl__store64(&window->bytes, 0);
	pthread_mutex_unlock(&reach->lock);
}

void kl__window_open(struct kl__window *window, struct kl__reach *reach)
{
	*window = (struct kl__window){.bytes = reach == NULL ? UINT64_MAX : 0, .reach = reach};
	if (reach == NULL)
		return;
	pthread_mutex_lock(&reach->lock);
	window->next = reach->windows;
	reach->windows = window;
	pthread_mutex_unlock(&reach->lock);
}

void kl__window_close(struct kl__window *window)
{
	struct kl__reach *reach = window->reach;

	if (reach != NULL) {
		struct kl__window **at = &reach->windows;

		pthread_mutex_lock(&reach->lock);
		while (*at != window)
			at = &(*at)->next;
		*at = window->next;
		pthread_mutex_unlock(&reach->lock);
	}
	*window = (struct kl__window){0};
}

/*
 * The window is written, and then the generation is read. A thread that removes a range writes the
 * generation first, and then the window. With a fence between both on either side, either this
 * thread sees the new generation and looks again, or the window that it wrote is emptied.
 */
bool kl__window_move(struct kl__window *window, uint64_t address, uint64_t size)
{
	struct kl__range range = {.bytes = kl__load64(&window->bytes)};
	uint64_t generation;

	while (window->reach != NULL) {
		range = find_range(window->reach, address, &generation);
		kl__store64(&window->bytes, 0);
		kl__store64(&window->first, range.first);
		kl__store64(&window->bytes, range.bytes);
		kl__full_fence();
		if (kl__load64(&window->reach->generation) == generation)
			break;
	}
	/* By the copy: the window is also emptied when another range is taken out. */
	return kl__range_covers(range, address, size);
}
