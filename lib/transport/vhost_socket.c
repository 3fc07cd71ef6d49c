/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kickless/driver/clock.h>
#include <kickless/log.h>

static const char *const names[] = {
	[VHOST_USER_GET_FEATURES] = "GET_FEATURES",
	[VHOST_USER_SET_FEATURES] = "SET_FEATURES",
	[VHOST_USER_SET_OWNER] = "SET_OWNER",
	[VHOST_USER_SET_MEM_TABLE] = "SET_MEM_TABLE",
	[VHOST_USER_SET_VRING_NUM] = "SET_VRING_NUM",
	[VHOST_USER_SET_VRING_ADDR] = "SET_VRING_ADDR",
	[VHOST_USER_SET_VRING_BASE] = "SET_VRING_BASE",
	[VHOST_USER_GET_VRING_BASE] = "GET_VRING_BASE",
	[VHOST_USER_SET_VRING_KICK] = "SET_VRING_KICK",
	[VHOST_USER_SET_VRING_CALL] = "SET_VRING_CALL",
	[VHOST_USER_GET_PROTOCOL_FEATURES] = "GET_PROTOCOL_FEATURES",
	[VHOST_USER_SET_PROTOCOL_FEATURES] = "SET_PROTOCOL_FEATURES",
	[VHOST_USER_GET_QUEUE_NUM] = "GET_QUEUE_NUM",
	[VHOST_USER_SET_VRING_ENABLE] = "SET_VRING_ENABLE",
	[VHOST_USER_SET_BACKEND_REQ_FD] = "SET_BACKEND_REQ_FD",
	[VHOST_USER_GET_CONFIG] = "GET_CONFIG",
	[VHOST_USER_SET_CONFIG] = "SET_CONFIG",
	[VHOST_USER_RESET_DEVICE] = "RESET_DEVICE",
	[VHOST_USER_GET_MAX_MEM_SLOTS] = "GET_MAX_MEM_SLOTS",
	[VHOST_USER_ADD_MEM_REG] = "ADD_MEM_REG",
	[VHOST_USER_REM_MEM_REG] = "REM_MEM_REG",
	[VHOST_USER_SET_STATUS] = "SET_STATUS",
	[VHOST_USER_GET_STATUS] = "GET_STATUS",
};

int kl__vhost_init(struct kl__vhost_socket *sock, const char *name, unsigned int timeout_ms)
{
	*sock = (struct kl__vhost_socket){.fd = -1, .name = name, .timeout_ms = timeout_ms};
	pthread_mutex_init(&sock->lock, NULL);
	return kl__vhost_channel_init(&sock->channel, name);
}

void kl__vhost_destroy(struct kl__vhost_socket *sock)
{
	kl__vhost_channel_destroy(&sock->channel);
	pthread_mutex_destroy(&sock->lock);
}

static void close_connection(struct kl__vhost_socket *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
	kl__vhost_channel_close(&sock->channel);
	sock->poll = (struct kl__vhost_poll){0};
	sock->acks = false;
	sock->is_ending = false;
}

/* The events of the connection now, whatever signals there are. */
static short poll_now(const struct kl__vhost_socket *sock)
{
	struct pollfd pfd = {.fd = sock->fd, .events = POLLIN | POLLRDHUP};

	while (poll(&pfd, 1, 0) < 0 && errno == EINTR)
		;
	return pfd.revents;
}

/* With this side's end shut down, the connection hangs up when the other's is. */
static void end_conversation(struct kl__vhost_socket *sock)
{
	if (sock->fd < 0)
		return;
	shutdown(sock->fd, SHUT_WR);
	sock->is_ending = true;
	if ((poll_now(sock) & (POLLHUP | POLLERR)) != 0)
		close_connection(sock);
}

void kl__vhost_attach(struct kl__vhost_socket *sock, int fd)
{
	pthread_mutex_lock(&sock->lock);
	close_connection(sock);
	sock->fd = fd;
	pthread_mutex_unlock(&sock->lock);
}

void kl__vhost_disconnect(struct kl__vhost_socket *sock)
{
	pthread_mutex_lock(&sock->lock);
	close_connection(sock);
	pthread_mutex_unlock(&sock->lock);
}

void kl__vhost_end(struct kl__vhost_socket *sock)
{
	pthread_mutex_lock(&sock->lock);
	end_conversation(sock);
	pthread_mutex_unlock(&sock->lock);
}

bool kl__vhost_is_ending(struct kl__vhost_socket *sock)
{
	bool is_ending;

	pthread_mutex_lock(&sock->lock);
	if (sock->is_ending)
		end_conversation(sock);
	is_ending = sock->is_ending;
	pthread_mutex_unlock(&sock->lock);
	return is_ending;
}

/* After this nothing can be sent on the connection any more. Returns rc. */
__attribute__((format(printf, 4, 5))) static int fail_request(struct kl__vhost_socket *sock,
	enum vhost_user_request request, int rc, const char *format, ...)
{
	va_list arguments;
	char why[128];

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	kl_error("%s: vhost-user %s: the back end %s; the connection is closed", sock->name,
		names[request], why);
	end_conversation(sock);
	return rc;
}

/* 0 when the socket is ready, or hung up, which the next call on it shows; -ETIMEDOUT. */
static int wait_for(struct kl__vhost_socket *sock, short events, uint64_t deadline)
{
	struct pollfd pfds[] = {{.fd = sock->fd, .events = events}, {.events = POLLIN}};

	for (;;) {
		uint64_t now = kl_clock_ms();

		if (now >= deadline)
			return -ETIMEDOUT;
		pfds[1].fd = sock->channel.fd;
		if (poll(pfds, 2, (int)(deadline - now)) <= 0)
			continue;
		if (pfds[1].revents != 0)
			kl__vhost_channel_serve(&sock->channel);
		if (pfds[0].revents != 0)
			return 0;
	}
}

static void attach_fds(struct msghdr *message, char *control, const int *fds, size_t count)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)control;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
}

static unsigned int timeout_of(const struct kl__vhost_socket *sock)
{
	return sock->early_ms != 0 ? sock->early_ms : sock->timeout_ms;
}

/* Behind the time of a message: what a user can change about it. */
static const char *option_of(const struct kl__vhost_socket *sock)
{
	return sock->early_ms != 0 ? "" : " (option timeout_ms)";
}

static int send_all(struct kl__vhost_socket *sock, const struct vhost_user_header *header,
	const union vhost_user_payload *payload, const int *fds, size_t count)
{
	char control[CMSG_SPACE(VHOST_USER_MAX_REGIONS * sizeof(int))] = {0};
	struct iovec iov[2] = {
		{(void *)(uintptr_t)header, sizeof(*header)},
		{(void *)(uintptr_t)payload, header->size},
	};
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = 2};
	uint64_t deadline = kl_clock_ms() + timeout_of(sock);
	ssize_t sent;

	if (count > 0)
		attach_fds(&message, control, fds, count);
	for (;;) {
		if (wait_for(sock, POLLOUT, deadline) != 0)
			return fail_request(sock, header->request, -ETIMEDOUT,
				"has taken no message for %u ms%s", timeout_of(sock),
				option_of(sock));
		sent = sendmsg(sock->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent >= 0 || (errno != EINTR && errno != EAGAIN))
			break;
	}
	/* It is far smaller than a socket's buffer, so it goes as a whole or not at all. */
	if (sent == (ssize_t)(sizeof(*header) + header->size))
		return 0;
	return fail_request(sock, header->request, -EIO, "has gone away");
}

static int receive_bytes(struct kl__vhost_socket *sock, enum vhost_user_request request, void *data,
	size_t size, uint64_t deadline)
{
	size_t have = 0;

	while (have < size) {
		struct iovec iov = {(char *)data + have, size - have};
		struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t got;

		if (wait_for(sock, POLLIN, deadline) != 0)
			return fail_request(sock, request, -ETIMEDOUT,
				"does not answer within %u ms%s", timeout_of(sock),
				option_of(sock));
		got = recvmsg(sock->fd, &message, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			return fail_request(sock, request, -EIO, "has gone away");
		/* There is no room for any, so the kernel has dropped them. */
		if (got > 0 && (message.msg_flags & MSG_CTRUNC) != 0)
			return fail_request(sock, request, -EPROTO,
				"answers with file descriptors, and should have sent none");
		if (got > 0)
			have += (size_t)got;
	}
	return 0;
}

/* *size is what the reply should have; 0 on return when it is empty instead, which is a refusal. */
static int receive_next(struct kl__vhost_socket *sock, enum vhost_user_request request,
	union vhost_user_payload *payload, size_t *size, uint64_t deadline)
{
	struct vhost_user_header header;
	int rc = receive_bytes(sock, request, &header, sizeof(header), deadline);

	if (rc != 0)
		return rc;
	if (header.request != (uint32_t)request)
		return fail_request(sock, request, -EPROTO, "answers request %u, instead of %u",
			header.request, (unsigned int)request);
	if ((header.flags & (VHOST_USER_VERSION_MASK | VHOST_USER_REPLY)) !=
		(VHOST_USER_VERSION | VHOST_USER_REPLY))
		return fail_request(sock, request, -EPROTO,
			"answers with flags 0x%x, which are no reply of version %u", header.flags,
			VHOST_USER_VERSION);
	if (header.size == 0)
		*size = 0;
	if (header.size != *size)
		return fail_request(sock, request, -EPROTO,
			"answers with %u bytes, and should have sent %zu", header.size, *size);
	return receive_bytes(sock, request, payload, *size, deadline);
}

/* The answer to a poll of the configuration; one that is refused changes nothing. */
static int receive_poll(struct kl__vhost_socket *sock, uint64_t deadline)
{
	struct kl__vhost_poll *last = &sock->poll;
	union vhost_user_payload payload = {0};
	size_t size = offsetof(struct vhost_user_config, bytes) + last->requested;
	int rc = receive_next(sock, VHOST_USER_GET_CONFIG, &payload, &size, deadline);

	last->is_pending = false;
	if (rc != 0 || size == 0)
		return rc;
	if (last->count != last->requested ||
		memcmp(last->bytes, payload.config.bytes, last->requested) != 0)
		kl__vhost_channel_note_change(&sock->channel);
	memcpy(last->bytes, payload.config.bytes, last->requested);
	last->count = last->requested;
	return 0;
}

static int receive_reply(struct kl__vhost_socket *sock, enum vhost_user_request request,
	union vhost_user_payload *payload, size_t *size)
{
	uint64_t deadline = kl_clock_ms() + timeout_of(sock);
	int rc = 0;

	/* A back end answers in the order in which it was sent messages. */
	if (sock->poll.is_pending)
		rc = receive_poll(sock, deadline);
	return rc == 0 ? receive_next(sock, request, payload, size, deadline) : rc;
}

bool kl__vhost_is_alive(struct kl__vhost_socket *sock)
{
	short events = 0;
	bool is_alive;

	pthread_mutex_lock(&sock->lock);
	if (sock->is_ending)
		close_connection(sock);
	if (sock->fd >= 0)
		events = poll_now(sock);
	/* Behind the answer there may be what was not requested. A wrong one ends all. */
	if (events == POLLIN && sock->poll.is_pending)
		events = receive_poll(sock, kl_clock_ms() + timeout_of(sock)) == 0 ?
			poll_now(sock) :
			0;
	is_alive = sock->fd >= 0 && !sock->is_ending && events == 0;
	if ((events & (POLLHUP | POLLRDHUP | POLLERR)) != 0) {
		kl_warning("%s: the back end has gone away", sock->name);
		close_connection(sock);
	} else if (events != 0) {
		kl_warning("%s: the back end sends unrequested data; the connection is closed",
			sock->name);
		end_conversation(sock);
	}
	pthread_mutex_unlock(&sock->lock);
	return is_alive;
}

static int send_message(struct kl__vhost_socket *sock, enum vhost_user_request request,
	uint32_t flags, const union vhost_user_payload *payload, size_t size, const int *fds,
	size_t count)
{
	struct vhost_user_header header = {
		.request = (uint32_t)request,
		.flags = VHOST_USER_VERSION | flags,
		.size = (uint32_t)size,
	};

	if (sock->fd < 0 || sock->is_ending)
		return -ENOTCONN;
	return send_all(sock, &header, payload, fds, count);
}

/* *refusal is what it is acknowledged with, 0 when it is not refused. */
static int send_locked(struct kl__vhost_socket *sock, enum vhost_user_request request,
	const union vhost_user_payload *payload, size_t size, const int *fds, size_t count,
	uint64_t *refusal)
{
	union vhost_user_payload reply = {0};
	size_t reply_size = sizeof(reply.value);
	bool acks = sock->acks;
	int rc = send_message(sock, request, acks ? VHOST_USER_NEED_REPLY : 0, payload, size, fds,
		count);

	*refusal = 0;
	if (rc == 0 && acks)
		rc = receive_reply(sock, request, &reply, &reply_size);
	if (rc != 0 || !acks)
		return rc;
	if (reply_size == 0)
		return fail_request(sock, request, -EPROTO, "acknowledges with 0 bytes, not 8");
	*refusal = reply.value;
	return 0;
}

int kl__vhost_send(struct kl__vhost_socket *sock, enum vhost_user_request request,
	const union vhost_user_payload *payload, size_t size, const int *fds, size_t count)
{
	uint64_t refusal;
	int rc;

	pthread_mutex_lock(&sock->lock);
	rc = send_locked(sock, request, payload, size, fds, count, &refusal);
	pthread_mutex_unlock(&sock->lock);
	if (rc != 0 || refusal == 0)
		return rc;
	kl_error("%s: vhost-user %s: the back end refuses it with %llu", sock->name, names[request],
		(unsigned long long)refusal);
	return -EPROTO;
}

int kl__vhost_request(struct kl__vhost_socket *sock, enum vhost_user_request request,
	union vhost_user_payload *payload, size_t size, size_t reply_size)
{
	int rc;

	pthread_mutex_lock(&sock->lock);
	rc = send_message(sock, request, 0, payload, size, NULL, 0);
	if (rc == 0)
		rc = receive_reply(sock, request, payload, &reply_size);
	pthread_mutex_unlock(&sock->lock);
	if (rc == 0 && reply_size == 0) {
		kl_error("%s: vhost-user %s: the back end refuses it with an empty answer",
			sock->name, names[request]);
		rc = -EPROTO;
	}
	return rc;
}

/* As without descriptors, or of back ends that claim every feature of the protocol. */
static void warn_without_channel(const struct kl__vhost_socket *sock, const char *why)
{
	kl_warning(
		"%s: vhost-user SET_BACKEND_REQ_FD: %s; changes of the back end's configuration are "
		"seen later",
		sock->name, why);
}

int kl__vhost_open_channel(struct kl__vhost_socket *sock, int event_fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};
	const union vhost_user_payload none = {0};
	uint64_t refusal = 0;
	int end, rc = 0;
	char why[64];

	pthread_mutex_lock(&sock->lock);
	end = kl__vhost_channel_open(&sock->channel);
	if (end < 0) {
		warn_without_channel(sock, strerror(-end));
		goto unlock;
	}
	rc = send_locked(sock, VHOST_USER_SET_BACKEND_REQ_FD, &none, 0, &end, 1, &refusal);
	close(end);
	if (refusal != 0) {
		snprintf(why, sizeof(why), "the back end refuses it with %llu",
			(unsigned long long)refusal);
		warn_without_channel(sock, why);
	}
	if (rc != 0 || refusal != 0)
		kl__vhost_channel_close(&sock->channel);
	/* It may have been closed while the answer was waited for. */
	else if (sock->channel.fd >= 0)
		epoll_ctl(event_fd, EPOLL_CTL_ADD, sock->channel.fd, &event);
unlock:
	pthread_mutex_unlock(&sock->lock);
	return rc;
}

void kl__vhost_serve_channel(struct kl__vhost_socket *sock)
{
	pthread_mutex_lock(&sock->lock);
	kl__vhost_channel_serve(&sock->channel);
	pthread_mutex_unlock(&sock->lock);
}

/* Less than the time after which an event is due; the answer is an event of its own. */
#define POLL_PAUSE_MS 500

void kl__vhost_poll_config(struct kl__vhost_socket *sock, uint32_t size)
{
	const union vhost_user_payload payload = {.config = {.size = size}};
	struct kl__vhost_poll *last = &sock->poll;
	uint64_t now = kl_clock_ms();

	pthread_mutex_lock(&sock->lock);
	if (!last->is_pending && (last->sent_ms == 0 || now - last->sent_ms >= POLL_PAUSE_MS) &&
		send_message(sock, VHOST_USER_GET_CONFIG, 0, &payload,
			offsetof(struct vhost_user_config, bytes) + size, NULL, 0) == 0) {
		last->is_pending = true;
		last->sent_ms = now;
		last->requested = size;
	}
	pthread_mutex_unlock(&sock->lock);
}

bool kl__vhost_is_connected(struct kl__vhost_socket *sock)
{
	bool is_connected;

	pthread_mutex_lock(&sock->lock);
	is_connected = sock->fd >= 0 && !sock->is_ending;
	pthread_mutex_unlock(&sock->lock);
	return is_connected;
}

bool kl__vhost_reports_changes(struct kl__vhost_socket *sock)
{
	bool has_reported;

	pthread_mutex_lock(&sock->lock);
	has_reported = sock->channel.has_reported;
	pthread_mutex_unlock(&sock->lock);
	return has_reported;
}
