/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device reset under two polling threads, each with its own queue, and a device that goes on
 * writing until its reset has ended. It mirrors
 *
 *	poller		kl__gate_enter, kl__gate_leave in lib/ring/gate.h around kl_blk_submit and
 *			kl_blk_poll, and blk_halt in drivers/blk/recover.c
 *	close_gates	close_gates in lib/core/lifecycle.c, with membarrier(2), and its timeout
 *	control		kl_device_recover in lib/core/lifecycle.c, kl__status_reset in
 *			lib/core/status.c with its deadline, kl__queue_drain in lib/ring/verbs.c
 *
 * What is proved: no thread touches a queue that is being taken apart or whose device does not run;
 * the device never writes into memory that the application has back or that was freed, however late.
 *
 * The broken variants: NO_FENCE (no membarrier), NO_WAIT (for a thread that is inside),
 * NO_TIMEOUT (goes on although a thread is still inside), FREE_EARLY (returns buffers before the
 * status reads 0), FREE_ON_TIMEOUT (returns them when the reset does not end), OPEN_EARLY (the gates
 * are opened before the queue is rebuilt).
 */
#include "store_buffer.inc"

mtype = {OPEN, HALTED, CLOSED};
mtype = {RUNNING, RESETTING, RESET};
/* The owner of a buffer. USED: the device has returned it, and it has not been harvested yet. */
mtype = {APPLICATION, DEVICE, USED};

#define INSIDE 0
#define GATE 1

/* Memory. */
mtype gate[2] = OPEN;
bool inside[2];
mtype status = RUNNING;

/* One buffer a queue is enough: what matters is when it changes hands. */
mtype buffer[2] = APPLICATION;
bool is_built[2] = true;
bool is_written[2];

chan from_first = [STORES] of {byte, mtype};
chan from_second = [STORES] of {byte, mtype};
chan from_control = [2] of {byte, mtype};

inline drain_thread(buffer_of, i)
{
	do
	:: d_step { buffer_of?INSIDE, value -> inside[i] = (value == OPEN); value = 0 }
	:: d_step { buffer_of?GATE, value -> gate[i] = value; value = 0 }
	od
}

active proctype first_stores() { mtype value; drain_thread(from_first, 0) }
active proctype second_stores() { mtype value; drain_thread(from_second, 1) }

active proctype control_stores()
{
	byte i;
	mtype value;

	do
	:: d_step { from_control?i, value -> gate[i] = value; i = 0; value = 0 }
	od
}

#define ENTER OPEN
#define LEAVE CLOSED

inline use_queue(stores, i)
{
	if
	:: gate[i] == OPEN ->
		assert(is_built[i] && status == RUNNING);
		if
		:: buffer[i] == APPLICATION -> buffer[i] = DEVICE
		:: buffer[i] == USED -> buffer[i] = APPLICATION
		/* A request is late, or a used entry is malformed. */
		:: STORE(stores, GATE, HALTED)
		:: skip
		fi;
		assert(is_built[i] && status == RUNNING)
	:: gate[i] != OPEN
	fi
}

inline poller(stores, i)
{
	do
	:: STORE(stores, INSIDE, ENTER);
		use_queue(stores, i);
		STORE(stores, INSIDE, LEAVE)
	od
}

active proctype first() { poller(from_first, 0) }
active proctype second() { poller(from_second, 1) }

inline close_gates()
{
	STORE(from_control, 0, CLOSED);
	STORE(from_control, 1, CLOSED);
	FENCE(from_control);
#ifndef NO_FENCE
	/* The call returns when each thread has run a fence. */
	FENCE(from_first);
	FENCE(from_second);
#endif
	is_empty = true;
#ifndef NO_WAIT
	if
	:: !inside[0]
	:: inside[0] -> is_empty = false
	fi;
	if
	:: !inside[1]
	:: inside[1] -> is_empty = false
	fi
#endif
#ifdef NO_TIMEOUT
	is_empty = true
#endif
}

inline return_buffer(i)
{
	atomic { buffer[i] = APPLICATION; is_built[i] = false }
}

/* The requests that the device completed in time. */
inline harvest(i)
{
	if
	:: buffer[i] == USED -> buffer[i] = APPLICATION
	:: else
	fi
}

active proctype control()
{
	bool is_empty;

	do
	:: close_gates();
		if
		:: !is_empty ->
			STORE(from_control, 0, HALTED);
			STORE(from_control, 1, HALTED)
		:: is_empty ->
			harvest(0);
			harvest(1);
#ifdef FREE_EARLY
			return_buffer(0);
			return_buffer(1);
#endif
			status = RESETTING;
			if
			:: status == RESET
			/* The deadline has passed: what the device may write is never freed. */
			:: status == RESETTING ->
#ifndef FREE_ON_TIMEOUT
				break
#endif
			fi;
			return_buffer(0);
			return_buffer(1);
#ifdef OPEN_EARLY
			STORE(from_control, 0, OPEN);
			STORE(from_control, 1, OPEN);
#endif
			is_built[0] = true;
			is_built[1] = true;
			status = RUNNING;
			STORE(from_control, 0, OPEN);
			STORE(from_control, 1, OPEN)
		fi
	od
}

/* The device: has it taken the buffer, and is it still writing there? */
inline serve(i)
{
	atomic { status == RUNNING && buffer[i] == DEVICE && !is_written[i] -> is_written[i] = true }
}

inline write_data(i)
{
	atomic { is_written[i] -> assert(buffer[i] == DEVICE && is_built[i]) }
}

inline complete(i)
{
	atomic {
		is_written[i] ->
		assert(buffer[i] == DEVICE && is_built[i]);
		is_written[i] = false;
		buffer[i] = USED
	}
}

active proctype device()
{
	do
	:: serve(0)
	:: serve(1)
	:: write_data(0)
	:: write_data(1)
	:: complete(0)
	:: complete(1)
	:: atomic {
		status == RESETTING ->
		is_written[0] = false;
		is_written[1] = false;
		status = RESET
	   }
	od
}
