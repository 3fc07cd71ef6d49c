/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vhost-user transport, driver side: a back end in another process serves the rings in memory
 * that both map. There are no registers, so where the back end keeps no status it lives here, and a
 * reset is the stop of every queue. The back end may go away and come back: then the status reads
 * as gone, and reconnect connects to the next one.
 */
#ifndef KL_TRANSPORT_VHOST_USER_H
#define KL_TRANSPORT_VHOST_USER_H

#include "contract/transport.h"
#include "contract/shared_memory.h"

/* The options server=0|1, mode=OCTAL and group=NAME, and the end of the table. */
extern const struct kl__transport_option kl__vhost_user_options[];

/*
 * Connects to path, or listens there and waits for the back end, as chosen. type is the virtio
 * device type, since the protocol does not name it. memory must live as long. 0, or after a message
 * -ENOMEM and the errors of the socket.
 */
int kl__vhost_user_open(const char *path, const struct kl__transport_choice *choice, uint32_t type,
	struct kl__shared_memory *memory, struct kl__transport **transport);

#endif
