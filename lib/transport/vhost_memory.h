/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of this process that a back end has been sent, kept up to date while it runs. */
#ifndef KL_TRANSPORT_VHOST_MEMORY_H
#define KL_TRANSPORT_VHOST_MEMORY_H

#include "contract/shared_memory.h"
#include "transport/vhost_socket.h"

struct kl__vhost_memory {
	struct kl__shared_memory *source;
	struct kl__vhost_socket *socket;
	/* Of all below. Taken before the socket's; never held while the source is read. */
	pthread_mutex_t lock;
	bool has_slots; /* regions can be added and removed one by one */
	unsigned int limit; /* regions that the back end can have */
	bool is_sent;
	unsigned int changes;
	unsigned int count;
	struct kl__shared_region sent[KL__SHARED_REGIONS_MAX];
};

/* Watches the source from now on. 0, -ENOMEM. */
int kl__vhost_memory_open(struct kl__vhost_memory *memory, struct kl__vhost_socket *socket,
	struct kl__shared_memory *source);
void kl__vhost_memory_close(struct kl__vhost_memory *memory);

/* A new connection, on which nothing has been sent. slots: 0, or how many regions it can have. */
void kl__vhost_memory_begin(struct kl__vhost_memory *memory, uint64_t slots);

/* Sends all memory to the back end, unless it has it. 0 or -errno after a message. */
int kl__vhost_memory_send(struct kl__vhost_memory *memory);

#endif
