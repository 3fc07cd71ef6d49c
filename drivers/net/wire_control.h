/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of the control queue on the wire: virtio 1.4, 5.1.9.5. All fields are little-endian. */
#ifndef KL_NET_WIRE_CONTROL_H
#define KL_NET_WIRE_CONTROL_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Before the data of each command. */
struct virtio_net_ctrl_hdr {
	uint8_t class;
	uint8_t command;
};
static_assert(sizeof(struct virtio_net_ctrl_hdr) == 2, "5.1.9.5");

/* The device's answer. */
#define VIRTIO_NET_OK 0
#define VIRTIO_NET_ERR 1

/* 5.1.9.5.1: one byte, 0 or 1. */
#define VIRTIO_NET_CTRL_RX 0
#define VIRTIO_NET_CTRL_RX_PROMISC 0
#define VIRTIO_NET_CTRL_RX_ALLMULTI 1
#define VIRTIO_NET_CTRL_RX_ALLUNI 2
#define VIRTIO_NET_CTRL_RX_NOMULTI 3
#define VIRTIO_NET_CTRL_RX_NOUNI 4
#define VIRTIO_NET_CTRL_RX_NOBCAST 5

/*
 * 5.1.9.5.2: a table is a 32-bit number and so many unicast addresses, then the same for multicast.
 */
#define VIRTIO_NET_CTRL_MAC 1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0
#define VIRTIO_NET_CTRL_MAC_ADDR_SET 1

/* 5.1.9.5.3: a 16-bit VLAN id. */
#define VIRTIO_NET_CTRL_VLAN 2
#define VIRTIO_NET_CTRL_VLAN_ADD 0
#define VIRTIO_NET_CTRL_VLAN_DEL 1

/* 5.1.9.5.4: no data. */
#define VIRTIO_NET_CTRL_ANNOUNCE 3
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK 0

/* 5.1.9.5.5 to 5.1.9.5.7 */
#define VIRTIO_NET_CTRL_MQ 4
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET 0 /* a 16-bit number */
#define VIRTIO_NET_CTRL_MQ_RSS_CONFIG 1
#define VIRTIO_NET_CTRL_MQ_HASH_CONFIG 2
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX 0x8000

/* 5.1.9.5.7.1: followed by the indirection table, max_tx_vq, the key's length and the key. */
struct virtio_net_rss_config {
	uint32_t hash_types;
	uint16_t indirection_table_mask;
	uint16_t unclassified_queue;
	uint16_t indirection_table[];
};
static_assert(sizeof(struct virtio_net_rss_config) == 8, "5.1.9.5.7.1");

/* 5.1.9.5.6.4: followed by the key. */
struct virtio_net_hash_config {
	uint32_t hash_types;
	uint16_t reserved[4];
	uint8_t hash_key_length;
	uint8_t hash_key_data[];
};
static_assert(offsetof(struct virtio_net_hash_config, hash_key_data) == 13, "5.1.9.5.6.4");

/* 5.1.9.5.9: a 64-bit mask whose bits are those of the features. */
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS 5
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET 0

/* 5.1.9.5.10 */
#define VIRTIO_NET_CTRL_NOTF_COAL 6
#define VIRTIO_NET_CTRL_NOTF_COAL_TX_SET 0
#define VIRTIO_NET_CTRL_NOTF_COAL_RX_SET 1
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET 2
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET 3

struct virtio_net_ctrl_coal {
	uint32_t max_packets;
	uint32_t max_usecs;
};
static_assert(sizeof(struct virtio_net_ctrl_coal) == 8, "5.1.9.5.10");

struct virtio_net_ctrl_coal_vq {
	uint16_t vq_index;
	uint16_t reserved;
	struct virtio_net_ctrl_coal coal;
};
static_assert(offsetof(struct virtio_net_ctrl_coal_vq, coal) == 4, "5.1.9.5.10");
static_assert(sizeof(struct virtio_net_ctrl_coal_vq) == 12, "5.1.9.5.10");

/* 5.1.9.4.4.4: a 32-bit mask. */
#define VIRTIO_NET_CTRL_HASH_TUNNEL 7
#define VIRTIO_NET_CTRL_HASH_TUNNEL_SET 0

/* 5.1.9.5.11 */
#define VIRTIO_NET_CTRL_STATS 8
#define VIRTIO_NET_CTRL_STATS_QUERY 0 /* replies a 64-bit mask of types */
#define VIRTIO_NET_CTRL_STATS_GET 1

/* 5.1.9.5.11.1: types; the mask has the bit of that number. */
#define VIRTIO_NET_STATS_TYPE_RX_BASIC 0
#define VIRTIO_NET_STATS_TYPE_RX_CSUM 1
#define VIRTIO_NET_STATS_TYPE_RX_GSO 2
#define VIRTIO_NET_STATS_TYPE_RX_SPEED 3
#define VIRTIO_NET_STATS_TYPE_TX_BASIC 16
#define VIRTIO_NET_STATS_TYPE_TX_CSUM 17
#define VIRTIO_NET_STATS_TYPE_TX_GSO 18
#define VIRTIO_NET_STATS_TYPE_TX_SPEED 19

struct virtio_net_ctrl_queue_stats {
	uint16_t vq_index;
	uint16_t reserved[3];
	uint64_t types_bitmap;
};
static_assert(sizeof(struct virtio_net_ctrl_queue_stats) == 16, "5.1.9.5.11.2");

/* 5.1.9.5.11.2: followed by 64-bit counters. */
struct virtio_net_stats_reply_hdr {
	uint8_t type;
	uint8_t reserved;
	uint16_t vq_index;
	uint16_t reserved1;
	uint16_t size; /* with this header */
};
static_assert(sizeof(struct virtio_net_stats_reply_hdr) == 8, "5.1.9.5.11.2");

#endif
