/* SPDX-License-Identifier: BSD-3-Clause */
/* One vhost-user connection: messages out, replies in, each with a deadline. */
#ifndef KL_TRANSPORT_VHOST_SOCKET_H
#define KL_TRANSPORT_VHOST_SOCKET_H

#include <pthread.h>
#include <stdbool.h>

#include "spec/vhost_user.h"
#include "transport/vhost_channel.h"

/*
 * The configuration, read from time to time where the back end may not report its changes. The
 * answer is not waited for: a back end that stands still for long, as in a debugger, is not ended
 * for that.
 */
struct kl__vhost_poll {
	bool is_pending; /* GET_CONFIG was sent, and its answer has not come */
	uint64_t sent_ms; /* the last one; 0: none */
	uint32_t requested; /* bytes, in the last one */
	uint32_t count; /* bytes of the last answer; 0: none */
	uint8_t bytes[VHOST_USER_MAX_CONFIG];
};

struct kl__vhost_socket {
	int fd; /* -1: the other side is gone */
	bool acks; /* REPLY_ACK was negotiated: every message is answered */
	/*
	 * This side has ended the conversation, and the other has not closed its end yet: what it
	 * does now is not known.
	 */
	bool is_ending;
	unsigned int timeout_ms; /* of each message and answer */
	unsigned int early_ms; /* a shorter one for now; 0: none */
	const char *name;
	/* The back end may wait for an answer there before it answers here. */
	struct kl__vhost_channel channel;
	struct kl__vhost_poll poll;
	/* A message and its answer belong together; any thread may add memory. */
	pthread_mutex_t lock;
};

/* Not connected yet; name must live as long. 0, or -errno: no descriptor is left. */
int kl__vhost_init(struct kl__vhost_socket *socket, const char *name, unsigned int timeout_ms);
/* After the connection was closed. */
void kl__vhost_destroy(struct kl__vhost_socket *socket);
/* Talks over fd, a connected socket that belongs to the other from now on. */
void kl__vhost_attach(struct kl__vhost_socket *socket, int fd);
/* Closes the connection; for one whose other side knows no queue. */
void kl__vhost_disconnect(struct kl__vhost_socket *socket);
/* Ends the conversation. The connection is closed when the other side has closed its end. */
void kl__vhost_end(struct kl__vhost_socket *socket);
/*
 * Tests whether the conversation was ended and the other side has not closed its end. A system
 * call.
 */
bool kl__vhost_is_ending(struct kl__vhost_socket *socket);

/*
 * Tests whether the other side is still there. A system call, no message. When it has hung up, the
 * connection is closed after a message; when it sends unrequested data, the conversation ends.
 */
bool kl__vhost_is_alive(struct kl__vhost_socket *socket);

/*
 * Opens the back end's own channel, which makes the epoll event_fd readable, and sends it. 0, also
 * when the back end refuses it or no descriptor is left; as kl__vhost_send.
 */
int kl__vhost_open_channel(struct kl__vhost_socket *socket, int event_fd);
/* Reads and answers what has come there, without waiting. */
void kl__vhost_serve_channel(struct kl__vhost_socket *socket);

/*
 * Sends a request for size bytes of the configuration, unless an answer is to come still or the
 * last request was a moment ago. An answer that differs from the one before, or is the first, makes
 * the channel's change_fd readable when it is seen: by kl__vhost_is_alive or the next message.
 */
void kl__vhost_poll_config(struct kl__vhost_socket *socket, uint32_t size);
/* False once either side has ended the conversation. Reads no message. */
bool kl__vhost_is_connected(struct kl__vhost_socket *socket);
/* True when the back end has shown that it reports changes of its configuration. */
bool kl__vhost_reports_changes(struct kl__vhost_socket *socket);

/*
 * Sends request with size bytes of payload and count file descriptors; where acks, waits for the
 * acknowledgement. 0, -ENOTCONN, or after a message -EIO (the other side is gone), -ETIMEDOUT (it
 * does not answer), -EPROTO (it refuses, or its answer makes no sense). The conversation ends with
 * all of these but a refusal.
 */
int kl__vhost_send(struct kl__vhost_socket *socket, enum vhost_user_request request,
	const union vhost_user_payload *payload, size_t size, const int *fds, size_t count);

/*
 * The same for a request that has a reply, which replaces payload and must have exactly reply_size
 * bytes; none at all is a refusal.
 */
int kl__vhost_request(struct kl__vhost_socket *socket, enum vhost_user_request request,
	union vhost_user_payload *payload, size_t size, size_t reply_size);

#endif
