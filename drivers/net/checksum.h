/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums of packets in mbufs, and where their headers are. Nothing that a packet says of itself
 * is believed before it was held against the packet's length.
 */
#ifndef KL_NET_CHECKSUM_H
#define KL_NET_CHECKSUM_H

#include <stdbool.h>

#include <rte_mbuf.h>

/* Where a transport header is, and of what kind. Lengths in bytes. */
struct net_place {
	uint16_t l3_at;
	uint16_t l3_bytes; /* with IPv6 extension headers */
	uint16_t l4_at;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
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
 * The sum over the pseudo header for so many bytes of transport header and data, not inverted. 0, or
 * -EINVAL when the IP header is not there or of the other version.
 */
int net_checksum_pseudo_header(const struct rte_mbuf *packet, const struct net_place *place,
	uint32_t bytes, uint16_t *sum);

/*
 * How many bytes the IP header says that transport header and data have, which is less than what
 * follows in a padded frame. -EINVAL when the IP header makes no sense.
 */
int net_transport_bytes(const struct rte_mbuf *packet, const struct net_place *place);

/* Adds two such sums. */
static inline uint16_t net_checksum_add(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)(sum + (sum >> 16));
}

#endif
