/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sleeping lcores, for --idle. An lcore without packets polls for a while (adaptive) or not
 * at all (interrupt), then requests notifications from the devices, polls once more, and
 * sleeps. A packet, the control thread or a timeout ends the sleep; the timeout limits the
 * cost of a lost notification.
 */
#ifndef TESTPMD_IDLE_H
#define TESTPMD_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

struct fwd_stream;

/* A mode by its name: 0 or -EINVAL. And the name of a mode. */
int idle_parse(const char *name, enum idle_mode *mode);
const char *idle_name(enum idle_mode mode);

struct idle {
	enum idle_mode mode;
	int epoll_fd; /* readable at an event; -1 when polling */
	int wake_fd; /* for wake-ups by the control thread */
	uint64_t spin_ticks; /* duration of polling without work */

	/* Written by the lcore. */
	bool is_quiet;
	uint64_t quiet_since;
	uint64_t sleeps;
};

/*
 * Opens the descriptors before a run, for the streams of one lcore. When a stream has no event to
 * wait for, all are polled after a message. Returns 0, or -errno after a message.
 */
int idle_open(struct idle *idle, enum idle_mode mode, const struct fwd_stream *streams,
	uint16_t count);
void idle_close(struct idle *idle);

/* True when it is time to sleep, after a round of polling. The lcore only. */
bool idle_is_due(struct idle *idle, bool was_busy);

/*
 * Makes deferred kick decisions and requests notifications. Returns false, with everything as
 * before, when packets are present. Otherwise sleep on epoll_fd, at most IDLE_SLEEP_MS, and then
 * disarm. The lcore only.
 */
bool idle_arm(struct idle *idle, const struct fwd_stream *streams, uint16_t count);
void idle_disarm(struct idle *idle, const struct fwd_stream *streams, uint16_t count);

#define IDLE_SLEEP_MS 1000

/* Arms, sleeps and disarms. */
void idle_sleep(struct idle *idle, const struct fwd_stream *streams, uint16_t count);

/* Ends a sleep. Any thread. */
void idle_wake(const struct idle *idle);

#endif
