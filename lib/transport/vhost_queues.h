/* SPDX-License-Identifier: BSD-3-Clause */
/* The queues of a vhost-user back end: enabled, kicked, stopped. */
#ifndef KL_TRANSPORT_VHOST_QUEUES_H
#define KL_TRANSPORT_VHOST_QUEUES_H

#include "transport/vhost_state.h"

/* Operations of struct kl__transport_ops. */
int kl__vhost_queue_enable(struct kl__transport *transport, const struct kl__queue_setup *setup,
	struct kl_notifier *notifier);
int kl__vhost_set_interrupts(struct kl__transport *transport, unsigned int vectors, const int *fds);
void kl__vhost_release_threads(struct kl__transport *transport);

/* Enables all queues. 0 or, when the back end refuses one, after a message -errno. */
int kl__vhost_enable_queues(struct kl__vhost_user *user);
/*
 * Stops all queues. 0 when the back end no longer touches any. -errno when it did not confirm that:
 * then the conversation has ended, and as long as that is under way the queues stay enabled.
 */
int kl__vhost_stop_queues(struct kl__vhost_user *user);
/* Forgets the queues, which the back end no longer touches. */
void kl__vhost_forget_queues(struct kl__vhost_user *user);
/* Tests whether the back end may be touching a queue. */
bool kl__vhost_has_queues(const struct kl__vhost_user *user);

#endif
