/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the pcapng file format that is written here: one section, one interface per port,
 * one block per packet with its direction (draft-ietf-opsawg-pcapng, 4.1 to 4.3). It is our own
 * because libpcap writes only the older format, which has neither ports nor directions, and DPDK's
 * writer supports only ethdev's ports. Pure functions over bytes, in the machine's byte order, as
 * the format requires.
 */
#ifndef TESTPMD_PCAPNG_H
#define TESTPMD_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* Bytes that each of these two needs at most. */
#define PCAPNG_HEAD_BYTES 512

/* Each writes one block to block, and returns its length. Too long a text is cut. */
size_t pcapng_section(uint8_t *block, const char *program);
size_t pcapng_interface(uint8_t *block, const char *name, const char *description);

struct pcapng_packet {
	uint32_t interface; /* in the order of their blocks, from 0 */
	uint32_t queue;
	bool is_sent; /* else received */
	uint64_t time_ns; /* since 1970 */
};

/* The block of a packet in its form on the wire: with the VLAN tag that the driver inserts. */
size_t pcapng_packet_bytes(const struct rte_mbuf *packet);
size_t pcapng_packet(uint8_t *block, const struct pcapng_packet *about,
	const struct rte_mbuf *packet);

#endif
