/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TAP interface that is joined to a port. Packets of the kernel leave by the port; packets
 * that the port receives go to the kernel, which is then the port's user. Requests for
 * checksums and for segmentation pass both ways in the header of virtio 1.x, 5.1.6, where the
 * device has the offloads.
 */
#ifndef TESTPMD_TAP_H
#define TESTPMD_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <net/if.h>
#include <rte_mbuf.h>

/* The prefix on the command line: tap:NAME. */
#define TAP_PREFIX "tap:"

/* Buffers for the largest packet of the kernel. */
#define TAP_SEGMENTS 48

struct tap {
	int fd;
	char name[IFNAMSIZ]; /* empty when there is none */
	uint8_t joined_udp; /* for tap_header_write; TAP_GSO_UDP_L4 at first */
	bool has_uso; /* the kernel has UDP segmentation offload */

	/* Owned by the receiving stream. */
	struct rte_mbuf *spare[TAP_SEGMENTS];
	uint16_t spares;

	/*
	 * Packets that the kernel refused, or that were not read completely. Written by any lcore.
	 */
	uint64_t errors;
};

bool tap_is_named(const char *spec);

/*
 * Makes the interface, or opens an existing one, which must belong to this user. Returns 0, or
 * -errno after a message. Control thread only, as the next five.
 */
int tap_open(struct tap *tap, const char *spec);
bool tap_is_open(const struct tap *tap);
void tap_close(struct tap *tap);

/* Frees the buffers for the next packet. Call it before their pool is freed. */
void tap_free_spares(struct tap *tap);

/*
 * Gives the interface the device's address, MTU and RTE_ETH_TX_OFFLOAD_*; segmentation only if
 * TAP_SEGMENTS buffers of buffer_bytes hold a packet. Returns 0, or -errno after a message.
 */
int tap_configure(struct tap *tap, const uint8_t *mac, uint16_t mtu, uint64_t tx_offloads,
	uint32_t buffer_bytes);
void tap_set_carrier(const struct tap *tap, bool is_up);

/* Receives packets of the kernel, as kl_net_rx_burst. One thread. */
uint16_t tap_receive(struct tap *tap, struct rte_mempool *pool, struct rte_mbuf **packets,
	uint16_t count);

/* Sends packets to the kernel, and frees all of them. Any thread. */
uint16_t tap_send(struct tap *tap, struct rte_mbuf **packets, uint16_t count);

#endif
