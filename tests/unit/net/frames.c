/* SPDX-License-Identifier: BSD-3-Clause */
#include "frames.h"

#include <string.h>

#include <criterion/criterion.h>

#define TCP 6
#define UDP 17
#define DESTINATION_OPTIONS 60

uint16_t frame_l2(const struct frame *frame)
{
	uint16_t tags = 0;

	while (tags < RTE_DIM(frame->tags) && frame->tags[tags] != 0)
		tags++;
	return (uint16_t)(14 + 4 * tags);
}

uint16_t frame_l3(const struct frame *frame)
{
	return (uint16_t)((frame->is_ipv6 ? 40 : 20) + frame->ip_extra);
}

uint16_t frame_l4(const struct frame *frame)
{
	return frame->is_udp ? 8 : (uint16_t)(20 + frame->tcp_extra);
}

uint32_t frame_l4_at(const struct frame *frame)
{
	return (uint32_t)frame_l2(frame) + frame_l3(frame);
}

uint32_t frame_field_at(const struct frame *frame)
{
	return frame_l4_at(frame) + (frame->is_udp ? 6 : 16);
}

static uint32_t l4_length(const struct frame *frame)
{
	return frame_l4(frame) + frame->payload;
}

static void set16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* Big-endian words, the odd byte the high one. */
static uint32_t add(uint32_t sum, const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t pseudo(const struct frame *frame, const uint8_t *bytes)
{
	const uint8_t *ip = bytes + frame_l2(frame);
	uint32_t length = l4_length(frame);
	uint8_t rest[8] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
		(uint8_t)length, 0, 0, 0, frame->is_udp ? UDP : TCP};
	uint32_t sum = frame->is_ipv6 ? add(0, ip + 8, 32) : add(0, ip + 12, 8);

	return add(sum, rest, sizeof(rest));
}

static void put_ipv4(const struct frame *frame, uint8_t *ip)
{
	ip[0] = (uint8_t)(0x40 | frame_l3(frame) / 4);
	set16(ip + 2, (frame_l3(frame) + l4_length(frame)) & 0xffff);
	ip[8] = 64;
	ip[9] = frame->is_udp ? UDP : TCP;
	memcpy(ip + 12, "\xc6\x12\x00\x01\xc6\x12\x00\x02", 8);
	/* Options that do nothing. */
	memset(ip + 20, 1, frame->ip_extra);
}

static void put_ipv6(const struct frame *frame, uint8_t *ip)
{
	uint8_t protocol = frame->is_udp ? UDP : TCP;

	ip[0] = 0x60;
	set16(ip + 4, (frame->ip_extra + l4_length(frame)) & 0xffff);
	ip[6] = frame->ip_extra != 0 ? DESTINATION_OPTIONS : protocol;
	ip[7] = 64;
	for (unsigned int i = 8; i < 40; i++)
		ip[i] = (uint8_t)(0xfd + 7 * i);
	if (frame->ip_extra == 0)
		return;
	ip[40] = protocol;
	ip[41] = (uint8_t)(frame->ip_extra / 8 - 1);
	ip[42] = 1;
	ip[43] = (uint8_t)(frame->ip_extra - 4);
}

static uint32_t lay_out(const struct frame *frame, uint8_t *bytes)
{
	uint8_t *type = bytes + frame_l2(frame) - 2, *l4 = bytes + frame_l4_at(frame);
	uint32_t count = frame_l4_at(frame) + l4_length(frame) + frame->padding;

	for (uint32_t i = 0; i < count; i++)
		bytes[i] = net_pattern(77, i);
	memset(bytes + frame_l2(frame), 0, frame_l3(frame));
	memcpy(bytes, "\x02\0\0\0\0\1\x02\0\0\0\0\2", 12);
	for (uint32_t at = 12; at + 2 < frame_l2(frame); at += 4) {
		set16(bytes + at, frame->tags[(at - 12) / 4]);
		set16(bytes + at + 2, 0x2007);
	}
	set16(type, frame->is_ipv6 ? 0x86dd : 0x0800);
	if (frame->is_ipv6)
		put_ipv6(frame, type + 2);
	else
		put_ipv4(frame, type + 2);
	set16(l4, 1000);
	set16(l4 + 2, 2000);
	if (frame->is_udp) {
		set16(l4 + 4, l4_length(frame) & 0xffff);
	} else {
		l4[12] = (uint8_t)(frame_l4(frame) / 4 << 4);
		l4[13] = frame->tcp_flags;
	}
	set16(bytes + frame_field_at(frame), frame->is_partial ? pseudo(frame, bytes) : 0xdead);
	return count;
}

static struct rte_mbuf *add_segment(struct net_fixture *fixture, struct rte_mbuf *packet)
{
	struct rte_mbuf *last = rte_pktmbuf_lastseg(packet);

	last->next = rte_pktmbuf_alloc(fixture->pool);
	cr_assert_neq(last->next, NULL);
	packet->nb_segs++;
	return last->next;
}

static void append(struct net_fixture *fixture, struct rte_mbuf *packet, const uint8_t *bytes,
	uint32_t count)
{
	struct rte_mbuf *last = rte_pktmbuf_lastseg(packet);

	for (uint32_t at = 0, segment; at < count; at += segment) {
		if (rte_pktmbuf_tailroom(last) == 0)
			last = add_segment(fixture, packet);
		segment = RTE_MIN(count - at, (uint32_t)rte_pktmbuf_tailroom(last));
		memcpy(rte_pktmbuf_mtod_offset(last, void *, last->data_len), bytes + at, segment);
		last->data_len = (uint16_t)(last->data_len + segment);
		packet->pkt_len += segment;
	}
}

struct rte_mbuf *frame_make(struct net_fixture *fixture, const struct frame *frame)
{
	static uint8_t bytes[70000];
	uint32_t count = lay_out(frame, bytes);
	uint32_t cut = frame->cut < count ? frame->cut : 0;
	struct rte_mbuf *packet = rte_pktmbuf_alloc(fixture->pool);

	cr_assert_neq(packet, NULL);
	append(fixture, packet, bytes, cut);
	if (cut != 0)
		add_segment(fixture, packet);
	append(fixture, packet, bytes + cut, count - cut);
	return packet;
}

void frame_request_offload(struct rte_mbuf *packet, const struct frame *frame, uint64_t more_flags)
{
	packet->l2_len = frame_l2(frame);
	packet->l3_len = frame_l3(frame);
	packet->l4_len = (uint8_t)frame_l4(frame);
	packet->ol_flags |= more_flags |
		(frame->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4) |
		(frame->is_udp ? RTE_MBUF_F_TX_UDP_CKSUM : RTE_MBUF_F_TX_TCP_CKSUM);
}

uint32_t frame_bytes(const struct rte_mbuf *packet, uint8_t *bytes, uint32_t size)
{
	uint32_t at = 0;

	for (; packet != NULL; packet = packet->next) {
		cr_assert_leq(at + packet->data_len, size);
		memcpy(bytes + at, rte_pktmbuf_mtod(packet, const void *), packet->data_len);
		at += packet->data_len;
	}
	return at;
}

void frame_device_sum(uint8_t *bytes, uint32_t count, uint16_t start, uint16_t offset)
{
	cr_assert_leq((uint32_t)start + offset + 2, count);
	set16(bytes + start + offset, ~add(0, bytes + start, count - start) & 0xffff);
}

bool frame_l4_is_right(const struct frame *frame, const uint8_t *bytes)
{
	uint32_t sum = add(pseudo(frame, bytes), bytes + frame_l4_at(frame), l4_length(frame));

	return sum == 0xffff;
}

bool frame_ip_is_right(const struct frame *frame, const uint8_t *bytes)
{
	return frame->is_ipv6 || add(0, bytes + frame_l2(frame), frame_l3(frame)) == 0xffff;
}
