/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sleeping on a used buffer notification. The driver mirrors
 *
 *	arm, disarm	kl__ring_arm, kl__ring_disarm in lib/ring/used.h
 *	force		kl__kick_flush in lib/ring/kick.h, called before every sleep by
 *			drivers/blk/wait.c, whose sleeps of a second are left out here
 *
 * and the device is any that keeps to virtio 1.x, 2.7.7: it writes its used index, then a full fence,
 * then it compares used_event with what it has used since the last comparison. Whether it hears of
 * new buffers is another model's matter: here a kick that is decided is a kick that is sent, but a
 * lazy one can be pending when the driver wants to sleep.
 *
 * What is proved: whenever the driver sleeps, something will wake it up. Q is the ring's size and M
 * the modulus of the indices.
 *
 *	FLAGS		without EVENT_IDX: the available ring's flag decides
 *	PACKED		the driver's event structure of a packed ring: DISABLE, or DESC with off_wrap
 *			in one word (2.8.14); the index that is watched stands for the place
 *
 * The broken variants: NO_DRIVER_FENCE, NO_DEVICE_FENCE, NO_RECHECK, NO_FORCE, CHECK_FIRST (the driver
 * reads the used index before it arms).
 */
#include "store_buffer.inc"

#ifndef Q
#define Q 2
#endif
#ifndef M
#define M (2 * Q)
#endif

#define SINCE(new, old) (((new) + 2 * M - (old)) % M)
#define NEED_EVENT(event, new, old) (SINCE(new, (event) + 1) < SINCE(new, old))
#define NOTHING M

mtype = {AVAIL, DOORBELL, USED, EVENT};

/* Memory; eventfd is the count of the interrupt's event descriptor, doorbell that of the queue's. */
byte avail_idx, used_idx, event;
bool doorbell, eventfd;

chan from_driver = [STORES] of {mtype, byte};
chan from_device = [STORES] of {mtype, byte};

active proctype driver_stores()
{
	byte value;

	do
	:: d_step { from_driver?AVAIL, value -> avail_idx = value; value = 0 }
	:: d_step { from_driver?EVENT, value -> event = value; value = 0 }
	:: d_step { from_driver?DOORBELL, value -> doorbell = true; value = 0 }
	od
}

active proctype device_stores()
{
	byte value;

	do
	:: d_step { from_device?USED, value -> used_idx = value; value = 0 }
	od
}

byte published, used_seen;
bool pending;

#define IN_FLIGHT SINCE(published, used_seen)

#if defined(FLAGS)
#define ARMED 1
#define DISARMED 0
#elif defined(PACKED)
#define ARMED used_seen
#define DISARMED NOTHING
#else
#define ARMED used_seen
#define DISARMED SINCE(used_seen, 1)
#endif

inline force()
{
	if
	:: pending -> pending = false; STORE(from_driver, DOORBELL, 1)
	:: else
	fi
}

inline wait_for_one()
{
#ifndef NO_FORCE
	force();
#endif
#ifdef CHECK_FIRST
	must_sleep = used_idx == used_seen;
	STORE(from_driver, EVENT, ARMED);
	FENCE(from_driver);
#else
	STORE(from_driver, EVENT, ARMED);
#ifndef NO_DRIVER_FENCE
	FENCE(from_driver);
#endif
#ifdef NO_RECHECK
	must_sleep = true;
#else
	must_sleep = used_idx == used_seen;
#endif
#endif
	if
	:: must_sleep -> eventfd -> eventfd = false
	:: else
	fi;
	must_sleep = false;
	STORE(from_driver, EVENT, DISARMED)
}

active proctype driver()
{
	bool must_sleep;

	do
	:: IN_FLIGHT < Q ->
		atomic { published = (published + 1) % M; STORE(from_driver, AVAIL, published) };
		pending = true
	:: pending -> force()
	:: used_idx != used_seen -> used_seen = (used_seen + 1) % M
	:: IN_FLIGHT > 0 -> wait_for_one()
	od
}

byte seen, done, compared;

#if defined(FLAGS)
#define WANTED (event == 1)
#elif defined(PACKED)
#define WANTED (event != NOTHING && NEED_EVENT(event, done, compared))
#else
#define WANTED NEED_EVENT(event, done, compared)
#endif

active proctype device()
{
	do
	:: doorbell -> doorbell = false; seen = avail_idx
	:: seen != done ->
		done = (done + 1) % M;
		STORE(from_device, USED, done);
		do
		:: seen != done ->
			done = (done + 1) % M;
			STORE(from_device, USED, done)
		:: break
		od;
#ifndef NO_DEVICE_FENCE
		FENCE(from_device);
#endif
		if
		:: atomic { WANTED -> compared = done }; eventfd = true
		:: atomic { !(WANTED) -> compared = done }
		fi
	od
}
