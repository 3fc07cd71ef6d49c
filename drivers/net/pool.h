/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools whose packets lie in regions: kl_net_pool_create in kickless/net.h. The control thread.
 */
#ifndef KL_NET_POOL_H
#define KL_NET_POOL_H

#include "state.h"

/*
 * Lets the device reach the packets of a pool by kl_net_pool_create; any other pool is left as it
 * is. 0, or -errno after a message.
 */
int net_pool_grant_own(struct kl_net *net, struct rte_mempool *pool);

/*
 * The device is being closed, which revokes all that it was granted: no pool names it any more.
 */
void net_pools_forget(const struct kl_device *device);

#endif
