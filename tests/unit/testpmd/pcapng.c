/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward/pcapng.h"

#include <string.h>

#include <criterion/criterion.h>

#include "packet.h"

static uint32_t at32(const uint8_t *block, size_t at)
{
	uint32_t value;

	memcpy(&value, block + at, sizeof(value));
	return value;
}

/* draft-ietf-opsawg-pcapng, 3.1: the length stands at both ends and is a multiple of four. */
static void expect_block(const uint8_t *block, size_t length, uint32_t type)
{
	cr_expect_eq(length % 4, 0);
	cr_expect_eq(at32(block, 0), type);
	cr_expect_eq(at32(block, 4), length);
	cr_expect_eq(at32(block, length - 4), length);
}

Test(pcapng, section)
{
	uint8_t block[PCAPNG_HEAD_BYTES];

	expect_block(block, pcapng_section(block, "x"), 0x0a0d0d0a);
	cr_expect_eq(at32(block, 8), 0x1a2b3c4d);
}

Test(pcapng, interface_with_long_names)
{
	uint8_t block[PCAPNG_HEAD_BYTES];
	char name[1000];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	expect_block(block, pcapng_interface(block, name, name), 1);
}

/* The requested size is exactly what is written, for every padding. */
Test(pcapng, packets)
{
	for (uint16_t length = 0; length <= sizeof(packet_udp4); length++) {
		const struct pcapng_packet about = {.interface = 3, .time_ns = 0x123456789a};
		struct test_packet packet;
		uint8_t *block;

		packet_make(&packet, packet_udp4, length);
		block = malloc(pcapng_packet_bytes(&packet.mbuf));
		cr_assert_eq(pcapng_packet(block, &about, &packet.mbuf),
			pcapng_packet_bytes(&packet.mbuf));
		expect_block(block, pcapng_packet_bytes(&packet.mbuf), 6);
		cr_expect_eq(at32(block, 8), 3);
		cr_expect_eq(at32(block, 12), 0x12);
		cr_expect_eq(at32(block, 16), 0x3456789a);
		cr_expect_eq(at32(block, 20), length);
		cr_expect_eq(memcmp(block + 28, packet_udp4, length), 0);
		packet_free(&packet);
		free(block);
	}
}

/* The tag that the driver will insert is in the file, as it is on the wire. */
Test(pcapng, a_tag_to_be_inserted)
{
	static const uint8_t tag[] = {0x81, 0x00, 0x60, 0x07};
	const struct pcapng_packet about = {.is_sent = true};
	const uint16_t length = sizeof(packet_udp4);
	struct test_packet packet;
	uint8_t *block;

	packet_make(&packet, packet_udp4, length);
	packet.mbuf.ol_flags |= RTE_MBUF_F_TX_VLAN;
	packet.mbuf.vlan_tci = 0x6007;
	block = malloc(pcapng_packet_bytes(&packet.mbuf));
	cr_assert_eq(pcapng_packet(block, &about, &packet.mbuf), pcapng_packet_bytes(&packet.mbuf));
	cr_expect_eq(at32(block, 20), length + 4);
	cr_expect_eq(memcmp(block + 28, packet_udp4, 12), 0);
	cr_expect_eq(memcmp(block + 40, tag, sizeof(tag)), 0);
	cr_expect_eq(memcmp(block + 44, packet_udp4 + 12, length - 12), 0);
	packet_free(&packet);
	free(block);
}
