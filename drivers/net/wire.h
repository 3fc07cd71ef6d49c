/* SPDX-License-Identifier: BSD-3-Clause */
/* The network device on the wire: virtio 1.x, 5.1. All fields are little-endian. */
#ifndef KL_NET_WIRE_H
#define KL_NET_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Section 5: the device type. */
#define VIRTIO_ID_NET 1

/* 5.1.3 */
#define VIRTIO_NET_F_CSUM 0
#define VIRTIO_NET_F_GUEST_CSUM 1
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS 2
#define VIRTIO_NET_F_MTU 3
#define VIRTIO_NET_F_MAC 5
#define VIRTIO_NET_F_GUEST_TSO4 7
#define VIRTIO_NET_F_GUEST_TSO6 8
#define VIRTIO_NET_F_GUEST_ECN 9
#define VIRTIO_NET_F_GUEST_UFO 10
#define VIRTIO_NET_F_HOST_TSO4 11
#define VIRTIO_NET_F_HOST_TSO6 12
#define VIRTIO_NET_F_HOST_ECN 13
#define VIRTIO_NET_F_HOST_UFO 14
#define VIRTIO_NET_F_MRG_RXBUF 15
#define VIRTIO_NET_F_STATUS 16
#define VIRTIO_NET_F_CTRL_VQ 17
#define VIRTIO_NET_F_CTRL_RX 18
#define VIRTIO_NET_F_CTRL_VLAN 19
#define VIRTIO_NET_F_CTRL_RX_EXTRA 20
#define VIRTIO_NET_F_GUEST_ANNOUNCE 21
#define VIRTIO_NET_F_MQ 22
#define VIRTIO_NET_F_CTRL_MAC_ADDR 23
#define VIRTIO_NET_F_DEVICE_STATS 50
#define VIRTIO_NET_F_HASH_TUNNEL 51
#define VIRTIO_NET_F_VQ_NOTF_COAL 52
#define VIRTIO_NET_F_NOTF_COAL 53
#define VIRTIO_NET_F_GUEST_USO4 54
#define VIRTIO_NET_F_GUEST_USO6 55
#define VIRTIO_NET_F_HOST_USO 56
#define VIRTIO_NET_F_HASH_REPORT 57
#define VIRTIO_NET_F_GUEST_HDRLEN 59
#define VIRTIO_NET_F_RSS 60
#define VIRTIO_NET_F_RSC_EXT 61
#define VIRTIO_NET_F_STANDBY 62
#define VIRTIO_NET_F_SPEED_DUPLEX 63

/* 5.1.4 */
struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
	uint32_t speed;
	uint8_t duplex;
	uint8_t rss_max_key_size;
	uint16_t rss_max_indirection_table_length;
	uint32_t supported_hash_types;
	uint32_t supported_tunnel_types;
};
static_assert(offsetof(struct virtio_net_config, status) == 6, "5.1.4");
static_assert(offsetof(struct virtio_net_config, max_virtqueue_pairs) == 8, "5.1.4");
static_assert(offsetof(struct virtio_net_config, mtu) == 10, "5.1.4");
static_assert(offsetof(struct virtio_net_config, speed) == 12, "5.1.4");
static_assert(offsetof(struct virtio_net_config, duplex) == 16, "5.1.4");
static_assert(offsetof(struct virtio_net_config, rss_max_key_size) == 17, "5.1.4");
static_assert(offsetof(struct virtio_net_config, rss_max_indirection_table_length) == 18, "5.1.4");
static_assert(offsetof(struct virtio_net_config, supported_hash_types) == 20, "5.1.4");
static_assert(offsetof(struct virtio_net_config, supported_tunnel_types) == 24, "5.1.4");
static_assert(sizeof(struct virtio_net_config) == 28, "5.1.4");

#define VIRTIO_NET_S_LINK_UP 1
#define VIRTIO_NET_S_ANNOUNCE 2
#define VIRTIO_NET_SPEED_MAX 0x7fffffff /* more means unknown */
#define VIRTIO_NET_DUPLEX_FULL 1

/* 5.1.9: before each packet, in both directions. */
struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers; /* absent on a legacy device without MRG_RXBUF */
};
static_assert(sizeof(struct virtio_net_hdr) == 12, "5.1.9");
static_assert(offsetof(struct virtio_net_hdr, gso_size) == 4, "5.1.9");
static_assert(offsetof(struct virtio_net_hdr, csum_start) == 6, "5.1.9");
static_assert(offsetof(struct virtio_net_hdr, num_buffers) == 10, "5.1.9");

/* The same with HASH_REPORT accepted. */
struct virtio_net_hdr_v1_hash {
	struct virtio_net_hdr hdr;
	uint32_t hash_value;
	uint16_t hash_report;
	uint16_t padding_reserved;
};
static_assert(sizeof(struct virtio_net_hdr_v1_hash) == 20, "5.1.9");
static_assert(offsetof(struct virtio_net_hdr_v1_hash, hash_value) == 12, "5.1.9");
static_assert(offsetof(struct virtio_net_hdr_v1_hash, hash_report) == 16, "5.1.9");

/* 5.1.9: flags. */
#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1
#define VIRTIO_NET_HDR_F_DATA_VALID 2
#define VIRTIO_NET_HDR_F_RSC_INFO 4

/* 5.1.9: gso_type. */
#define VIRTIO_NET_HDR_GSO_NONE 0
#define VIRTIO_NET_HDR_GSO_TCPV4 1
#define VIRTIO_NET_HDR_GSO_UDP 3
#define VIRTIO_NET_HDR_GSO_TCPV6 4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#define VIRTIO_NET_HDR_GSO_ECN 0x80

/* 5.1.9.4.4: hash types, as bits; the report n of 5.1.9.4.5 is the bit n - 1. */
#define VIRTIO_NET_HASH_TYPE_IPv4 (1u << 0)
#define VIRTIO_NET_HASH_TYPE_TCPv4 (1u << 1)
#define VIRTIO_NET_HASH_TYPE_UDPv4 (1u << 2)
#define VIRTIO_NET_HASH_TYPE_IPv6 (1u << 3)
#define VIRTIO_NET_HASH_TYPE_TCPv6 (1u << 4)
#define VIRTIO_NET_HASH_TYPE_UDPv6 (1u << 5)
#define VIRTIO_NET_HASH_TYPE_IP_EX (1u << 6)
#define VIRTIO_NET_HASH_TYPE_TCP_EX (1u << 7)
#define VIRTIO_NET_HASH_TYPE_UDP_EX (1u << 8)
#define VIRTIO_NET_HASH_TYPES_KNOWN 0x1ffu
#define VIRTIO_NET_HASH_REPORT_NONE 0
#define VIRTIO_NET_HASH_REPORT_MAX 9

/* 5.1.9.4.4: encapsulations whose inner packets HASH_TUNNEL can hash. */
#define VIRTIO_NET_HASH_TUNNEL_TYPES_KNOWN 0x1ffu

/* 5.1.2: queues of the n-th pair, from 0. */
#define VIRTIO_NET_RX_QUEUE(pair) ((uint16_t)(2 * (pair)))
#define VIRTIO_NET_TX_QUEUE(pair) ((uint16_t)(2 * (pair) + 1))

#endif
