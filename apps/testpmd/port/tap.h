/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TAP interface that is joined to a port: what the kernel sends goes out by the port, and what
 * the port receives goes to the kernel, which then is the port's user. A packet's wish for a
 * checksum or for cutting passes both ways in the header of virtio 1.x, 5.1.6, where the device
 * can do it.
 */
#ifndef TESTPMD_TAP_H
#define TESTPMD_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <net/if.h>
#include <rte_mbuf.h>

/* How it is named on the command line: tap:NAME. */
#define TAP_PREFIX "tap:"

/* The buffers that the largest packet of the kernel may take. */
#define TAP_SEGMENTS 48

struct tap {
	int fd;
	char name[IFNAMSIZ]; /* empty when there is none */
	uint8_t joined_udp; /* as tap_header_write wants it; TAP_GSO_UDP_L4 at first */
	bool has_uso; /* the kernel knows UDP packets that are to be cut */

	/* The receiving stream's. */
	struct rte_mbuf *spare[TAP_SEGMENTS];
	uint16_t spares;

	/*
	 * Packets that the kernel refused, or that could not be read whole. Written by any lcore.
	 */
	uint64_t errors;
};

bool tap_is_named(const char *spec);

/*
 * Makes the interface, or takes one that is there, whose user must be ours. 0 or -errno after a
 * message. Control thread, as are the next five.
 */
int tap_open(struct tap *tap, const char *spec);
bool tap_is_open(const struct tap *tap);
void tap_close(struct tap *tap);

/* Gives the buffers for the next packet back to their pool; before that goes. */
void tap_free_spares(struct tap *tap);

/*
 * Makes it look like the device: its address, its MTU, and what it can do of RTE_ETH_TX_OFFLOAD_*,
 * if buffers of so many bytes are enough for it. 0 or -errno after a message.
 */
int tap_configure(struct tap *tap, const uint8_t *mac, uint16_t mtu, uint64_t tx_offloads,
	uint32_t buffer_bytes);
void tap_set_carrier(const struct tap *tap, bool is_up);

/* What the kernel has sent, as kl_net_rx_burst. One thread. */
uint16_t tap_receive(struct tap *tap, struct rte_mempool *pool, struct rte_mbuf **packets,
	uint16_t count);

/* Gives packets to the kernel, all of them. Any thread. */
uint16_t tap_send(struct tap *tap, struct rte_mbuf **packets, uint16_t count);

#endif
