/* SPDX-License-Identifier: BSD-3-Clause */
/* One vhost-user connection: messages out, replies in, each with a deadline. */
#ifndef KL_TRANSPORT_VHOST_SOCKET_H
#define KL_TRANSPORT_VHOST_SOCKET_H

#include <stdbool.h>

#include "spec/vhost_user.h"

struct kl__vhost_socket {
	int fd; /* -1: the other side is gone */
	bool acks; /* REPLY_ACK was negotiated: every message is answered */
	const char *name;
};

/*
 * Connects to the socket at path. 0, or after a message -ENOENT, -ECONNREFUSED, -EACCES,
 * -ENAMETOOLONG.
 */
int kl__vhost_connect(struct kl__vhost_socket *socket, const char *name, const char *path);
void kl__vhost_disconnect(struct kl__vhost_socket *socket);

/*
 * Sends request with size bytes of payload and count file descriptors; where acks, waits for the
 * acknowledgement. 0, or after a message -EIO (the other side is gone), -ETIMEDOUT (no answer
 * within 5 s), -EPROTO (it refuses, or its answer makes no sense).
 */
int kl__vhost_send(struct kl__vhost_socket *socket, enum vhost_user_request request,
	const union vhost_user_payload *payload, size_t size, const int *fds, size_t count);

/*
 * The same for a request that has a reply, which replaces payload and must have exactly reply_size
 * bytes.
 */
int kl__vhost_ask(struct kl__vhost_socket *socket, enum vhost_user_request request,
	union vhost_user_payload *payload, size_t size, size_t reply_size);

#endif
