/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The channel on which a back end sends requests of its own. All that is of use here is that its
 * configuration has changed; other requests are answered with a refusal. Whatever comes, it ends
 * this channel at most: the connection to the back end goes on without it.
 */
#ifndef KL_TRANSPORT_VHOST_CHANNEL_H
#define KL_TRANSPORT_VHOST_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "spec/vhost_user.h"

struct kl__vhost_channel {
	int fd; /* -1: there is none */
	int change_fd; /* an eventfd, readable until a change has been taken */
	bool has_reported; /* a change, since it was opened */
	const char *name; /* of the transport, for messages */
	/* The request that has begun to come, and how many of its bytes are there. */
	struct {
		struct vhost_user_header header;
		union vhost_user_payload payload;
	} request;
	uint32_t have;
	/* Requests within the second that began at second_ms. */
	uint64_t second_ms;
	unsigned int requests;
};

/* No channel yet. 0, or -errno: no descriptor is left. name must live as long. */
int kl__vhost_channel_init(struct kl__vhost_channel *channel, const char *name);

/*
 * Opens a channel, after an earlier one was closed. Returns the back end's end, which the caller
 * sends and closes, or -errno.
 */
int kl__vhost_channel_open(struct kl__vhost_channel *channel);
void kl__vhost_channel_close(struct kl__vhost_channel *channel);
/* The end of all: closes change_fd too. */
void kl__vhost_channel_destroy(struct kl__vhost_channel *channel);

/*
 * Reads and answers what has come, without waiting. A channel that breaks a rule is closed after a
 * message.
 */
void kl__vhost_channel_serve(struct kl__vhost_channel *channel);

/* Makes change_fd readable. */
void kl__vhost_channel_note_change(struct kl__vhost_channel *channel);

#endif
