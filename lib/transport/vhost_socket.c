/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <kickless/log.h>

#define DEADLINE_MS 5000

int kl__vhost_connect(struct kl__vhost_socket *sock, const char *name, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int rc;

	sock->name = name;
	sock->fd = -1;
	if (strlen(path) >= sizeof(address.sun_path)) {
		kl_error("%s: the path has %zu bytes; a unix socket's may have %zu", name,
			strlen(path), sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock->fd < 0)
		return -errno;
	if (connect(sock->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	rc = -errno;
	kl_error("%s: can't connect: %s; is the back end running and listening there?", name,
		strerror(-rc));
	kl__vhost_disconnect(sock);
	return rc;
}

void kl__vhost_disconnect(struct kl__vhost_socket *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
}

/* After this nothing can be said on the connection any more. */
static int give_up(struct kl__vhost_socket *sock, enum vhost_user_request request, int rc)
{
	kl_error("%s: vhost-user request %d: %s", sock->name, request,
		rc == -ETIMEDOUT      ? "the back end does not answer within 5 s" :
			rc == -EPROTO ? "the back end's answer makes no sense" :
					"the back end has gone away");
	kl__vhost_disconnect(sock);
	return rc;
}

static int send_all(struct kl__vhost_socket *sock, const struct vhost_user_header *header,
	const union vhost_user_payload *payload, const int *fds, size_t count)
{
	struct iovec iov[2] = {
		{(void *)header, sizeof(*header)},
		{(void *)payload, header->size},
	};
	char control[CMSG_SPACE(VHOST_USER_MAX_REGIONS * sizeof(int))] = {0};
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t sent;

	if (count > 0) {
		struct cmsghdr *cmsg = (struct cmsghdr *)control;

		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	do
		sent = sendmsg(sock->fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	/*
	 * A message is far smaller than a socket's buffer, so it goes in one piece or not at all.
	 */
	return sent == (ssize_t)(sizeof(*header) + header->size) ? 0 : -EIO;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int receive(struct kl__vhost_socket *sock, void *data, size_t size, uint64_t deadline)
{
	size_t have = 0;

	while (have < size) {
		struct pollfd pfd = {.fd = sock->fd, .events = POLLIN};
		uint64_t now = now_ms();
		ssize_t got;

		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(&pfd, 1, (int)(deadline - now)) <= 0)
			continue;
		got = recv(sock->fd, (char *)data + have, size - have, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			return -EIO;
		if (got > 0)
			have += (size_t)got;
	}
	return 0;
}

static int receive_reply(struct kl__vhost_socket *sock, enum vhost_user_request request,
	union vhost_user_payload *payload, size_t size)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;
	struct vhost_user_header header;
	int rc = receive(sock, &header, sizeof(header), deadline);

	if (rc != 0)
		return rc;
	if (header.request != (uint32_t)request || header.size != size ||
		(header.flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION ||
		(header.flags & VHOST_USER_REPLY) == 0)
		return -EPROTO;
	return receive(sock, payload, size, deadline);
}

static int transmit(struct kl__vhost_socket *sock, enum vhost_user_request request, uint32_t flags,
	const union vhost_user_payload *payload, size_t size, const int *fds, size_t count)
{
	struct vhost_user_header header = {
		.request = (uint32_t)request,
		.flags = VHOST_USER_VERSION | flags,
		.size = (uint32_t)size,
	};

	if (sock->fd < 0)
		return -EIO;
	return send_all(sock, &header, payload, fds, count);
}

int kl__vhost_send(struct kl__vhost_socket *sock, enum vhost_user_request request,
	const union vhost_user_payload *payload, size_t size, const int *fds, size_t count)
{
	union vhost_user_payload reply = {0};
	int rc;

	if (sock->fd < 0)
		return -EIO;
	rc = transmit(sock, request, sock->acks ? VHOST_USER_NEED_REPLY : 0, payload, size, fds,
		count);
	if (rc == 0 && sock->acks)
		rc = receive_reply(sock, request, &reply, sizeof(reply.value));
	if (rc != 0)
		return give_up(sock, request, rc);
	if (reply.value == 0)
		return 0;
	kl_error("%s: the back end refuses vhost-user request %d with %llu", sock->name, request,
		(unsigned long long)reply.value);
	return -EPROTO;
}

int kl__vhost_ask(struct kl__vhost_socket *sock, enum vhost_user_request request,
	union vhost_user_payload *payload, size_t size, size_t reply_size)
{
	int rc;

	if (sock->fd < 0)
		return -EIO;
	rc = transmit(sock, request, 0, payload, size, NULL, 0);
	if (rc == 0)
		rc = receive_reply(sock, request, payload, reply_size);
	return rc == 0 ? 0 : give_up(sock, request, rc);
}
