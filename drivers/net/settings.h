/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was set through kickless/net_control.h, told to the device again after a reset. Each function
 * sends what was set, in the running device, and returns 0 or -errno after a message.
 */
#ifndef KL_NET_SETTINGS_H
#define KL_NET_SETTINGS_H

#include "control.h"
#include "state.h"

/* rx_mode.c */
int net_rx_modes_replay(struct kl_net *net);
/* mac.c */
int net_macs_replay(struct kl_net *net);
/* vlan.c */
int net_vlans_replay(struct kl_net *net);
/* coalescing.c */
int net_coalescing_replay(struct kl_net *net);
/* steering.c: the number of queue pairs too, which must come before any traffic. */
int net_steering_replay(struct kl_net *net);
/* tunnels.c */
int net_tunnels_replay(struct kl_net *net);
/* guest_offloads.c: if they were changed since the start. */
int net_rx_offloads_replay(struct kl_net *net);
/* queue_stop.c: stops the queues again that were stopped alone. */
int net_queue_stops_replay(struct kl_net *net);

#endif
