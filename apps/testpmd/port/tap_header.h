/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the header that the kernel puts before packets and what mbufs say. Pure functions. */
#ifndef TESTPMD_TAP_HEADER_H
#define TESTPMD_TAP_HEADER_H

#include <stdbool.h>

#include <linux/virtio_net.h>
#include <rte_mbuf.h>

/* UDP cut into datagrams, virtio 1.2; not in the headers of older kernels. */
#define TAP_GSO_UDP_L4 5

/* A packet of the kernel's, to be sent by a device. False when the header makes no sense for it. */
bool tap_header_read(const struct virtio_net_hdr *header, struct rte_mbuf *packet);

/*
 * A packet that a device received; what UDP packets were joined from can't be seen in it, so
 * the caller says VIRTIO_NET_HDR_GSO_UDP or TAP_GSO_UDP_L4. Writes the sum that belongs into
 * the checksum field.
 */
void tap_header_write(const struct rte_mbuf *packet, uint8_t joined_udp,
	struct virtio_net_hdr *header);

#endif
