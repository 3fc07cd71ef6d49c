/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kick protocol of the packed ring: virtio 1.x, 2.8.1 (wrap counters), 2.8.10 (event
 * suppression), 2.8.21 (publish, then a full fence, then the event structure). The driver mirrors
 * lib/ring/available.h and the decision of lib/ring/kick.h: its window is the number of descriptors
 * since the last check, capped at the ring's size; the event structure is read as one word. The
 * device writes it in two halves, off_wrap first (2.8.14).
 *
 * Offsets count descriptors, and lists of up to LIST of them are made. Buffers complete in order:
 * the order changes only how many places a used descriptor skips.
 *
 * N is the ring's size; any number will do, a power of two or not.
 *
 *	POLICY		0 eager; 1 lazy: several publishes may share one check, which may come at any time
 *	PLAIN		the device never suppresses notifications
 *	FLAGS		the device never requests one descriptor's notification, only all or none
 *
 * The broken variants: NO_DRIVER_FENCE, NO_DEVICE_FENCE, NO_RECHECK, LAST_KICK (the window is not
 * emptied by a check that sent nothing, and counts modulo 2N), WRAP_IGNORED (off without wrap),
 * HEAD_FIRST (the head of a list is exposed before the rest).
 */
#include "store_buffer.inc"

#ifndef N
#define N 2
#endif
#ifndef LIST
#define LIST 2
#endif
#ifndef POLICY
#define POLICY 0
#endif

/* A descriptor's two bits, AVAIL and USED, and whether the list goes on. */
#define BITS(avail, used, next) ((avail) + 2 * (used) + 4 * (next))
#define AVAIL_OF(bits) ((bits) % 2)
#define USED_OF(bits) (((bits) / 2) % 2)
#define NEXT_OF(bits) ((bits) / 4)
#define IS_AVAILABLE(bits, wrap) (AVAIL_OF(bits) == (wrap) && USED_OF(bits) != (wrap))
#define IS_USED(bits, wrap) (AVAIL_OF(bits) == (wrap) && USED_OF(bits) == (wrap))
#define ADVANCE(place, wrap, by)					\
	place = place + (by);						\
	if								\
	:: place >= N -> place = place - N; wrap = 1 - wrap		\
	:: else								\
	fi

/* 2.8.14: the device's event structure. */
#define ENABLE 0
#define DISABLE 1
#define DESC 2

/* The destination of a store: a descriptor by its number, or one of these. */
#define DOORBELL N
#define EVENT_FLAGS (N + 1)
#define EVENT_OFF_WRAP (N + 2)

/* Memory. */
byte flags[N];
byte event_flags, event_off_wrap;
bool doorbell;

chan from_driver = [STORES] of {byte, byte};
chan from_device = [STORES] of {byte, byte};

active proctype driver_stores()
{
	byte place, value;

	do
	:: d_step {
		from_driver?place, value ->
		if
		:: place < N -> flags[place] = value
		:: place == DOORBELL -> doorbell = true
		fi;
		place = 0;
		value = 0
	   }
	od
}

active proctype device_stores()
{
	byte place, value;

	do
	:: d_step {
		from_device?place, value ->
		if
		:: place < N -> flags[place] = value
		:: place == EVENT_FLAGS -> event_flags = value
		:: place == EVENT_OFF_WRAP -> event_off_wrap = value
		fi;
		place = 0;
		value = 0
	   }
	od
}

/* The driver's private state; counts holds the length of the list that starts at a place. */
byte next, used, in_flight, window, counts[N];
bit wrap = 1, used_wrap = 1;
bool pending, waits_for_device;

#ifdef LAST_KICK
#define WIDEN(by) window = (window + (by)) % (2 * N)
#define EMPTY_UNSENT skip
#else
#define WIDEN(by)					\
	window = window + (by);				\
	if						\
	:: window > N -> window = N			\
	:: else						\
	fi
#define EMPTY_UNSENT window = 0
#endif

/* 2.8.10: how many descriptors ago the named place was exposed; a place that is still ahead: 0 or less. */
#ifdef WRAP_IGNORED
#define BEHIND (next - event_off_wrap / 2)
#else
#define BEHIND (next - event_off_wrap / 2 + (event_off_wrap % 2 != wrap -> N : 0))
#endif
#define PASSED (BEHIND > 0 && BEHIND <= window)
#define WANTED (event_flags == ENABLE || (event_flags == DESC && PASSED))

inline check()
{
#ifndef NO_DRIVER_FENCE
	FENCE(from_driver);
#endif
	if
	:: atomic { WANTED -> window = 0 };
		STORE(from_driver, DOORBELL, 1)
	:: atomic { !(WANTED) -> EMPTY_UNSENT }
	fi
}

/* One buffer of count descriptors: the head's flags are stored last. */
inline publish()
{
	atomic {
		if
		:: count = 1
		:: LIST > 1 && in_flight + 2 <= N -> count = 2
		fi;
		head = next;
		head_bits = BITS(wrap, 1 - wrap, count - 1);
		counts[head] = count;
		in_flight = in_flight + count;
		WIDEN(count);
		ADVANCE(next, wrap, 1);
		tail = next;
		tail_bits = BITS(wrap, 1 - wrap, 0);
		ADVANCE(next, wrap, count - 1)
	};
#ifdef HEAD_FIRST
	STORE(from_driver, head, head_bits);
#endif
	if
	:: count == 2 -> STORE(from_driver, tail, tail_bits)
	:: else
	fi;
#ifndef HEAD_FIRST
	STORE(from_driver, head, head_bits);
#endif
	d_step { count = 0; head = 0; head_bits = 0; tail = 0; tail_bits = 0 }
}

inline take()
{
	d_step {
		count = counts[used];
		counts[used] = 0;
		in_flight = in_flight - count;
		ADVANCE(used, used_wrap, count);
		count = 0;
		/* Everything came back, so everything was seen. */
		if
		:: in_flight == 0 && pending -> pending = false; window = 0
		:: else
		fi
	}
}

active proctype driver()
{
	byte count, head, head_bits, tail, tail_bits;

	do
	:: !waits_for_device && in_flight < N ->
		publish();
		if
		:: POLICY == 0 -> check()
		:: POLICY == 1 -> pending = true
		fi
	:: pending -> pending = false; check()
	:: in_flight > 0 && IS_USED(flags[used], used_wrap) -> take()
	/* A program that does one thing at a time waits until all has come back. */
	:: !waits_for_device && in_flight > 0 -> waits_for_device = true
	:: waits_for_device && in_flight == 0 -> waits_for_device = false
	od
}

/* The device's place to fetch at, and its place to use. */
byte fetch, done, fetched;
bit fetch_wrap = 1, done_wrap = 1;

#define HAS_WORK IS_AVAILABLE(flags[fetch], fetch_wrap)

inline take_list()
{
	atomic {
		length = 1 + NEXT_OF(flags[fetch]);
		/* 2.8.17: the head is exposed last, so the rest is there. */
		rest = fetch;
		rest_wrap = fetch_wrap;
		ADVANCE(rest, rest_wrap, length - 1);
		assert(IS_AVAILABLE(flags[rest], rest_wrap));
		fetched = fetched + length;
		ADVANCE(fetch, fetch_wrap, length);
		length = 0;
		rest = 0;
		rest_wrap = 0
	}
}

inline complete()
{
	atomic {
		STORE(from_device, done, BITS(done_wrap, done_wrap, 0));
		length = counts[done];
		fetched = fetched - length;
		ADVANCE(done, done_wrap, length);
		length = 0
	}
}

inline arm()
{
#ifdef FLAGS
	STORE(from_device, EVENT_FLAGS, ENABLE);
#else
	STORE(from_device, EVENT_OFF_WRAP, 2 * fetch + fetch_wrap);
	STORE(from_device, EVENT_FLAGS, DESC);
#endif
#ifndef NO_DEVICE_FENCE
	FENCE(from_device)
#endif
}

inline sleep()
{
	do
	:: fetched > 0 -> complete()
	:: doorbell -> doorbell = false; break
	od
}

active proctype device()
{
	byte length, rest;
	bit rest_wrap;

	do
	:: HAS_WORK -> take_list()
	:: fetched > 0 -> complete()
#ifndef PLAIN
	:: event_flags != DISABLE -> STORE(from_device, EVENT_FLAGS, DISABLE); FENCE(from_device)
#endif
	:: !HAS_WORK ->
		arm();
		if
#ifndef NO_RECHECK
		:: HAS_WORK
		:: !HAS_WORK -> sleep()
#else
		:: sleep()
#endif
		fi
	od
}
