/* SPDX-License-Identifier: BSD-3-Clause */
/* The two drivers that are compared, and the device of both, behind the same few calls. */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* A form of ring, and the options with which each side runs it best. */
struct ring_form {
	const char *name;
	/* Keys after our device's name. */
	const char *ours;
	/* Arguments of DPDK's net_virtio_user. */
	const char *dpdk;
	bool is_mergeable;
};

extern const struct ring_form ring_forms[];
#define RING_FORMS 6

struct kl_device;
struct kl_net;

/* The size of a side. */
struct side_shape {
	/* Queue pairs, of which bursts use any. */
	uint16_t queues;
	uint16_t ring_size;
	struct rte_mempool *pool;
	/* Of our driver: the device reaches its rings and the packets of pool only. */
	bool is_isolated;
};

/* One driver and the port at the other end of its wire; one thread. */
struct side {
	const char *name;
	uint16_t (*tx)(const struct side *side, uint16_t queue, struct rte_mbuf **packets,
		uint16_t count);
	uint16_t (*rx)(const struct side *side, uint16_t queue, struct rte_mbuf **packets,
		uint16_t count);
	void (*close)(struct side *side);
	/* Ours, and its network side. */
	struct kl_device *device;
	struct kl_net *net;
	/* Among all that were ever opened. */
	unsigned int number;
	/* DPDK's driver. */
	uint16_t port;
	/* DPDK's vhost port. */
	uint16_t peer;
	/* The path that the driver reports, or its arguments. */
	char path[128];
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
 * eal.c: starts EAL on lcores ("0", "0,1") with the options that vhost needs and those before a --
 * in argv. Returns the index of the program's own options, or -1 after a message.
 */
int bench_eal(int argc, char **argv, const char *lcores);
/* eal.c: a pool of that many packets. Never NULL: ends the program after a message. */
struct rte_mempool *bench_pool(const char *name, unsigned int packets, uint16_t data_room);
/* eal.c: the same, by kl_net_pool_create. */
struct rte_mempool *bench_isolated_pool(const char *name, unsigned int packets, uint16_t data_room);

#endif
