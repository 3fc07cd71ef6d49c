/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KL_NET_ANNOUNCE_H
#define KL_NET_ANNOUNCE_H

#include <kickless/net.h>

/*
 * The device asks for gratuitous packets: notes it for the application, and acknowledges. On the
 * control thread, like every command, so never while another one waits for its answer. 5.1.9.5.4
 */
void net_announce_requested(struct kl_net *net);

#endif
