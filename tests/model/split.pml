/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kick protocol of the split ring. The driver mirrors
 *
 *	publish		kl__ring_publish in lib/ring/available.h
 *	check		kl__kick_check, kl__kick_consumed, kl__kick_wanted in lib/ring/kick.h
 *	defer, pending	kl__kick_defer, kl__kick_pending, kl__kick_decide_pending in lib/ring/kick.c
 *	watchdog	kl__kick_watchdog there; time passes only when nothing else can happen
 *
 * and the device is any that keeps to virtio 1.x, 2.7.10: it fetches, completes later, arms its
 * notification when it finds nothing, looks again, sleeps. What is proved: whenever the driver just
 * waits, everything that it published comes back. A lost wake-up is a state without successor.
 *
 * Q is the ring's size and M the modulus of the free-running indices, 2^16 in the code.
 *
 *	POLICY		0 eager, 1 lazy, 2 auto (which waits or does not, as it likes)
 *	PLAIN		the device arms only when it finds nothing, not with every fetch
 *	FLAGS		without EVENT_IDX: the used ring's flag decides
 *	WATCHDOG		with the watchdog's kick, which a correct device must never need
 *	LOSSY		the device once goes to sleep without looking again
 *
 * The broken variants: NO_DRIVER_FENCE, NO_DEVICE_FENCE, NO_RECHECK, LAST_KICK (the index of the last
 * kick is remembered, not that of the last check), NO_CONSUMED (the window is not moved along with
 * the used index while a decision is pending), VOID_ON_MOVE (a pending decision is dropped when the
 * device has moved, not when it has used everything), NO_PENDING (it is dropped).
 */
#include "store_buffer.inc"

#ifndef Q
#define Q 2
#endif
#ifndef M
#define M (2 * Q)
#endif
#ifndef POLICY
#define POLICY 0
#endif

#define SINCE(new, old) (((new) + 2 * M - (old)) % M)
/* kl__kick_need_event in lib/ring/kick.h. */
#define NEED_EVENT(event, new, old) (SINCE(new, (event) + 1) < SINCE(new, old))

mtype = {AVAIL, DOORBELL, USED, EVENT};

/* Memory. */
byte avail_idx, used_idx, event;
bool doorbell;

chan from_driver = [STORES] of {mtype, byte};
chan from_device = [STORES] of {mtype, byte};

active proctype driver_stores()
{
	byte value;

	do
	:: d_step { from_driver?AVAIL, value -> avail_idx = value; value = 0 }
	:: d_step { from_driver?DOORBELL, value -> doorbell = true; value = 0 }
	od
}

active proctype device_stores()
{
	byte value;

	do
	:: d_step { from_device?USED, value -> used_idx = value; value = 0 }
	:: d_step { from_device?EVENT, value -> event = value; value = 0 }
	od
}

/* The driver's private state. */
byte published, checked, used_seen, watched;
bool pending, last_sent, waits_for_device;
bool must_check;

#define IN_FLIGHT SINCE(published, used_seen)

#ifdef EMPTY_WINDOW
#define IS_PAST(used) (SINCE(published, used) < SINCE(published, checked))
#else
#define IS_PAST(used) (SINCE(published, used) <= SINCE(published, checked + 1))
#endif

#ifdef LAST_KICK
#define CONSUMED(used) skip
#define MOVE_CHECKED_UNSENT skip
#define MOVE_CHECKED_SENT checked = published
#else
#define CONSUMED(used)								\
	if									\
	:: IS_PAST(used) -> checked = used					\
	:: else									\
	fi
#define MOVE_CHECKED_UNSENT checked = published
#define MOVE_CHECKED_SENT checked = published
#endif

#ifdef FLAGS
#define WANTED (event == 0)
#else
#define WANTED NEED_EVENT(event, published, checked)
#endif

#ifdef WATCHDOG
#define SENT(yes) last_sent = yes
#else
#define SENT(yes) skip
#endif

inline check()
{
	d_step { CONSUMED(used_seen) };
#ifndef NO_DRIVER_FENCE
	FENCE(from_driver);
#endif
	if
	:: atomic { WANTED -> MOVE_CHECKED_SENT; SENT(true) };
		STORE(from_driver, DOORBELL, 1)
	:: atomic { !(WANTED) -> MOVE_CHECKED_UNSENT; SENT(false) }
	fi
}

inline defer()
{
	if
	:: pending
	:: !pending -> d_step { pending = true; watched = used_idx }
	fi
}

inline kick()
{
	if
	:: POLICY != 1 -> check()
	:: POLICY != 0 -> defer()
	fi
}

inline publish()
{
	atomic {
		published = (published + 1) % M;
		/* The burst goes on as long as there is room. */
		do
		:: IN_FLIGHT < Q -> published = (published + 1) % M
		:: break
		od
	};
	STORE(from_driver, AVAIL, published)
}

inline poll_pending()
{
	atomic {
#if !defined(NO_CONSUMED) && !defined(LATE_WINDOW)
		CONSUMED(used_idx);
#endif
		if
#ifdef VOID_ON_MOVE
		:: used_idx != watched ->
			pending = false; checked = published; watched = 0
#else
		:: used_idx == published ->
			pending = false; checked = published; watched = 0
		:: used_idx != published && used_idx != watched ->
			watched = used_idx;
#ifdef LATE_WINDOW
			CONSUMED(watched)
#endif
#endif
		:: else ->
			if
			/* The deadline has not come yet. */
			:: skip
			:: pending = false; watched = 0; must_check = true
			fi
		fi
	};
#ifdef NO_PENDING
	must_check = false;
#endif
	if
	:: must_check -> must_check = false; check()
	:: else
	fi
}

#define CAN_PUBLISH (!waits_for_device && IN_FLIGHT < Q)

/* One call of a burst function: harvest, publish and kick, check a pending decision. */
inline burst()
{
	if
	:: used_idx != used_seen -> used_seen = used_idx
	:: skip
	fi;
	if
	:: CAN_PUBLISH -> publish(); kick()
	:: skip
	fi;
	if
	:: pending -> poll_pending()
	:: else
	fi
}

active proctype driver()
{
	do
	:: CAN_PUBLISH || pending || used_idx != used_seen -> burst()
	/* A program that does one thing at a time waits until all has come back. */
	:: !waits_for_device && IN_FLIGHT > 0 -> waits_for_device = true
	:: waits_for_device && IN_FLIGHT == 0 -> waits_for_device = false
#ifdef WATCHDOG
	:: timeout ->
		assert(IN_FLIGHT > 0 && !last_sent);
#ifndef LOSSY
		assert(false);
#endif
		STORE(from_driver, DOORBELL, 1)
#endif
	od
}

byte seen, done;
bool has_lost;

#define COMPLETE seen != done -> done = (done + 1) % M; STORE(from_device, USED, done)

inline arm()
{
#ifdef FLAGS
	STORE(from_device, EVENT, 0);
#else
	STORE(from_device, EVENT, seen);
#endif
#ifndef NO_DEVICE_FENCE
	FENCE(from_device)
#endif
}

inline sleep()
{
	do
	:: COMPLETE
	:: doorbell -> doorbell = false; break
	od
}

active proctype device()
{
	do
	:: avail_idx != seen -> seen = (seen + 1) % M
	:: COMPLETE
#ifdef FLAGS
	:: event == 0 -> STORE(from_device, EVENT, 1); FENCE(from_device)
#elif !defined(PLAIN)
	/* Some arm with every fetch. */
	:: nfull(from_device) && event != seen -> STORE(from_device, EVENT, seen)
#endif
	:: avail_idx == seen ->
		arm();
		if
#ifndef NO_RECHECK
		:: avail_idx != seen
		:: avail_idx == seen -> sleep()
#else
		:: sleep()
#endif
#ifdef LOSSY
		:: !has_lost -> has_lost = true; sleep()
#endif
		fi
	od
}
