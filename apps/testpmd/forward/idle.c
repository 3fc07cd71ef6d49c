/* SPDX-License-Identifier: BSD-3-Clause */
#include "idle.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "common/message.h"
#include "stream.h"

/* Longer than the gap between packets of a busy link, and far below a person's perception. */
#define ADAPTIVE_SPIN_US 100

static const char *const names[] = {
	[IDLE_POLL] = "poll",
	[IDLE_ADAPTIVE] = "adaptive",
	[IDLE_INTERRUPT] = "interrupt",
};

int idle_parse(const char *name, enum idle_mode *mode)
{
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*mode = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *idle_name(enum idle_mode mode)
{
	return names[mode];
}

static int watch_fd(const struct idle *idle, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(idle->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* Returns -ENOTSUP when the stream has no event to wait for. */
static int watch_stream(const struct idle *idle, const struct fwd_stream *stream)
{
	const int fd = stream->rx_tap != NULL ?
		stream->rx_tap->fd :
		kl_net_queue_event_fd(stream->rx_net, stream->rx_queue);

	return fd >= 0 ? watch_fd(idle, fd) : -ENOTSUP;
}

static int open_fds(struct idle *idle)
{
	idle->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	idle->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (idle->epoll_fd < 0 || idle->wake_fd < 0)
		return -errno;
	return watch_fd(idle, idle->wake_fd);
}

static int watch_streams(struct idle *idle, const struct fwd_stream *streams, uint16_t count)
{
	int rc = open_fds(idle);

	for (uint16_t i = 0; i < count && rc == 0; i++) {
		rc = watch_stream(idle, &streams[i]);
		if (rc == -ENOTSUP)
			print_error(
				"port %u: receive queue %u has no interrupt, so it is polled in spite of "
				"--idle=%s",
				streams[i].rx_port, streams[i].rx_queue, idle_name(idle->mode));
		else if (rc != 0)
			print_error("can't wait for packets: %s", strerror(-rc));
	}
	return rc;
}

int idle_open(struct idle *idle, enum idle_mode mode, const struct fwd_stream *streams,
	uint16_t count)
{
	int rc = 0;

	*idle = (struct idle){.mode = mode, .epoll_fd = -1, .wake_fd = -1};
	if (mode == IDLE_ADAPTIVE)
		idle->spin_ticks = rte_get_tsc_hz() / US_PER_S * ADAPTIVE_SPIN_US;
	if (mode != IDLE_POLL)
		rc = watch_streams(idle, streams, count);
	if (rc != 0)
		idle_close(idle);
	return rc == -ENOTSUP ? 0 : rc;
}

void idle_close(struct idle *idle)
{
	if (idle->epoll_fd >= 0)
		close(idle->epoll_fd);
	if (idle->wake_fd >= 0)
		close(idle->wake_fd);
	idle->epoll_fd = -1;
	idle->wake_fd = -1;
}

bool idle_is_due(struct idle *idle, bool was_busy)
{
	if (idle->epoll_fd < 0)
		return false;
	if (was_busy || !idle->is_quiet) {
		idle->is_quiet = !was_busy;
		idle->quiet_since = rte_rdtsc();
		return !was_busy && idle->spin_ticks == 0;
	}
	return rte_rdtsc() - idle->quiet_since >= idle->spin_ticks;
}

static void disarm_streams(const struct fwd_stream *streams, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		if (streams[i].rx_tap == NULL)
			kl_net_rx_disarm(streams[i].rx_net, streams[i].rx_queue);
}

bool idle_arm(struct idle *idle, const struct fwd_stream *streams, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		stream_flush(&streams[i]);
	for (uint16_t i = 0; i < count; i++) {
		if (atomic_load(&streams[i].rx_held) || streams[i].rx_tap != NULL)
			continue;
		if (kl_net_rx_arm(streams[i].rx_net, streams[i].rx_queue)) {
			disarm_streams(streams, i + 1);
			idle->is_quiet = false;
			return false;
		}
	}
	idle->sleeps++;
	return true;
}

/* Polling follows, for a while or for the last time. */
void idle_disarm(struct idle *idle, const struct fwd_stream *streams, uint16_t count)
{
	uint64_t wakes;

	disarm_streams(streams, count);
	/* No counter to read is no error. */
	if (read(idle->wake_fd, &wakes, sizeof(wakes)) < 0)
		wakes = 0;
	idle->is_quiet = false;
}

void idle_sleep(struct idle *idle, const struct fwd_stream *streams, uint16_t count)
{
	struct epoll_event event;

	if (!idle_arm(idle, streams, count))
		return;
	epoll_wait(idle->epoll_fd, &event, 1, IDLE_SLEEP_MS);
	idle_disarm(idle, streams, count);
}

void idle_wake(const struct idle *idle)
{
	static const uint64_t one = 1;

	/* The counter can only be full, and then the sleeper wakes up anyway. */
	if (idle->wake_fd >= 0 && write(idle->wake_fd, &one, sizeof(one)) < 0)
		return;
}
