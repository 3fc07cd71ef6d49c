/* SPDX-License-Identifier: BSD-3-Clause */
#include "pcapng.h"

#include <endian.h>
#include <string.h>

#include <rte_ether.h>

#define SECTION_BLOCK 0x0a0d0d0a
#define INTERFACE_BLOCK 1
#define PACKET_BLOCK 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define UNKNOWN_LENGTH UINT64_MAX
#define LINK_ETHERNET 1

#define OPTION_END 0
#define SECTION_PROGRAM 4
#define INTERFACE_NAME 2
#define INTERFACE_DESCRIPTION 3
#define INTERFACE_TIME_UNIT 9
#define NANOSECONDS 9 /* 10 to the power of -9 */
#define PACKET_FLAGS 2
#define PACKET_QUEUE 6
#define INBOUND 1
#define OUTBOUND 2

/*
 * Type, length, interface, two halves of the time, two lengths of the packet; at the end two
 * options of a number, the end of options, the length again.
 */
#define PACKET_HEAD 28
#define PACKET_TAIL (8 + 8 + 4 + 4)

static uint8_t *put_u16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static size_t count_padding(size_t length)
{
	return -length & 3;
}

static uint8_t *put_option(uint8_t *at, uint16_t code, const void *value, uint16_t length)
{
	at = put_u16(at, code);
	at = put_u16(at, length);
	memcpy(at, value, length);
	memset(at + length, 0, count_padding(length));
	return at + length + count_padding(length);
}

static uint8_t *put_text(uint8_t *at, uint16_t code, const char *text)
{
	const size_t length = strlen(text);

	return put_option(at, code, text, length < 128 ? length : 128);
}

/* Writes the length behind the type, and again at the end. */
static size_t finish_block(uint8_t *block, uint8_t *end)
{
	const uint32_t length = end + sizeof(uint32_t) - block;

	put_u32(block + 4, length);
	put_u32(end, length);
	return length;
}

size_t pcapng_section(uint8_t *block, const char *program)
{
	const uint64_t unknown = UNKNOWN_LENGTH;
	uint8_t *at = put_u32(block, SECTION_BLOCK) + 4;

	at = put_u32(at, BYTE_ORDER_MAGIC);
	at = put_u16(at, 1);
	at = put_u16(at, 0);
	memcpy(at, &unknown, sizeof(unknown));
	at = put_text(at + sizeof(unknown), SECTION_PROGRAM, program);
	return finish_block(block, put_u32(at, OPTION_END));
}

size_t pcapng_interface(uint8_t *block, const char *name, const char *description)
{
	static const uint8_t unit = NANOSECONDS;
	uint8_t *at = put_u32(block, INTERFACE_BLOCK) + 4;

	at = put_u16(at, LINK_ETHERNET);
	at = put_u16(at, 0);
	at = put_u32(at, 0); /* packets of any length */
	at = put_text(at, INTERFACE_NAME, name);
	at = put_text(at, INTERFACE_DESCRIPTION, description);
	at = put_option(at, INTERFACE_TIME_UNIT, &unit, sizeof(unit));
	return finish_block(block, put_u32(at, OPTION_END));
}

/* Place of the tag that the driver inserts into a packet when it is sent: behind both addresses. */
#define TAG_OFFSET (2 * RTE_ETHER_ADDR_LEN)

static bool gets_tag(const struct rte_mbuf *packet)
{
	return (packet->ol_flags & RTE_MBUF_F_TX_VLAN) != 0 && packet->data_len >= TAG_OFFSET;
}

static uint32_t frame_bytes(const struct rte_mbuf *packet)
{
	return packet->pkt_len + (gets_tag(packet) ? RTE_VLAN_HLEN : 0);
}

size_t pcapng_packet_bytes(const struct rte_mbuf *packet)
{
	const uint32_t length = frame_bytes(packet);

	return PACKET_HEAD + length + count_padding(length) + PACKET_TAIL;
}

static uint8_t *put_bytes(uint8_t *at, const struct rte_mbuf *segment, uint16_t from, uint16_t to)
{
	memcpy(at, rte_pktmbuf_mtod_offset(segment, const void *, from), to - from);
	return at + to - from;
}

static uint8_t *put_frame(uint8_t *at, const struct rte_mbuf *packet)
{
	const size_t pad = count_padding(frame_bytes(packet));
	uint16_t from = 0;

	if (gets_tag(packet)) {
		at = put_bytes(at, packet, 0, TAG_OFFSET);
		at = put_u16(at, htobe16(RTE_ETHER_TYPE_VLAN));
		at = put_u16(at, htobe16(packet->vlan_tci));
		from = TAG_OFFSET;
	}
	for (; packet != NULL; packet = packet->next, from = 0)
		at = put_bytes(at, packet, from, packet->data_len);
	memset(at, 0, pad);
	return at + pad;
}

size_t pcapng_packet(uint8_t *block, const struct pcapng_packet *about,
	const struct rte_mbuf *packet)
{
	const uint32_t flags = about->is_sent ? OUTBOUND : INBOUND;
	uint8_t *at = put_u32(block, PACKET_BLOCK) + 4;

	at = put_u32(at, about->interface);
	at = put_u32(at, about->time_ns >> 32);
	at = put_u32(at, (uint32_t)about->time_ns);
	at = put_u32(at, frame_bytes(packet));
	at = put_u32(at, frame_bytes(packet));
	at = put_frame(at, packet);
	at = put_option(at, PACKET_FLAGS, &flags, sizeof(flags));
	at = put_option(at, PACKET_QUEUE, &about->queue, sizeof(about->queue));
	return finish_block(block, put_u32(at, OPTION_END));
}
