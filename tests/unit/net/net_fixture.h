/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network device over the fake device, with real packet buffers. As with IOVA=PA the pool's bus
 * addresses differ from its virtual ones, so that a driver that mixes them up is caught. A test
 * may request IOVA=VA.
 */
#ifndef UNIT_NET_FIXTURE_H
#define UNIT_NET_FIXTURE_H

#include <rte_mbuf.h>

#include <kickless/driver/driver.h>
#include <kickless/net.h>

#include "finish.h"
#include "fake_device.h"
#include "ring_variant.h"

#define FIXTURE_MTU 3
#define FIXTURE_MAC 5
#define FIXTURE_MRG_RXBUF 15
#define FIXTURE_STATUS 16
#define FIXTURE_CTRL_VQ 17
#define FIXTURE_MQ 22
#define FIXTURE_HASH_TUNNEL 51
#define FIXTURE_HASH_REPORT 57
#define FIXTURE_RSS 60
#define FIXTURE_SPEED_DUPLEX 63
#define FIXTURE_INDIRECT 28
#define FIXTURE_EVENT_IDX 29
#define FIXTURE_PACKED 34
#define FIXTURE_IN_ORDER 35

#define FIXTURE_HEADER 12
#define FIXTURE_RX 0
#define FIXTURE_TX 1
#define FIXTURE_RING 64
#define FIXTURE_POOL 1024
#define FIXTURE_ROOM 2048 /* of a buffer, without headroom */

/* One sent packet as the device saw it. */
struct sent_packet {
	unsigned int segments;
	bool is_indirect;
	uint32_t length; /* without the header */
	uint8_t data[4096];
};

struct net_fixture {
	struct fake_device *fake;
	struct kl_device *device;
	struct kl_net *net;
	struct rte_mempool *pool;
	struct kl_net_conf conf; /* for net_start */
	uint32_t header; /* bytes before each packet: FIXTURE_HEADER, or those of legacy framing */
	struct sent_packet sent; /* the last one */
	uint64_t sent_count, sent_bytes;
	uint32_t sent_used; /* the length that its used element claims */
};

/* To be set before net_prepare: bus addresses of packets are virtual ones. */
extern bool net_iova_is_virtual;

/* EAL, a pool, and a device that offers what a usual one does; queues of 64. */
void net_prepare(struct net_fixture *fixture);
/* So many queues of FIXTURE_RING; after net_prepare and before net_attach. */
void net_give_queues(struct net_fixture *fixture, uint16_t count);
/* Opens the device; on failure all is freed. */
int net_attach(struct net_fixture *fixture, const char *options);
int net_start(struct net_fixture *fixture);
/* All three, which must work. */
void net_open(struct net_fixture *fixture);
/* Stops and closes, if open; expects no violation, and every buffer back in its pool. */
void net_close(struct net_fixture *fixture);

/* A packet's flags, but for the one of a pinned buffer. */
static inline uint64_t net_flags(const struct rte_mbuf *packet)
{
	return packet->ol_flags & ~RTE_MBUF_F_EXTERNAL;
}

/* Buffers that are out of the pool. */
unsigned int net_buffers_out(const struct net_fixture *fixture);
/* An own pool whose bus addresses are not its virtual ones; room without headroom. */
struct rte_mempool *net_pool(struct net_fixture *fixture, const char *name, unsigned int count,
	uint16_t room, uint16_t private_bytes);
/* The same, whose buffers are external and pinned, in two areas of memory. */
struct rte_mempool *net_pinned_pool(struct net_fixture *fixture, const char *name,
	unsigned int count, uint16_t room, uint16_t private_bytes);

/* A packet of bytes with a pattern that depends on seed. */
struct rte_mbuf *net_packet(struct net_fixture *fixture, uint32_t bytes, uint32_t seed);
uint8_t net_pattern(uint32_t seed, uint32_t at);
/* Sends one; expects that it is taken, or not. */
uint16_t net_send(struct net_fixture *fixture, struct rte_mbuf *packet);
/* Lets the device send at most max packets; each is checked against the header's rules. */
unsigned int net_transmit(struct net_fixture *fixture, unsigned int max);
void net_expect_sent(const struct net_fixture *fixture, uint32_t bytes, uint32_t seed);

/* The device's header of a packet that arrives, and how it lays it out. */
struct arrival {
	uint32_t bytes, seed;
	uint16_t num_buffers; /* 0: the true number */
	uint32_t first_bytes; /* of the packet in the first buffer; 0: as many as fit */
	uint8_t header[10]; /* before num_buffers */
	bool malforms_buffers; /* num_buffers is taken as it is, 0 too */
};
/* Lets a packet arrive; false when the device has too few buffers. Returns how many were used. */
unsigned int net_arrive(struct net_fixture *fixture, const struct arrival *arrival);
/* Receives one packet; NULL when there is none. */
struct rte_mbuf *net_receive(struct net_fixture *fixture);
/* Checks that packet holds the pattern, and frees it. */
void net_expect_packet(struct rte_mbuf *packet, uint32_t bytes, uint32_t seed);

/* The path, as this run's ring makes it. */
void net_expect_path(const struct kl_net_queue_info *info, const char *path);
struct kl_net_queue_stats net_stats(const struct net_fixture *fixture,
	enum kl_net_direction direction);
/* posted = done + failed + in flight, by the fake device's own count of what it has. */
void net_expect_law(const struct net_fixture *fixture);

#endif
