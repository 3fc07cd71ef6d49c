/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --idle: what an lcore does while there is nothing to forward. It polls for a while
 * (adaptive) or not at all (interrupt), then asks the devices for notifications, looks once
 * more, and sleeps. A sleep ends by a packet, by a word of the control thread, or after a nap
 * that a lost notification costs.
 */
#ifndef TESTPMD_IDLE_H
#define TESTPMD_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

struct fwd_stream;

/* 0 or -EINVAL; the mode's name. */
int idle_parse(const char *name, enum idle_mode *mode);
const char *idle_name(enum idle_mode mode);

struct idle {
	enum idle_mode mode;
	int epoll_fd; /* readable when there is a reason to wake up; -1 when polling */
	int wake_fd; /* the control thread's reason */
	uint64_t spin_ticks; /* how long to poll without work */

	/* Written by the lcore. */
	bool is_quiet;
	uint64_t quiet_since;
	uint64_t sleeps;
};

/*
 * Before a run, for the streams of one lcore. When one of them can't be waited for, a message says
 * so and they are polled. 0, or -errno after a message.
 */
int idle_open(struct idle *idle, enum idle_mode mode, const struct fwd_stream *streams,
	uint16_t count);
void idle_close(struct idle *idle);

/* After a round of polling: whether it is time to sleep. The lcore. */
bool idle_is_due(struct idle *idle, bool was_busy);

/*
 * Makes owed kick decisions and asks for notifications. False when packets are there already, and
 * then all is as before; else sleep on epoll_fd, at most IDLE_SLEEP_MS, and then disarm. The lcore.
 */
bool idle_arm(struct idle *idle, const struct fwd_stream *streams, uint16_t count);
void idle_disarm(struct idle *idle, const struct fwd_stream *streams, uint16_t count);

#define IDLE_SLEEP_MS 1000

/* Both, with the sleep in between. */
void idle_sleep(struct idle *idle, const struct fwd_stream *streams, uint16_t count);

/* Ends a sleep. Any thread. */
void idle_wake(const struct idle *idle);

#endif
