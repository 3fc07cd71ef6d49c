/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * icmpecho: replies to ARP requests and pings for any address, and drops all else. Replies leave by
 * the stream's sending port, so use it with one port or --port-topology=loop.
 */
#include "modes.h"

#include <netinet/in.h>

#include <rte_arp.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "edit.h"
#include "port/layers.h"

#define MULTICAST_FROM RTE_IPV4(224, 0, 0, 0) /* RFC 1112, 4; broadcast lies above */

/* RFC 826. The packet has a whole Ethernet header. */
static bool answer_arp(const struct fwd_stream *stream, struct rte_mbuf *packet, uint16_t begin)
{
	struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(packet, struct rte_arp_hdr *, begin);
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	rte_be32_t target;

	if (packet->data_len < begin + sizeof(*arp) ||
		arp->arp_opcode != rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) ||
		arp->arp_hardware != rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) ||
		arp->arp_protocol != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
		arp->arp_hlen != RTE_ETHER_ADDR_LEN || arp->arp_plen != sizeof(target))
		return false;
	target = arp->arp_data.arp_tip;
	arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = stream->source;
	arp->arp_data.arp_sip = target;
	rte_ether_addr_copy(&ether->src_addr, &ether->dst_addr);
	rte_ether_addr_copy(&stream->source, &ether->src_addr);
	return true;
}

/* RFC 1624: the type, in the high byte of the first word, becomes 0. */
static rte_be16_t compute_reply_sum(const struct rte_icmp_hdr *request)
{
	uint32_t sum = (uint16_t)~request->icmp_cksum;

	sum += (uint16_t)~rte_cpu_to_be_16(RTE_IP_ICMP_ECHO_REQUEST << 8);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool is_fragment(const struct rte_ipv4_hdr *ip)
{
	return (ip->fragment_offset &
		       rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
}

/*
 * RFC 1122, 3.2.2.6: a reply to a multicast needs an address of the replier's own, and there is
 * none; so those are dropped.
 */
static bool answer_ping(struct rte_mbuf *packet, const struct layers *layers)
{
	struct rte_ipv4_hdr *ip = layers->l3;
	struct rte_icmp_hdr *icmp = RTE_PTR_ADD(layers->l3, layers->l3_bytes);
	const rte_be32_t source = ip->src_addr;

	if (packet->data_len < layers->l2_bytes + layers->l3_bytes + sizeof(*icmp) ||
		ip->next_proto_id != IPPROTO_ICMP || is_fragment(ip) ||
		icmp->icmp_type != RTE_IP_ICMP_ECHO_REQUEST || icmp->icmp_code != 0 ||
		rte_be_to_cpu_32(ip->dst_addr) >= MULTICAST_FROM)
		return false;
	edit_swap_addresses(packet);
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = source;
	icmp->icmp_cksum = compute_reply_sum(icmp);
	icmp->icmp_type = RTE_IP_ICMP_ECHO_REPLY;
	return true;
}

static bool answer_packet(struct fwd_stream *stream, struct rte_mbuf *packet)
{
	struct layers layers;
	rte_be16_t type;

	layers_parse(packet, &layers);
	if (layers.is_ipv4)
		return answer_ping(packet, &layers);
	if (layers.l2_bytes < RTE_ETHER_HDR_LEN || layers.l2_bytes > packet->data_len)
		return false;
	/* The type is at the end of the Ethernet header, behind all tags. */
	memcpy(&type, rte_pktmbuf_mtod_offset(packet, char *, layers.l2_bytes - sizeof(type)),
		sizeof(type));
	return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) &&
		answer_arp(stream, packet, layers.l2_bytes);
}

static bool icmpecho_burst(struct fwd_stream *stream)
{
	return stream_edit(stream, answer_packet);
}

const struct fwd_engine icmpecho_engine = {
	.name = "icmpecho",
	.burst = icmpecho_burst,
};
