/* SPDX-License-Identifier: BSD-3-Clause */
#include "forward/headers.h"

#include <netinet/in.h>

#include <rte_byteorder.h>

#define TIME_TO_LIVE 64 /* RFC 1700 */

void headers_fill(struct udp_headers *headers, const struct udp_addresses *addresses,
	uint16_t packet_bytes)
{
	const uint16_t ip_bytes = packet_bytes - sizeof(headers->ether);

	*headers = (struct udp_headers){
		.ether =
			{
				.dst_addr = addresses->destination,
				.src_addr = addresses->source,
				.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
			},
		.ip =
			{
				.version_ihl = RTE_IPV4_VHL_DEF,
				.total_length = rte_cpu_to_be_16(ip_bytes),
				.time_to_live = TIME_TO_LIVE,
				.next_proto_id = IPPROTO_UDP,
				.src_addr = rte_cpu_to_be_32(addresses->ip_source),
				.dst_addr = rte_cpu_to_be_32(addresses->ip_destination),
			},
		.udp =
			{
				.src_port = rte_cpu_to_be_16(addresses->udp_source),
				.dst_port = rte_cpu_to_be_16(addresses->udp_destination),
				.dgram_len = rte_cpu_to_be_16(ip_bytes - sizeof(headers->ip)),
			},
	};
	headers->ip.hdr_checksum = rte_ipv4_cksum(&headers->ip);
}
