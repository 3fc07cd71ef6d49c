/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's offload requests for a packet, and the device's, each translated into the other's.
 */
#include "port/tap_header.h"

#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_byteorder.h>

#include "port/layers.h"
#include "packet.h"

/* Of packet_udp4: behind the Ethernet and the IP header. */
#define UDP_AT 34
#define UDP_SUM 6
/* Of packet_tcp6_vlan. */
#define TCP_AT (18 + 40)
#define TCP_SUM 16

static struct test_packet packet;

static void make_udp(void)
{
	packet_make(&packet, packet_udp4, sizeof(packet_udp4));
}

static void make_tcp(void)
{
	packet_make(&packet, packet_tcp6_vlan, sizeof(packet_tcp6_vlan));
}

static struct layers parsed(void)
{
	struct layers layers;

	layers_parse(&packet.mbuf, &layers);
	return layers;
}

/* The field holds the pseudo header's sum, as the sender of a checksum request leaves it. */
static struct virtio_net_hdr checksum_request(uint16_t start, uint16_t offset)
{
	const struct layers layers = parsed();

	layers_set_checksum(&layers, layers_pseudo_sum(&layers, layers.l4_total));
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = start,
		.csum_offset = offset,
	};
}

Test(tap_header, the_kernel_requests_nothing)
{
	const struct virtio_net_hdr header = {0};

	make_udp();
	cr_expect(tap_header_read(&header, &packet.mbuf));
	cr_expect_eq(packet.mbuf.ol_flags, 0);
	cr_expect_eq(memcmp(packet.bytes, packet_udp4, sizeof(packet_udp4)), 0);
	packet_free(&packet);
}

Test(tap_header, the_kernel_requests_a_checksum)
{
	struct virtio_net_hdr header;

	make_udp();
	header = checksum_request(UDP_AT, UDP_SUM);
	cr_expect(tap_header_read(&header, &packet.mbuf));
	cr_expect_eq(packet.mbuf.ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM);
	cr_expect_eq(packet.mbuf.l2_len, 14);
	cr_expect_eq(packet.mbuf.l3_len, 20);
	packet_free(&packet);
	make_tcp();
	header = checksum_request(TCP_AT, TCP_SUM);
	cr_expect(tap_header_read(&header, &packet.mbuf));
	cr_expect_eq(packet.mbuf.ol_flags, RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM);
	cr_expect_eq(packet.mbuf.l2_len, 18);
	cr_expect_eq(packet.mbuf.l3_len, 40);
	packet_free(&packet);
}

/* Not where a transport header is looked for: as if there was one more header that nobody knows. */
Test(tap_header, a_sum_that_only_the_kernel_knows_is_made_here)
{
	const struct virtio_net_hdr header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = UDP_AT + 8,
		.csum_offset = 2,
	};

	make_udp();
	memset(packet.bytes + UDP_AT + 8, 0, sizeof(packet_udp4) - UDP_AT - 8);
	packet.bytes[UDP_AT + 8] = 0x12;
	packet.bytes[UDP_AT + 9] = 0x34;
	packet.bytes[UDP_AT + 11] = 0x01;
	cr_expect(tap_header_read(&header, &packet.mbuf));
	cr_expect_eq(packet.mbuf.ol_flags, 0);
	cr_expect_eq(packet.bytes[UDP_AT + 10], 0xed);
	cr_expect_eq(packet.bytes[UDP_AT + 11], 0xca, "of 0x1234 and the 1 that stood there");
	packet_free(&packet);
}

Test(tap_header, a_place_outside_of_the_packet)
{
	const struct virtio_net_hdr beyond[] = {
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 59},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 0xffff, .csum_offset = 0xffff},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = UDP_AT, .csum_offset = 25},
	};

	for (size_t i = 0; i < RTE_DIM(beyond); i++) {
		make_udp();
		cr_expect_not(tap_header_read(&beyond[i], &packet.mbuf), "%zu", i);
		packet_free(&packet);
	}
}

Test(tap_header, the_kernel_requests_segmentation)
{
	struct virtio_net_hdr header;
	struct layers layers;

	make_tcp();
	header = checksum_request(TCP_AT, TCP_SUM);
	header.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	header.gso_size = 10;
	cr_expect(tap_header_read(&header, &packet.mbuf));
	cr_expect_eq(packet.mbuf.ol_flags,
		RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
	cr_expect_eq(packet.mbuf.tso_segsz, 10);
	cr_expect_eq(packet.mbuf.l4_len, 20);
	layers = parsed();
	cr_expect_eq(layers_checksum(&layers), layers_pseudo_sum(&layers, 0));
	packet_free(&packet);
	make_udp();
	header = checksum_request(UDP_AT, UDP_SUM);
	header.gso_type = TAP_GSO_UDP_L4;
	header.gso_size = 10;
	cr_expect(tap_header_read(&header, &packet.mbuf));
	cr_expect_eq(packet.mbuf.ol_flags,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_UDP_SEG);
	packet_free(&packet);
}

Test(tap_header, cutting_that_makes_no_sense)
{
	struct virtio_net_hdr header;

	make_tcp();
	header = checksum_request(TCP_AT, TCP_SUM);
	header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	header.gso_size = 10;
	cr_expect_not(tap_header_read(&header, &packet.mbuf), "it is IPv6");
	header.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	header.gso_size = 0;
	cr_expect_not(tap_header_read(&header, &packet.mbuf), "without a size");
	header.gso_size = 10;
	header.flags = 0;
	cr_expect_not(tap_header_read(&header, &packet.mbuf), "without a sum");
	packet_free(&packet);
}

Test(tap_header, a_device_has_received)
{
	struct virtio_net_hdr header;
	struct layers layers;

	make_udp();
	tap_header_write(&packet.mbuf, TAP_GSO_UDP_L4, &header);
	cr_expect_eq(header.flags, 0, "the kernel has to look itself");
	packet.mbuf.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	tap_header_write(&packet.mbuf, TAP_GSO_UDP_L4, &header);
	cr_expect_eq(header.flags, VIRTIO_NET_HDR_F_DATA_VALID);
	cr_expect_eq(memcmp(packet.bytes, packet_udp4, sizeof(packet_udp4)), 0);
	packet.mbuf.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	tap_header_write(&packet.mbuf, TAP_GSO_UDP_L4, &header);
	cr_expect_eq(header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	cr_expect_eq(header.csum_start, UDP_AT);
	cr_expect_eq(header.csum_offset, UDP_SUM);
	cr_expect_eq(header.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	layers = parsed();
	cr_expect_eq(layers_checksum(&layers), layers_pseudo_sum(&layers, layers.l4_total));
	packet_free(&packet);
}

Test(tap_header, a_device_has_joined)
{
	struct virtio_net_hdr header;

	make_tcp();
	packet.mbuf.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO;
	packet.mbuf.tso_segsz = 10;
	tap_header_write(&packet.mbuf, VIRTIO_NET_HDR_GSO_UDP, &header);
	cr_expect_eq(header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	cr_expect_eq(header.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	cr_expect_eq(header.gso_size, 10);
	cr_expect_eq(header.hdr_len, TCP_AT + 20);
	packet_free(&packet);
	make_udp();
	packet.mbuf.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO;
	packet.mbuf.tso_segsz = 10;
	tap_header_write(&packet.mbuf, VIRTIO_NET_HDR_GSO_UDP, &header);
	cr_expect_eq(header.gso_type, VIRTIO_NET_HDR_GSO_UDP);
	packet_free(&packet);
}
