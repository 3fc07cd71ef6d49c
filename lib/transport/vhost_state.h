/* SPDX-License-Identifier: BSD-3-Clause */
/* The state of the vhost-user transport: its back end, and what was agreed on with it. */
#ifndef KL_TRANSPORT_VHOST_STATE_H
#define KL_TRANSPORT_VHOST_STATE_H

#include "contract/transport.h"
#include "transport/vhost_endpoint.h"
#include "transport/vhost_memory.h"
#include "transport/vhost_socket.h"

/* The number of a queue has 8 bits in some messages. */
#define KL__VHOST_MAX_QUEUES 256

struct kl__vhost_user {
	struct kl__transport transport;
	struct kl__vhost_endpoint endpoint;
	struct kl__vhost_socket socket;
	struct kl__vhost_memory memory;
	uint64_t offered;
	uint64_t accepted;
	uint64_t protocol; /* features of the protocol that both have */
	uint16_t queue_count;
	uint16_t config_end; /* of what was read of the configuration on this connection */
	uint8_t status; /* as last written; where the back end keeps it, as last read */
	bool refuses_features;
	bool refuses_queues; /* it did not enable one; it is no device that could run */
	/* Of the last connection that was agreed on. */
	uint64_t last_protocol;
	uint16_t last_queue_count;
	unsigned int unanswered; /* handshakes in a row, since the last that succeeded */
	int event_fd; /* an epoll, since the connection under it changes */
	int kick_fd[KL__VHOST_MAX_QUEUES]; /* -1: not enabled */
	unsigned int vectors;
	int call_fd[KL__VHOST_MAX_QUEUES + 1]; /* by interrupt vector; the application's */
};

static inline struct kl__vhost_user *kl__vhost(struct kl__transport *transport)
{
	return (struct kl__vhost_user *)transport;
}

static inline bool kl__vhost_has(const struct kl__vhost_user *user, unsigned int protocol_feature)
{
	return (user->protocol >> protocol_feature & 1) != 0;
}

#endif
