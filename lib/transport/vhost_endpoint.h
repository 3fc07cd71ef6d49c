/* SPDX-License-Identifier: BSD-3-Clause */
/* The path on which this side and the other connect: the one or the other listens there. */
#ifndef KL_TRANSPORT_VHOST_ENDPOINT_H
#define KL_TRANSPORT_VHOST_ENDPOINT_H

#include <limits.h>

#include "contract/transport.h"

struct kl__vhost_endpoint {
	const char *name; /* for messages */
	char path[PATH_MAX];
	int listener; /* -1: the other side listens */
};

/* The time that the first connection may take where we listen. A test may shorten it. */
extern unsigned int kl__vhost_connect_timeout_ms;

/*
 * Listens on path where choice is that this side does; else nothing happens yet. Nobody else may
 * connect before the file has its group and mode. name must live as long. 0, or after a message
 * -EINVAL (a mode or group without a file), -ENAMETOOLONG, -EADDRINUSE (somebody listens there
 * already), -EACCES, -EPERM (the group), or an error of bind.
 */
int kl__vhost_endpoint_open(struct kl__vhost_endpoint *endpoint, const char *name, const char *path,
	const struct kl__transport_choice *choice);
/* Stops listening and removes the socket's file. */
void kl__vhost_endpoint_close(struct kl__vhost_endpoint *endpoint);

/* A connected socket; -EAGAIN when nobody is there now, without waiting or a message. */
int kl__vhost_endpoint_connect(struct kl__vhost_endpoint *endpoint);

/*
 * The same for the first time: where we listen it waits for the other side, and failure is
 * explained. -ECONNREFUSED, -ENOENT, -EACCES, -ETIMEDOUT.
 */
int kl__vhost_endpoint_connect_first(struct kl__vhost_endpoint *endpoint);

#endif
