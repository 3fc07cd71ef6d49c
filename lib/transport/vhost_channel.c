/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_channel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kickless/driver/clock.h>
#include <kickless/log.h>

/* A disk is not resized, nor a link changed, that often. It bounds the time of one reading too. */
#define REQUESTS_PER_SECOND 64

/* The answers to a request: done, or not. */
#define DONE 0
#define REFUSED 1

int kl__vhost_channel_init(struct kl__vhost_channel *channel, const char *name)
{
	*channel = (struct kl__vhost_channel){
		.fd = -1,
		.change_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.name = name,
	};
	return channel->change_fd < 0 ? -errno : 0;
}

void kl__vhost_channel_close(struct kl__vhost_channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	channel->have = 0;
	channel->has_reported = false;
}

void kl__vhost_channel_destroy(struct kl__vhost_channel *channel)
{
	kl__vhost_channel_close(channel);
	if (channel->change_fd >= 0)
		close(channel->change_fd);
	channel->change_fd = -1;
}

int kl__vhost_channel_open(struct kl__vhost_channel *channel)
{
	int ends[2];

	kl__vhost_channel_close(channel);
	/* The other's end blocks, as it may expect. Ours is never waited for: MSG_DONTWAIT. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -errno;
	channel->fd = ends[0];
	channel->requests = 0;
	return ends[1];
}

/* Always returns false. */
__attribute__((format(printf, 2, 3))) static bool fail_channel(struct kl__vhost_channel *channel,
	const char *format, ...)
{
	va_list arguments;
	char why[96];

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	kl_warning(
		"%s: on its own channel the back end %s; the channel is closed, and changes are seen later",
		channel->name, why);
	kl__vhost_channel_close(channel);
	return false;
}

/* As each back end does that ends; of its connection it is logged. Always returns false. */
static bool end_channel(struct kl__vhost_channel *channel)
{
	kl_debug("%s: the back end has closed its own channel", channel->name);
	kl__vhost_channel_close(channel);
	return false;
}

/* True when size bytes of the request are there. */
static bool receive_until(struct kl__vhost_channel *channel, uint32_t size)
{
	while (channel->have < size) {
		char *at = (char *)&channel->request + channel->have;
		/* File descriptors with it are dropped by the kernel: there is no room for any. */
		ssize_t got = recv(channel->fd, at, size - channel->have, MSG_DONTWAIT);

		if (got > 0)
			channel->have += (uint32_t)got;
		else if (got < 0 && errno == EAGAIN)
			return false;
		else if (got == 0 || errno != EINTR)
			return end_channel(channel);
	}
	return true;
}

static bool check_header(struct kl__vhost_channel *channel)
{
	const struct vhost_user_header *header = &channel->request.header;

	if ((header->flags & (VHOST_USER_VERSION_MASK | VHOST_USER_REPLY)) != VHOST_USER_VERSION)
		return fail_channel(channel, "sends flags 0x%x, which are no request of version %u",
			header->flags, VHOST_USER_VERSION);
	if (header->size <= sizeof(channel->request.payload))
		return true;
	return fail_channel(channel, "sends a request of %u bytes; allowed are up to %zu",
		header->size, sizeof(channel->request.payload));
}

static bool count_request(struct kl__vhost_channel *channel)
{
	uint64_t now = kl_clock_ms();

	if (channel->requests == 0 || now - channel->second_ms >= 1000) {
		channel->second_ms = now;
		channel->requests = 0;
	}
	if (channel->requests++ < REQUESTS_PER_SECOND)
		return true;
	return fail_channel(channel, "sends more than %u requests within a second",
		REQUESTS_PER_SECOND);
}

static void send_answer(struct kl__vhost_channel *channel, uint64_t value)
{
	struct {
		struct vhost_user_header header;
		uint64_t value;
	} __attribute__((packed)) answer = {
		.header = {.request = channel->request.header.request,
			.flags = VHOST_USER_VERSION | VHOST_USER_REPLY,
			.size = sizeof(value)},
		.value = value,
	};
	ssize_t sent;

	do {
		sent = send(channel->fd, &answer, sizeof(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent != (ssize_t)sizeof(answer))
		(void)fail_channel(channel, "does not take the answer to its request %u",
			channel->request.header.request);
}

void kl__vhost_channel_note_change(struct kl__vhost_channel *channel)
{
	const uint64_t one = 1;

	/* It can only fail when the counter is full, and then it is readable too. */
	if (write(channel->change_fd, &one, sizeof(one)) < 0)
		return;
}

/* Deals with a request that has come as a whole. */
static void execute_request(struct kl__vhost_channel *channel)
{
	uint64_t result = DONE;

	if (channel->request.header.request != VHOST_USER_BACKEND_CONFIG_CHANGE_MSG) {
		kl_debug("%s: request %u of the back end is refused: it is not known",
			channel->name, channel->request.header.request);
		result = REFUSED;
	} else {
		channel->has_reported = true;
		kl__vhost_channel_note_change(channel);
	}
	if ((channel->request.header.flags & VHOST_USER_NEED_REPLY) != 0)
		send_answer(channel, result);
}

/* Reads and answers one request. False when there is none now, or the channel is closed. */
static bool serve_one(struct kl__vhost_channel *channel)
{
	const uint32_t header = sizeof(channel->request.header);

	if (channel->fd < 0 || !receive_until(channel, header) || !check_header(channel) ||
		!receive_until(channel, header + channel->request.header.size) ||
		!count_request(channel))
		return false;
	execute_request(channel);
	channel->have = 0;
	return true;
}

void kl__vhost_channel_serve(struct kl__vhost_channel *channel)
{
	while (serve_one(channel))
		;
}
