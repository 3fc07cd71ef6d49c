/* SPDX-License-Identifier: BSD-3-Clause */
/* Announcements: gratuitous packets that the device requests. virtio 1.x, 5.1.9.5.4. */
#ifndef KL_NET_ANNOUNCE_H
#define KL_NET_ANNOUNCE_H

#include <kickless/net.h>

/*
 * Counts the device's request in kl_net_info, and acknowledges it to the device by a command. A
 * request is a bit of the configuration's status field.
 *
 * The application creates and sends the packets, since the transmit queues belong to its threads:
 * see kl_net_announcement_create.
 *
 * Control thread, as every command, so never while another command waits for its answer. A failed
 * acknowledgement is logged; the next change of the configuration tries again.
 */
void net_announce_requested(struct kl_net *net);

#endif
