/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control queue: one command at a time, with a deadline for its answer. virtio 1.x, 5.1.9.5.
 * Control thread only.
 */
#ifndef KL_NET_CONTROL_H
#define KL_NET_CONTROL_H

#include <kickless/net.h>

struct net_command {
	const char *what; /* for a message: "the device refuses WHAT" */
	uint8_t class;
	uint8_t command;
	const void *data;
	size_t data_bytes;
	/* So many of them have a descriptor of their own, before the others; 0: all have one. */
	size_t first_bytes;
	/* Data that the device writes, before its answer (VQ_GET) or behind it. */
	void *inner;
	size_t inner_bytes;
	void *reply;
	size_t reply_bytes;
};

/* Largest reply that fits. */
#define NET_REPLY_MAX 1024

/* The queue's number, by the features accepted. 5.1.2 */
uint16_t net_control_index(const struct kl_net *net);
/* Makes the queue, if CTRL_VQ was accepted. 0 or -errno after a message. */
int net_control_create(struct kl_net *net);
/* After a reset: reclaims the command in flight. */
void net_control_drain(struct kl_net *net);
/* After a reset: the queue itself is gone. */
void net_control_free(struct kl_net *net);

/*
 * Sends one command and waits. Returns the bytes of reply that the device wrote (0 without one), or
 * after a message -EIO, -ETIMEDOUT, -EINVAL (more data than fits).
 */
int net_control_query(struct kl_net *net, const struct net_command *command);
/* The same for a command without reply: 0 or -errno. */
int net_control_send(struct kl_net *net, const char *what, uint8_t class, uint8_t command,
	const void *data, size_t bytes);

#endif
