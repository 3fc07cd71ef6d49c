/* SPDX-License-Identifier: BSD-3-Clause */
/* Event suppression of packed rings, in both directions: 2.8.10, 2.8.14. */
#include <criterion/criterion.h>

#include "packed_driver.h"

#define SIZE 5
#define ENABLE 0
#define DISABLE 1
#define DESC 2
#define WRAP 0x8000

static unsigned int place;

static void open_with(int feature)
{
	packed_open(SIZE, feature);
	fake->queue[0].kicks = FAKE_KICKS_EAGER;
	place = 0;
}

/* A buffer of so many descriptors. */
static void post(unsigned int count)
{
	static unsigned int id;

	id = (id + 1) % SIZE;
	for (unsigned int i = count; i-- > 0;)
		packed_write(place + i, 1, i + 1 < count ? NEXT : 0, (uint16_t)id);
	place += count;
}

Test(packed_events, values_that_the_driver_may_write)
{
	static const struct {
		uint16_t off_wrap, flags;
		int feature;
		const char *caught;
	} cases[] = {
		{0, ENABLE, -1, NULL},
		{0, DISABLE, EVENT_IDX, NULL},
		{0, DESC, EVENT_IDX, NULL},
		{WRAP | (SIZE - 1), DESC, EVENT_IDX, NULL},
		{0, DESC, -1, "EVP-02"},
		{0, 3, EVENT_IDX, "EVP-02"},
		{0, 4, EVENT_IDX, "EVP-02"},
		{0, 0x8001, -1, "EVP-02"},
		{SIZE, DESC, EVENT_IDX, "EVP-05"},
		{WRAP | SIZE, DESC, EVENT_IDX, "EVP-05"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_with(cases[i].feature);
		packed_event(cases[i].off_wrap, cases[i].flags);
		fake_observe(fake, 0);
		if (cases[i].caught != NULL)
			expect(cases[i].caught);
		packed_close();
	}
}

Test(packed_events, kicks_by_flags)
{
	open_with(-1);
	post(2);
	packed_ring();
	cr_expect_eq(fake_process(fake, 0, 8), 1);
	post(1);
	fake_process(fake, 0, 8);
	expect("EVP-04");
	fake_disarm(fake, 0);
	post(1);
	packed_ring();
	expect("EVP-04");
	fake_arm(fake, 0);
	packed_ring();
	expect("EVP-04");
	packed_close();
}

/* A value that no device may write, and DESC without its feature, request all notifications. */
Test(packed_events, unknown_flags_request_all)
{
	open_with(-1);
	fake_set_event_flags(fake, 0, 3);
	post(1);
	packed_ring();
	fake_set_event_flags(fake, 0, DESC);
	post(1);
	packed_ring();
	packed_close();
}

/* 2.8.10: the event fires when the descriptor of that place and lap is made available. */
Test(packed_events, kicks_by_descriptor)
{
	for (unsigned int ahead = 0; ahead < 2 * SIZE; ahead++)
		for (unsigned int count = 1; count <= SIZE; count++) {
			open_with(EVENT_IDX);
			fake_set_event(fake, 0,
				(uint16_t)(ahead % SIZE | (ahead < SIZE ? WRAP : 0)));
			post(count);
			if (ahead < count)
				packed_ring();
			fake_process(fake, 0, 1);
			packed_close();
		}
	open_with(EVENT_IDX);
	fake_set_event(fake, 0, 1 | WRAP);
	post(1);
	packed_ring();
	expect("EVP-04");
	post(1);
	fake_process(fake, 0, 1);
	expect("EVP-04");
	fake_disarm(fake, 0);
	post(1);
	packed_ring();
	expect("EVP-04");
	packed_close();
}

/* Over many laps: the place that the device names is always the next one. */
Test(packed_events, arming)
{
	open_with(EVENT_IDX);
	for (unsigned int i = 0; i < 20 * SIZE; i++) {
		post(1 + i % 3);
		packed_ring();
		cr_expect_eq(fake_process(fake, 0, 1), 1);
		cr_expect_eq(load(memory + DEVICE_EVENT, 4),
			(place % SIZE | (place / SIZE % 2 == 0 ? WRAP : 0) | DESC << 16));
	}
	packed_close();
}

/* The driver is interrupted by what it requested: also by a descriptor that is skipped. */
Test(packed_events, interrupts)
{
	open_with(EVENT_IDX);
	fake->queue[0].kicks = FAKE_KICKS_ANY;
	packed_event(3 | WRAP, DESC);
	post(2);
	post(2);
	fake_process(fake, 0, 1);
	cr_expect_eq(fake->queue[0].interrupts, 0);
	fake_process(fake, 0, 1);
	cr_expect_eq(fake->queue[0].interrupts, 1);
	packed_event(3, DESC);
	for (unsigned int i = 0; i < 4; i++) {
		post(1);
		fake_process(fake, 0, 1);
	}
	cr_expect_eq(fake->queue[0].interrupts, 1);
	post(1);
	fake_process(fake, 0, 1);
	cr_expect_eq(fake->queue[0].interrupts, 2);
	packed_event(0, DISABLE);
	post(2);
	fake_process(fake, 0, 1);
	cr_expect_eq(fake->queue[0].interrupts, 2);
	packed_event(0, ENABLE);
	post(2);
	fake_process(fake, 0, 1);
	cr_expect_eq(fake->queue[0].interrupts, 3);
	packed_close();
}
