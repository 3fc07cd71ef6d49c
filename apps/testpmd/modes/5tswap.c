/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 5tswap: exchanges source and destination of Ethernet, IP, TCP and UDP, as in a reply. No checksum
 * changes by that.
 */
#include "modes.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include "edit.h"
#include "port/layers.h"

static void swap_bytes(uint8_t *a, uint8_t *b, size_t count)
{
	uint8_t saved[16];

	memcpy(saved, a, count);
	memcpy(a, b, count);
	memcpy(b, saved, count);
}

static bool swap_flow(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	struct layers layers;

	(void)stream;
	layers_parse(packet, &layers);
	edit_swap_addresses(packet);
	if (layers.is_ipv4) {
		struct rte_ipv4_hdr *ip = layers.l3;

		swap_bytes((uint8_t *)&ip->src_addr, (uint8_t *)&ip->dst_addr, 4);
	} else if (layers.is_ipv6) {
		struct rte_ipv6_hdr *ip = layers.l3;

		swap_bytes(ip->src_addr, ip->dst_addr, 16);
	}
	if (layers.protocol != 0) {
		/* TCP and UDP headers begin with the same fields. */
		struct rte_udp_hdr *udp = layers.l4;

		swap_bytes((uint8_t *)&udp->src_port, (uint8_t *)&udp->dst_port, 2);
	}
	return true;
}

static bool swap_burst(struct fwd_stream *stream)
{
	return stream_edit(stream, swap_flow);
}

const struct fwd_engine five_tuple_engine = {
	.name = "5tswap",
	.burst = swap_burst,
};
