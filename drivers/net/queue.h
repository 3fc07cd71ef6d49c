/* SPDX-License-Identifier: BSD-3-Clause */
/* Queue pairs: created, drained, checked. The control thread. */
#ifndef KL_NET_QUEUE_H
#define KL_NET_QUEUE_H

#include "state.h"

/* Makes the records of all queue pairs that the device has. 0, -ENOMEM after a message. */
int net_pairs_create(struct kl_net *net);
void net_pairs_free(struct kl_net *net);
/* Makes the queues of pair number index, which are empty; net_pair_drain frees them. */
int net_pair_create_queues(struct kl_net *net, uint16_t index, const struct kl_net_conf *conf);
/*
 * Fills the receive rings of all pairs in use. From a pool that is too small each gets an equal
 * share, and the application one to send from. 0, or -ENOMEM after a message.
 */
int net_pairs_fill(struct kl_net *net);
/* True when a packet that the device may have now lies there: struct kl_driver. */
bool net_uses_memory(struct kl_device *device, const void *address, size_t size);
/* After a reset: frees the packets that were in flight and what the queues needed. */
void net_pair_drain(struct kl_net *net, struct net_pair *pair);

/* From now on count pairs are in use. The gates of the others stay closed when the device runs. */
void net_pairs_limit(struct kl_net *net, uint16_t count);

/* Sets the largest frame by the device's MTU now and the user's. */
void net_txq_set_mtu(const struct kl_net *net, struct net_txq *txq);
/* Frees packets that the device has sent, which must not count as lost. */
void net_txq_take_sent(struct net_txq *txq);

/*
 * Wakes a thread that sleeps on a receive queue's eventfd, since notifications of the ring it armed
 * may never come: the ring was made anew, or the queue was started after a stop.
 */
void net_wake(const struct kl_net *net, uint16_t queue);

/* -EINVAL after a message unless the device runs and has this queue. */
int net_check_queue(const struct kl_net *net, uint16_t queue);
/* -EAGAIN when the running device has no queues now, after a message that begins with what. */
int net_check_presence(const struct kl_net *net, const char *what);

#endif
