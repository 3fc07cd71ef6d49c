/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vhost-user transport, driver side: a back end in another process serves the rings in memory
 * that both map. There are no registers, so the status lives here, and a reset is the stop of every
 * queue.
 */
#ifndef KL_TRANSPORT_VHOST_USER_H
#define KL_TRANSPORT_VHOST_USER_H

#include "transport/contract.h"
#include "transport/shared_memory.h"

/*
 * Connects to path. type is the virtio device type, since the protocol does not tell. 0, or after a
 * message -ENOMEM and the errors of the socket.
 */
int kl__vhost_user_open(const char *path, uint32_t type, kl__shared_memory_fn *memory,
	struct kl__transport **transport);

#endif
