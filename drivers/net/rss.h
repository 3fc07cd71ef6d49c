/* SPDX-License-Identifier: BSD-3-Clause */
/* How packets are hashed and spread over receive queues: virtio 1.x, 5.1.9.5.5 to 5.1.9.5.7. */
#ifndef KL_NET_RSS_H
#define KL_NET_RSS_H

#include "state.h"

/* VIRTIO_NET_HASH_TYPE_* as RTE_ETH_RSS_*, and back: those of which anything is in types. */
uint64_t net_rss_types_of(uint32_t hash_types);
uint32_t net_hash_types_of(uint64_t rss_types);

/* Everything that the device can hash, to all running queues in turn. 0 or -ENOMEM. */
int net_rss_default(const struct kl_net *net, struct net_rss *rss);
/* Fits a setting to the queues that run now. 0, or -EINVAL after a message. */
int net_rss_apply(const struct kl_net *net, struct net_rss *rss);
/* Frees what a setting holds. */
void net_rss_free(struct net_rss *rss);

/* steering.c: tells the running device, by the command that it has for it. 0 or -errno. */
int net_rss_send(struct kl_net *net, const struct net_rss *rss);

#endif
