/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames with headers in them, in one mbuf or cut in two anywhere. The expected checksums are a
 * second reading: it walks bytes, and shares nothing with the driver.
 */
#ifndef UNIT_NET_FRAMES_H
#define UNIT_NET_FRAMES_H

#include <rte_mbuf.h>

#include "net_fixture.h"

struct frame {
	bool is_ipv6;
	bool is_udp;
	/* Types of VLAN tags, from the outside; fewer than all end with a 0. */
	uint16_t tags[4];
	/* Bytes of IPv4 options, or of an IPv6 extension header; a multiple of 8. */
	uint16_t ip_extra;
	uint16_t tcp_extra; /* bytes of TCP options; a multiple of 4 */
	uint8_t tcp_flags;
	uint32_t payload;
	uint32_t padding; /* behind the datagram, not zeros */
	uint32_t cut; /* the second mbuf starts here; 0: none */
	bool is_partial; /* the checksum field holds the sum of the pseudo header, as from a port */
};

uint16_t frame_l2(const struct frame *frame);
uint16_t frame_l3(const struct frame *frame);
uint16_t frame_l4(const struct frame *frame);
/* Offsets of the transport header and of its checksum. */
uint32_t frame_l4_at(const struct frame *frame);
uint32_t frame_field_at(const struct frame *frame);

/* The mbuf has no flags and no lengths. Checksums are nonsense, but for is_partial. */
struct rte_mbuf *frame_make(struct net_fixture *fixture, const struct frame *frame);
/* Flags and lengths as an application sets them that wants the transport checksum. */
void frame_request_offload(struct rte_mbuf *packet, const struct frame *frame, uint64_t more_flags);

/* All bytes of a packet. Returns how many. */
uint32_t frame_bytes(const struct rte_mbuf *packet, uint8_t *bytes, uint32_t size);
/* Does what the device does with NEEDS_CSUM to a copy of the packet. */
void frame_device_sum(uint8_t *bytes, uint32_t count, uint16_t start, uint16_t offset);
/* True if the transport checksum, and an IPv4 header's, are right. */
bool frame_l4_is_right(const struct frame *frame, const uint8_t *bytes);
bool frame_ip_is_right(const struct frame *frame, const uint8_t *bytes);

#endif
