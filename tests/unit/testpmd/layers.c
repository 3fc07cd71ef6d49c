/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/layers.h"

#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>

#include "packet.h"

Test(layers, udp4)
{
	struct test_packet packet;
	struct layers layers;

	packet_make(&packet, packet_udp4, sizeof(packet_udp4));
	layers_parse(&packet.mbuf, &layers);
	cr_expect(layers.is_ipv4 && !layers.is_ipv6);
	cr_expect_eq(layers.l2_bytes, 14);
	cr_expect_eq(layers.l3_bytes, 20);
	cr_expect_eq(layers.l4_bytes, 8);
	cr_expect_eq(layers.protocol, IPPROTO_UDP);
	cr_expect_eq(layers.l4_total, 26);
	cr_expect_eq(layers_make_checksum(&layers, &packet.mbuf), layers_checksum(&layers));
	packet_free(&packet);
}

Test(layers, tcp6_behind_vlan)
{
	struct test_packet packet;
	struct layers layers;

	packet_make(&packet, packet_tcp6_vlan, sizeof(packet_tcp6_vlan));
	layers_parse(&packet.mbuf, &layers);
	cr_expect(layers.is_ipv6 && !layers.is_ipv4);
	cr_expect_eq(layers.l2_bytes, 18);
	cr_expect_eq(layers.l3_bytes, 40);
	cr_expect_eq(layers.l4_bytes, 20);
	cr_expect_eq(layers.protocol, IPPROTO_TCP);
	cr_expect_eq(layers.l4_total, 23);
	cr_expect_eq(layers_make_checksum(&layers, &packet.mbuf), layers_checksum(&layers));
	packet_free(&packet);
}

/* Tags of any types, in any order. */
Test(layers, udp4_behind_tags)
{
	static const uint16_t types[] = {0x8100, 0x88a8, 0x9100};

	for (unsigned int mix = 0; mix < 81; mix++)
		for (unsigned int tags = 0; tags <= 4; tags++) {
			uint8_t bytes[sizeof(packet_udp4) + 4 * 4];
			struct test_packet packet;
			struct layers layers;

			memcpy(bytes, packet_udp4, 12);
			memcpy(bytes + 12 + 4 * tags, packet_udp4 + 12, sizeof(packet_udp4) - 12);
			for (unsigned int i = 0, rest = mix; i < tags; i++, rest /= 3) {
				bytes[12 + 4 * i] = types[rest % 3] >> 8;
				bytes[13 + 4 * i] = types[rest % 3] & 0xff;
				bytes[14 + 4 * i] = 0;
				bytes[15 + 4 * i] = 7;
			}
			packet_make(&packet, bytes, sizeof(packet_udp4) + 4 * tags);
			layers_parse(&packet.mbuf, &layers);
			cr_assert_eq(layers.l2_bytes, 14 + 4 * tags, "mix %u of %u tags", mix,
				tags);
			cr_assert_eq(layers.l3_bytes, 20);
			cr_assert_eq(layers.protocol, IPPROTO_UDP);
			cr_assert_eq(layers_make_checksum(&layers, &packet.mbuf),
				layers_checksum(&layers));
			packet_free(&packet);
		}
}

/* The frame's padding is none of the checksum's business. */
Test(layers, padding)
{
	uint8_t bytes[sizeof(packet_udp4) + 5];
	struct test_packet packet;
	struct layers layers;

	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes, packet_udp4, sizeof(packet_udp4));
	packet_make(&packet, bytes, sizeof(bytes));
	layers_parse(&packet.mbuf, &layers);
	cr_expect_eq(layers_make_checksum(&layers, &packet.mbuf), layers_checksum(&layers));
	packet_free(&packet);
}

Test(layers, several_segments)
{
	struct test_packet head;
	struct test_packet tail;
	struct layers layers;

	/* Cut at an odd place of the payload. */
	packet_make(&head, packet_udp4, 45);
	packet_make(&tail, packet_udp4 + 45, sizeof(packet_udp4) - 45);
	head.mbuf.next = &tail.mbuf;
	head.mbuf.nb_segs = 2;
	head.mbuf.pkt_len = sizeof(packet_udp4);
	layers_parse(&head.mbuf, &layers);
	cr_expect_eq(layers.protocol, IPPROTO_UDP);
	cr_expect_eq(layers_make_checksum(&layers, &head.mbuf), layers_checksum(&layers));
	packet_free(&head);
	packet_free(&tail);
}

static void expect_no_protocol(const uint8_t *bytes, uint16_t length)
{
	struct test_packet packet;
	struct layers layers;

	packet_make(&packet, bytes, length);
	layers_parse(&packet.mbuf, &layers);
	cr_expect_eq(layers.protocol, 0, "%u bytes", length);
	packet_free(&packet);
}

/* Each shorter packet lacks something that its headers count. */
Test(layers, cut_short)
{
	for (uint16_t length = 0; length < sizeof(packet_udp4); length++)
		expect_no_protocol(packet_udp4, length);
	for (uint16_t length = 0; length < sizeof(packet_tcp6_vlan); length++)
		expect_no_protocol(packet_tcp6_vlan, length);
}

/*
 * Every byte of the headers once with all values: nothing is read beyond the end, and a checksum
 * can be made of what was accepted.
 */
Test(layers, every_malformed_header)
{
	uint8_t bytes[sizeof(packet_tcp6_vlan)];

	for (unsigned int at = 12; at < 78; at++) {
		memcpy(bytes, packet_tcp6_vlan, sizeof(bytes));
		for (unsigned int value = 0; value < 256; value++) {
			struct test_packet packet;
			struct layers layers;

			bytes[at] = value;
			packet_make(&packet, bytes, sizeof(bytes));
			layers_parse(&packet.mbuf, &layers);
			if (layers.protocol != 0)
				layers_make_checksum(&layers, &packet.mbuf);
			packet_free(&packet);
		}
	}
}

Test(layers, a_fragment_has_no_protocol)
{
	uint8_t bytes[sizeof(packet_udp4)];

	memcpy(bytes, packet_udp4, sizeof(bytes));
	bytes[20] = 0x20; /* more fragments follow */
	expect_no_protocol(bytes, sizeof(bytes));
}
