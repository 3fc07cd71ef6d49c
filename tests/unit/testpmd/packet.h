/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet in memory of its exact length, so that the sanitizers see a step beyond its end. */
#ifndef UNIT_TESTPMD_PACKET_H
#define UNIT_TESTPMD_PACKET_H

#include <rte_mbuf.h>

struct test_packet {
	struct rte_mbuf mbuf;
	uint8_t *bytes;
};

/* Takes the first length bytes; ended by packet_free. */
void packet_make(struct test_packet *packet, const void *bytes, uint16_t length);
void packet_free(struct test_packet *packet);

/* Known good ones: IPv4 with UDP and a payload, IPv6 with TCP behind a VLAN tag. */
extern const uint8_t packet_udp4[60];
extern const uint8_t packet_tcp6_vlan[81];

#endif
