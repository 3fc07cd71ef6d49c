/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/tunnel.h"

#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>

#include "packet.h"

#define OUTER 34 /* Ethernet and IPv4 */
#define MOST 200

/* Puts a header of a tunnel, and the known packet from that byte on, behind new outer headers. */
static uint16_t wrap(uint8_t bytes[MOST], uint8_t protocol, const void *header,
	uint16_t header_bytes, uint16_t from)
{
	const uint16_t inner = sizeof(packet_udp4) - from;
	const uint16_t total = 20 + header_bytes + inner;

	memcpy(bytes, packet_udp4, OUTER);
	bytes[16] = total >> 8;
	bytes[17] = total & 0xff;
	bytes[23] = protocol;
	memcpy(bytes + OUTER, header, header_bytes);
	memcpy(bytes + OUTER + header_bytes, packet_udp4 + from, inner);
	return OUTER + header_bytes + inner;
}

static bool parse(const uint8_t *bytes, uint16_t length, struct test_packet *packet,
	struct layers *inner)
{
	struct layers outer;

	packet_make(packet, bytes, length);
	layers_parse(&packet->mbuf, &outer);
	return layers_parse_inner(&packet->mbuf, &outer, inner);
}

static void expect_inner(const uint8_t *bytes, uint16_t length)
{
	struct test_packet packet;
	struct layers inner;

	cr_assert(parse(bytes, length, &packet, &inner));
	cr_expect(inner.is_ipv4 && !inner.is_ipv6);
	cr_expect_eq(inner.l2_bytes, length - 46);
	cr_expect_eq(inner.l3_bytes, 20);
	cr_expect_eq(inner.protocol, IPPROTO_UDP);
	cr_expect_eq(inner.l4_total, 26);
	cr_expect_eq(layers_make_checksum(&inner, &packet.mbuf), layers_checksum(&inner));
	packet_free(&packet);
}

static const struct {
	uint8_t protocol;
	uint8_t bytes[28];
	uint16_t count;
	uint16_t from; /* the first byte of the known packet that is inside */
} tunnels[] = {
	{IPPROTO_IPIP, {0}, 0, 14},
	{IPPROTO_GRE, {0, 0, 0x08, 0}, 4, 14},
	{IPPROTO_GRE, {0xb0, 0, 0x08, 0}, 16, 14},
	{IPPROTO_GRE, {0x20, 0, 0x65, 0x58}, 8, 0},
	{IPPROTO_UDP, {1, 2, 4789 >> 8, 4789 & 0xff, 0, 76, 0, 0, 8}, 16, 0},
	{IPPROTO_UDP, {1, 2, 4790 >> 8, 4790 & 0xff, 0, 76, 0, 0, 12, 0, 0, 3}, 16, 0},
	{IPPROTO_UDP, {1, 2, 4790 >> 8, 4790 & 0xff, 0, 62, 0, 0, 12, 0, 0, 1}, 16, 14},
	{IPPROTO_UDP, {1, 2, 6081 >> 8, 6081 & 0xff, 0, 80, 0, 0, 1, 0, 0x65, 0x58}, 20, 0},
	{IPPROTO_UDP, {1, 2, 2152 >> 8, 2152 & 0xff, 0, 62, 0, 0, 0x30, 0xff}, 16, 14},
	{IPPROTO_UDP, {1, 2, 2152 >> 8, 2152 & 0xff, 0, 66, 0, 0, 0x32, 0xff}, 20, 14},
};

Test(tunnel, every_kind)
{
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		uint8_t bytes[MOST];
		const uint16_t length = wrap(bytes, tunnels[i].protocol, tunnels[i].bytes,
			tunnels[i].count, tunnels[i].from);

		expect_inner(bytes, length);
	}
}

/* Each length, and each byte of the headers with all values: nothing beyond the end is read. */
Test(tunnel, malformed)
{
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		uint8_t bytes[MOST];
		struct test_packet packet;
		struct layers inner;
		const uint16_t length = wrap(bytes, tunnels[i].protocol, tunnels[i].bytes,
			tunnels[i].count, tunnels[i].from);

		for (uint16_t cut = 0; cut < length; cut++) {
			parse(bytes, cut, &packet, &inner);
			packet_free(&packet);
		}
		for (uint16_t at = 12; at < length - 18; at++) {
			const uint8_t saved = bytes[at];

			for (unsigned int value = 0; value < 256; value++) {
				bytes[at] = value;
				if (parse(bytes, length, &packet, &inner) && inner.protocol != 0)
					layers_make_checksum(&inner, &packet.mbuf);
				packet_free(&packet);
			}
			bytes[at] = saved;
		}
	}
}

Test(tunnel, none)
{
	struct test_packet packet;
	struct layers inner;

	cr_expect(!parse(packet_udp4, sizeof(packet_udp4), &packet, &inner));
	packet_free(&packet);
	cr_expect(!parse(packet_tcp6_vlan, sizeof(packet_tcp6_vlan), &packet, &inner));
	packet_free(&packet);
}
