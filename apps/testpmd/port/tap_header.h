/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conversion between the header that the kernel puts before packets and the fields of
 * mbufs. Pure functions.
 */
#ifndef TESTPMD_TAP_HEADER_H
#define TESTPMD_TAP_HEADER_H

#include <stdbool.h>

#include <linux/virtio_net.h>
#include <rte_mbuf.h>

/* UDP segmentation offload, virtio 1.2; not in the headers of older kernels. */
#define TAP_GSO_UDP_L4 5

/*
 * Reads the header of a packet of the kernel's, for sending by a device. Returns false when the
 * header is invalid for it.
 */
bool tap_header_read(const struct virtio_net_hdr *header, struct rte_mbuf *packet);

/*
 * Writes the header of a packet that a device received, and the sum in its checksum field. The
 * packet does not show what UDP packets were coalesced from, so the caller gives
 * VIRTIO_NET_HDR_GSO_UDP or TAP_GSO_UDP_L4.
 */
void tap_header_write(const struct rte_mbuf *packet, uint8_t joined_udp,
	struct virtio_net_hdr *header);

#endif
