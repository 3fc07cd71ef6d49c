/* SPDX-License-Identifier: BSD-3-Clause */
#include "packets.h"

#include <inttypes.h>
#include <stdio.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_net.h>

#define MAC_FORMAT "%02X:%02X:%02X:%02X:%02X:%02X"
#define MAC_BYTES(a) (a)[0], (a)[1], (a)[2], (a)[3], (a)[4], (a)[5]

static void print_ethernet(const struct rte_mbuf *packet)
{
	const struct rte_ether_hdr *ether;
	struct rte_ether_hdr copy;

	ether = rte_pktmbuf_read(packet, 0, sizeof(copy), &copy);
	if (ether == NULL)
		return;
	printf("  src=" MAC_FORMAT " - dst=" MAC_FORMAT, MAC_BYTES(ether->src_addr.addr_bytes),
		MAC_BYTES(ether->dst_addr.addr_bytes));
	printf(" - pool=%s - type=0x%04x", packet->pool->name, rte_be_to_cpu_16(ether->ether_type));
}

static void print_received(const struct rte_mbuf *packet)
{
	if ((packet->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0)
		printf(" - RSS hash=0x%" PRIx32, packet->hash.rss);
	if ((packet->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0)
		printf(" - VLAN tci=0x%x", packet->vlan_tci);
}

static void print_packet(const struct rte_mbuf *packet, uint16_t queue, bool is_sent)
{
	struct rte_net_hdr_lens lengths = {0};
	const uint32_t type = rte_net_get_ptype(packet, &lengths, RTE_PTYPE_ALL_MASK);
	char text[256];

	print_ethernet(packet);
	printf(" - length=%u - nb_segs=%u", packet->pkt_len, packet->nb_segs);
	if (!is_sent)
		print_received(packet);
	rte_get_ptype_name(type, text, sizeof(text));
	printf(" - sw ptype: %s - l2_len=%d - l3_len=%d - l4_len=%d", text, lengths.l2_len,
		lengths.l3_len, lengths.l4_len);
	printf(" - %s queue=0x%x\n", is_sent ? "Send" : "Receive", queue);
	if (is_sent)
		rte_get_tx_ol_flag_list(packet->ol_flags, text, sizeof(text));
	else
		rte_get_rx_ol_flag_list(packet->ol_flags, text, sizeof(text));
	printf("  ol_flags: %s\n", text);
}

void packets_print(uint16_t port, uint16_t queue, bool is_sent, struct rte_mbuf **packets,
	uint16_t count)
{
	flockfile(stdout);
	printf("port %u/queue %u: %s %u packets\n", port, queue, is_sent ? "sent" : "received",
		count);
	for (uint16_t i = 0; i < count; i++)
		print_packet(packets[i], queue, is_sent);
	fflush(stdout);
	funlockfile(stdout);
}
