/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums of packets in mbufs, and the places of their headers. Every length field of a packet is
 * checked against the packet's own length first.
 */
#ifndef KL_NET_CHECKSUM_H
#define KL_NET_CHECKSUM_H

#include <stdbool.h>

#include <rte_mbuf.h>

/* The place and kind of a transport header. Lengths in bytes. */
struct net_place {
	uint16_t l3_at;
	/* With IPv6 extension headers. */
	uint16_t l3_bytes;
	uint16_t l4_at;
	/* IPPROTO_TCP or IPPROTO_UDP. */
	uint8_t protocol;
	bool is_ipv6;
};

/* Offset of the checksum in the transport header. */
uint16_t net_checksum_offset(const struct net_place *place);

/*
 * Finds the TCP or UDP header of a packet behind Ethernet, VLAN tags and IP. 0, or -ENOENT for
 * anything else, fragments too. *type is the mbuf packet type in any case.
 */
int net_find_transport(const struct rte_mbuf *packet, struct net_place *place, uint32_t *type);

/* Writes a 16-bit value as it is in the CPU; the packet has it, perhaps in two segments. */
void net_write16(struct rte_mbuf *packet, uint32_t at, uint16_t value);

/*
 * Sum of a range that the packet has, as a ones' complement sum of 16-bit words in their order in
 * memory, folded and not inverted.
 */
uint16_t net_checksum(const struct rte_mbuf *packet, uint32_t at, uint32_t bytes);

/*
 * The sum over the pseudo header for that many bytes of transport header and data, not inverted. 0,
 * or -EINVAL when the IP header is missing or of the other version.
 */
int net_checksum_pseudo_header(const struct rte_mbuf *packet, const struct net_place *place,
	uint32_t bytes, uint16_t *sum);

/*
 * The bytes of transport header and data according to the IP header, which are fewer than those
 * that follow it in a padded frame. -EINVAL when the IP header is malformed.
 */
int net_transport_bytes(const struct rte_mbuf *packet, const struct net_place *place);

/* Adds two such sums. */
static inline uint16_t net_checksum_add(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)(sum + (sum >> 16));
}

#endif
