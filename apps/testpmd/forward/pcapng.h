/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pcapng file format, as far as it is written here: one section, one interface per port, one
 * block per packet with its direction (draft-ietf-opsawg-pcapng, 4.1 to 4.3). It is our own because
 * libpcap writes only the older format, which knows neither ports nor directions, and DPDK's writer
 * knows only ethdev's ports. Pure functions over bytes, in the byte order of the machine, as the
 * format wants it.
 */
#ifndef TESTPMD_PCAPNG_H
#define TESTPMD_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* Room that both of these need at most. */
#define PCAPNG_HEAD_BYTES 512

/* Each writes one block to block, and returns its length. Text that is too long is cut. */
size_t pcapng_section(uint8_t *block, const char *program);
size_t pcapng_interface(uint8_t *block, const char *name, const char *description);

struct pcapng_packet {
	uint32_t interface; /* as they were written, from 0 */
	uint32_t queue;
	bool is_sent; /* else received */
	uint64_t time_ns; /* since 1970 */
};

/*
 * The block of a packet as it is on the wire: with the VLAN tag that the driver is asked to insert.
 */
size_t pcapng_packet_bytes(const struct rte_mbuf *packet);
size_t pcapng_packet(uint8_t *block, const struct pcapng_packet *about,
	const struct rte_mbuf *packet);

#endif
