/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers of a packet: their places, and those that generating modes write. Lengths in a packet are
 * trusted only within its bytes, so code that changes headers or computes checksums stays inside
 * the packet. Pure functions.
 */
#ifndef TESTPMD_LAYERS_H
#define TESTPMD_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

struct layers {
	/* Lengths of headers, in bytes; VLAN tags belong to l2, IP options and extensions to l3. */
	uint16_t l2_bytes;
	uint16_t l3_bytes;
	uint16_t l4_bytes;
	bool is_ipv4; /* a whole header lies in the first segment at l3 */
	bool is_ipv6;
	/*
	 * IPPROTO_TCP or IPPROTO_UDP, when its whole header is in the first segment at l4 and the
	 * packet has all bytes that the IP header counts; 0 for anything else, and for fragments.
	 */
	uint8_t protocol;
	uint32_t l4_total; /* with a protocol: bytes of its header and payload */
	void *l3;
	void *l4;
};

void layers_parse(const struct rte_mbuf *packet, struct layers *layers);

/* Finds the header of TCP or UDP behind an IP header that is known already. */
void layers_find_upper(const struct rte_mbuf *packet, uint8_t protocol, struct layers *layers);

/* The sum of the pseudo header of RFC 9293, 3.1, with length as the upper layer's, not inverted. */
uint16_t layers_pseudo_sum(const struct layers *layers, uint32_t length);

/* The checksum in the TCP or UDP header. */
rte_be16_t layers_checksum(const struct layers *layers);
void layers_set_checksum(const struct layers *layers, rte_be16_t sum);

/* The correct checksum of TCP or UDP, also over several segments. */
rte_be16_t layers_make_checksum(const struct layers *layers, const struct rte_mbuf *packet);

/* Headers of generated packets. */
struct udp_headers {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
} __attribute__((packed, aligned(2)));

_Static_assert(sizeof(struct udp_headers) == 42, "14 + 20 + 8 bytes");

struct udp_addresses {
	struct rte_ether_addr source;
	struct rte_ether_addr destination;
	uint32_t ip_source; /* host order, as the others */
	uint32_t ip_destination;
	uint16_t udp_source;
	uint16_t udp_destination;
};

/*
 * Fills the headers of a packet of packet_bytes in all, with a valid IP checksum and
 * no UDP checksum.
 */
void headers_fill(struct udp_headers *headers, const struct udp_addresses *addresses,
	uint16_t packet_bytes);

#endif
