/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steering: the number of queue pairs in use, the queue of each received packet, and the hash that
 * chooses it. virtio 1.x, 5.1.9.5.5 to 5.1.9.5.7, and 5.1.9.4.4.4 for tunnels.
 */
#ifndef KL_NET_STEERING_H
#define KL_NET_STEERING_H

#include "state.h"

/*
 * Sends the number of queue pairs, RSS and hash settings to the running device. It comes before any
 * traffic. 0, or -errno after a message.
 */
int net_steering_replay(struct kl_net *net);

/* Frees the memory of a setting, and clears it. */
void net_rss_free(struct net_rss *rss);

#endif
