/* SPDX-License-Identifier: BSD-3-Clause */
/* The two drivers that are compared, and the device that both meet, behind the same few calls. */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#define RING_SIZE 256

/* A form of ring, and what each side is told to meet it at its best. */
struct ring_form {
	const char *name;
	const char *ours; /* keys behind our device's name */
	const char *dpdk; /* arguments of DPDK's net_virtio_user */
	bool is_mergeable;
};

extern const struct ring_form ring_forms[];
#define RING_FORMS 6

struct kl_device;
struct kl_net;

/* One driver and the port at the other end of its wire; one thread. */
struct side {
	const char *name;
	uint16_t (*tx)(const struct side *side, struct rte_mbuf **packets, uint16_t count);
	uint16_t (*rx)(const struct side *side, struct rte_mbuf **packets, uint16_t count);
	void (*close)(struct side *side);
	struct kl_device *device; /* ours, and its network side */
	struct kl_net *net;
	uint16_t port; /* DPDK's driver */
	uint16_t peer; /* DPDK's vhost port */
	char path[128]; /* what the driver says of itself, or was told */
};

/* peer.c: a vhost port that serves socket. 0, or after a message a negative errno. */
int peer_open(struct side *side, const char *socket, uint16_t queues, struct rte_mempool *pool);
/* peer.c: an ethdev with so many queue pairs of size descriptors is set up and started. */
int ethdev_start(uint16_t port, uint16_t queues, uint16_t size, struct rte_mempool *pool);
void peer_close(struct side *side);

/* Both open their peer first. 0, or after a message a negative errno. */
int kickless_open(struct side *side, const struct ring_form *form, struct rte_mempool *pool);
int dpdk_open(struct side *side, const struct ring_form *form, struct rte_mempool *pool);

#endif
