/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device may come back from a recovery as another one, as when its back end was replaced. Each
 * difference is logged in one line, by name: its MAC, MTU, number of queue pairs, and the size of
 * its rings. Those of its features are kl_device_changes_log's. Control thread only.
 */
#ifndef KL_NET_PAST_H
#define KL_NET_PAST_H

#include "state.h"

/*
 * Logs what differs from the last run, of which nothing is known in a start by the application. The
 * queues have been made.
 */
void net_past_compare(struct kl_net *net);
/* Keeps what the device is now, at the end of a start or recovery. */
void net_past_keep(struct kl_net *net);

#endif
