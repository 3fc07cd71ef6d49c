/* SPDX-License-Identifier: BSD-3-Clause */
/* The Ethernet, IPv4 and UDP headers that the generating modes put in front of each packet. */
#ifndef TESTPMD_HEADERS_H
#define TESTPMD_HEADERS_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

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

/* Headers of a packet of packet_bytes in all, with a valid IP checksum and no UDP checksum. */
void headers_fill(struct udp_headers *headers, const struct udp_addresses *addresses,
	uint16_t packet_bytes);

#endif
