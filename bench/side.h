/* SPDX-License-Identifier: BSD-3-Clause */
/* The two drivers that are compared, and the device that both meet, behind the same few calls. */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

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

/* How large a side is made. */
struct side_shape {
	uint16_t queues; /* queue pairs, of which bursts use any */
	uint16_t ring_size;
	struct rte_mempool *pool;
};

/* One driver and the port at the other end of its wire; one thread. */
struct side {
	const char *name;
	uint16_t (*tx)(const struct side *side, uint16_t queue, struct rte_mbuf **packets,
		uint16_t count);
	uint16_t (*rx)(const struct side *side, uint16_t queue, struct rte_mbuf **packets,
		uint16_t count);
	void (*close)(struct side *side);
	struct kl_device *device; /* ours, and its network side */
	struct kl_net *net;
	unsigned int number; /* among all that were ever opened */
	uint16_t port; /* DPDK's driver */
	uint16_t peer; /* DPDK's vhost port */
	char path[128]; /* what the driver says of itself, or was told */
};

/* peer.c: a vhost port that serves socket. 0, or after a message a negative errno. */
int peer_open(struct side *side, const char *socket, const struct side_shape *shape);
/* peer.c: an ethdev is set up and started. */
int ethdev_start(uint16_t port, const struct side_shape *shape);
void peer_close(struct side *side);

/* Both open their peer first. 0, or after a message a negative errno. */
int kickless_open(struct side *side, const struct ring_form *form, const struct side_shape *shape);
int dpdk_open(struct side *side, const struct ring_form *form, const struct side_shape *shape);

/*
 * eal.c: starts EAL on lcores ("0", "0,1") with what vhost needs and the options that stand before a
 * -- in argv. Returns where the program's own begin, or -1 after a message.
 */
int bench_eal(int argc, char **argv, const char *lcores);
/* eal.c: a pool of so many packets. Never NULL: ends the program after a message. */
struct rte_mempool *bench_pool(const char *name, unsigned int packets, uint16_t data_room);

#endif
