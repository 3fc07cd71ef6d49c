/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring/reach.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#define PAGE UINT64_C(4096)

static struct kl__reach *reach;

static void make_reach(void)
{
	reach = kl__reach_create();
	cr_assert_neq(reach, NULL);
}

static void free_reach(void)
{
	kl__reach_free(reach);
}

static void expect_range(uint64_t address, uint64_t first, uint64_t bytes)
{
	struct kl__range range = kl__reach_find(reach, address);

	cr_expect(range.first == first && range.bytes == bytes,
		"at 0x%lx: %lu bytes from 0x%lx, expected %lu from 0x%lx", address, range.bytes,
		range.first, bytes, first);
}

Test(reach, ranges_that_touch_are_one, .init = make_reach, .fini = free_reach)
{
	expect_range(PAGE, 0, 0);
	cr_assert_eq(kl__reach_add(reach, 4 * PAGE, PAGE), 0);
	cr_assert_eq(kl__reach_add(reach, 2 * PAGE, PAGE), 0);
	expect_range(2 * PAGE, 2 * PAGE, PAGE);
	expect_range(3 * PAGE, 0, 0);
	expect_range(5 * PAGE - 1, 4 * PAGE, PAGE);
	cr_assert_eq(kl__reach_add(reach, 3 * PAGE, PAGE), 0);
	expect_range(2 * PAGE, 2 * PAGE, 3 * PAGE);
	expect_range(5 * PAGE, 0, 0);
	/* One that overlaps several. */
	cr_assert_eq(kl__reach_add(reach, 8 * PAGE, PAGE), 0);
	cr_assert_eq(kl__reach_add(reach, PAGE, 16 * PAGE), 0);
	expect_range(9 * PAGE, PAGE, 16 * PAGE);
}

Test(reach, a_part_is_taken_out, .init = make_reach, .fini = free_reach)
{
	cr_assert_eq(kl__reach_add(reach, 0, 16 * PAGE), 0);
	kl__reach_remove(reach, 4 * PAGE, PAGE);
	expect_range(0, 0, 4 * PAGE);
	expect_range(4 * PAGE, 0, 0);
	expect_range(15 * PAGE, 5 * PAGE, 11 * PAGE);
	/* Across a hole, and beyond the end. */
	kl__reach_remove(reach, 3 * PAGE, 3 * PAGE);
	expect_range(0, 0, 3 * PAGE);
	expect_range(6 * PAGE, 6 * PAGE, 10 * PAGE);
	kl__reach_remove(reach, 6 * PAGE, 100 * PAGE);
	expect_range(6 * PAGE, 0, 0);
	kl__reach_remove(reach, 0, 3 * PAGE);
	expect_range(0, 0, 0);
	kl__reach_remove(reach, 0, 3 * PAGE);
}

/* The same as an array of pages that are there or not. */
Test(reach, as_a_map_of_pages, .init = make_reach, .fini = free_reach)
{
	static bool is_there[512];

	srand(1);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int first = (unsigned int)rand() % 500,
			     count = 1 + (unsigned int)rand() % 12;
		bool adds = rand() % 2 == 0;

		if (adds)
			cr_assert_eq(kl__reach_add(reach, first * PAGE, count * PAGE), 0);
		else
			kl__reach_remove(reach, first * PAGE, count * PAGE);
		for (unsigned int i = first; i < first + count; i++)
			is_there[i] = adds;
		for (unsigned int i = 0; i < 512; i++) {
			unsigned int from = i, to = i;

			while (is_there[i] && from > 0 && is_there[from - 1])
				from--;
			while (is_there[to] && to < 511)
				to++;
			expect_range(i * PAGE, is_there[i] ? from * PAGE : 0,
				is_there[i] ? (to - from) * PAGE : 0);
		}
	}
}

Test(reach, a_window_moves, .init = make_reach, .fini = free_reach)
{
	struct kl__window window = {0};

	kl__window_close(&window);
	kl__window_open(&window, reach);
	cr_expect_not(kl__window_covers(&window, 0, 0), "it covers nothing yet");
	cr_assert_eq(kl__reach_add(reach, PAGE, PAGE), 0);
	cr_assert_eq(kl__reach_add(reach, 4 * PAGE, 2 * PAGE), 0);
	cr_expect_not(kl__window_move(&window, 0, 1));
	cr_expect(kl__window_move(&window, PAGE, PAGE));
	cr_expect(kl__window_covers(&window, 2 * PAGE - 1, 1));
	cr_expect_not(kl__window_covers(&window, 2 * PAGE - 1, 2));
	cr_expect_not(kl__window_covers(&window, PAGE - 1, 2));
	cr_expect_not(kl__window_covers(&window, 4 * PAGE, 1));
	cr_expect(kl__window_move(&window, 5 * PAGE, 16));
	cr_expect_not(kl__window_covers(&window, PAGE, 1), "it is in one range at a time");
	cr_expect_not(kl__window_move(&window, 5 * PAGE, UINT64_MAX), "no sum runs over");
	/* A range that is taken out is out of all windows, and one that stays is found again. */
	cr_expect(kl__window_move(&window, 4 * PAGE, PAGE));
	kl__reach_remove(reach, PAGE, PAGE);
	cr_expect_not(kl__window_covers(&window, 4 * PAGE, 1));
	cr_expect(kl__window_move(&window, 4 * PAGE, 1));
	kl__window_close(&window);
	cr_expect_not(kl__window_covers(&window, 4 * PAGE, 1));
}

Test(reach, a_window_into_everything)
{
	struct kl__window window;

	kl__window_open(&window, NULL);
	cr_expect(kl__window_covers(&window, 0, 1));
	cr_expect(kl__window_covers(&window, UINT64_MAX - 4096, 4096));
	cr_expect(kl__window_move(&window, 0x7fff00000000, 1 << 30));
	kl__window_close(&window);
	cr_expect_not(kl__window_covers(&window, 0, 1));
}

static bool has_ended;
static unsigned int wrong, found;

/* Ranges of even number stay, those of odd number come and go. */
#define RANGES 64

static uint64_t place_of(unsigned int number)
{
	return (number + 1) * 4 * PAGE;
}

static void *look_up(void *unused)
{
	struct kl__window window;

	(void)unused;
	kl__window_open(&window, reach);
	for (unsigned int i = 0; !__atomic_load_n(&has_ended, __ATOMIC_ACQUIRE); i++) {
		unsigned int number = i % RANGES;
		uint64_t at = place_of(number);
		struct kl__range range = kl__reach_find(reach, at + 1);
		bool moves = kl__window_move(&window, at, PAGE);

		if (range.bytes != 0 && (range.first != at || range.bytes != PAGE))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
		if (number % 2 == 0 && (range.bytes == 0 || !moves))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&found, range.bytes != 0, __ATOMIC_RELAXED);
	}
	kl__window_close(&window);
	return NULL;
}

/* Readers never see a table that is half written, also while it grows and shrinks. */
Test(reach, readers_while_it_changes, .init = make_reach, .fini = free_reach)
{
	pthread_t thread[2];

	for (unsigned int i = 0; i < RANGES; i += 2)
		cr_assert_eq(kl__reach_add(reach, place_of(i), PAGE), 0);
	for (unsigned int i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, look_up, NULL), 0);
	/* On a machine that is busy the readers may start late. */
	for (unsigned int round = 0; round < 2000 || __atomic_load_n(&found, __ATOMIC_RELAXED) == 0;
		round++) {
		for (unsigned int i = 1; i < RANGES; i += 2)
			cr_assert_eq(kl__reach_add(reach, place_of(i), PAGE), 0);
		for (unsigned int i = 1; i < RANGES; i += 2)
			kl__reach_remove(reach, place_of(i), PAGE);
	}
	__atomic_store_n(&has_ended, true, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	cr_expect_eq(wrong, 0);
	cr_expect_gt(found, 0);
}
