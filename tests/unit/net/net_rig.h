/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network device over the model, with real packet buffers. As with IOVA=PA the pool's bus
 * addresses differ from its virtual ones, so that a driver that mixes them up is caught; a test may
 * ask for IOVA=VA.
 */
#ifndef UNIT_NET_RIG_H
#define UNIT_NET_RIG_H

#include <rte_mbuf.h>

#include <kickless/bus.h>
#include <kickless/net.h>

#include "finish.h"
#include "model.h"
#include "ring_variant.h"

#define RIG_MTU 3
#define RIG_MAC 5
#define RIG_MRG_RXBUF 15
#define RIG_STATUS 16
#define RIG_CTRL_VQ 17
#define RIG_MQ 22
#define RIG_HASH_TUNNEL 51
#define RIG_HASH_REPORT 57
#define RIG_RSS 60
#define RIG_SPEED_DUPLEX 63
#define RIG_INDIRECT 28
#define RIG_EVENT_IDX 29
#define RIG_PACKED 34

#define RIG_HEADER 12
#define RIG_RX 0
#define RIG_TX 1
#define RIG_RING 64
#define RIG_POOL 1024
#define RIG_ROOM 2048 /* of a buffer, without headroom */

/* What the device saw of one packet that was sent. */
struct sent_packet {
	unsigned int pieces;
	bool is_indirect;
	uint32_t length; /* without the header */
	uint8_t data[4096];
};

struct net_rig {
	struct model *model;
	struct kl_device *device;
	struct kl_net *net;
	struct rte_mempool *pool;
	struct kl_net_conf conf; /* for net_start */
	struct sent_packet sent; /* the last one */
	uint64_t sent_count, sent_bytes;
	uint32_t sent_used; /* the length that its used element claims */
};

/* To be set before net_prepare: bus addresses of packets are virtual ones. */
extern bool net_iova_is_virtual;

/* EAL, a pool, and a device that offers what a usual one does; queues of 64. */
void net_prepare(struct net_rig *rig);
/* So many queues of RIG_RING; after net_prepare and before net_attach. */
void net_give_queues(struct net_rig *rig, uint16_t count);
/* Opens the device; on failure all is given back. */
int net_attach(struct net_rig *rig, const char *options);
int net_start(struct net_rig *rig);
/* All three, which must work. */
void net_open(struct net_rig *rig);
/* Stops and closes, if open; expects no violation, and every buffer back in its pool. */
void net_close(struct net_rig *rig);

/* Buffers that are out of the pool. */
unsigned int net_buffers_out(const struct net_rig *rig);
/* An own pool whose bus addresses are not its virtual ones; room without headroom. */
struct rte_mempool *net_pool(struct net_rig *rig, const char *name, unsigned int count,
	uint16_t room, uint16_t private_bytes);

/* A packet of bytes with a pattern that depends on seed. */
struct rte_mbuf *net_packet(struct net_rig *rig, uint32_t bytes, uint32_t seed);
uint8_t net_pattern(uint32_t seed, uint32_t at);
/* Sends one; expects that it is taken, or not. */
uint16_t net_send(struct net_rig *rig, struct rte_mbuf *packet);
/* Lets the device send at most max packets; each is checked against the header's rules. */
unsigned int net_transmit(struct net_rig *rig, unsigned int max);
void net_expect_sent(const struct net_rig *rig, uint32_t bytes, uint32_t seed);

/* The device's header of a packet that arrives, and how it lays it out. */
struct arrival {
	uint32_t bytes, seed;
	uint16_t num_buffers; /* 0: the true number */
	uint32_t first_bytes; /* of the packet in the first buffer; 0: as many as fit */
	uint8_t header[10]; /* before num_buffers */
	bool lies_about_buffers; /* num_buffers is taken as it is, 0 too */
};
/* Lets a packet arrive; false when the device has too few buffers. Returns how many were used. */
unsigned int net_arrive(struct net_rig *rig, const struct arrival *arrival);
/* Receives one packet; NULL when there is none. */
struct rte_mbuf *net_receive(struct net_rig *rig);
/* Checks that packet holds the pattern, and frees it. */
void net_expect_packet(struct rte_mbuf *packet, uint32_t bytes, uint32_t seed);

/* The path, as this run's ring makes it. */
void net_expect_path(const struct kl_net_queue_info *info, const char *path);
struct kl_net_queue_stats net_stats(const struct net_rig *rig, enum kl_net_direction direction);
/* posted = done + failed + in flight, by the model's own count of what it has. */
void net_expect_law(const struct net_rig *rig);

#endif
