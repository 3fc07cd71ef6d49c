/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes of tables, and defaults of testpmd's that scripts rely on. */
#ifndef TESTPMD_SIZES_H
#define TESTPMD_SIZES_H

#define MAX_PORTS 32
#define MAX_QUEUES 32 /* of one port and direction */
#define MAX_BURST 512
#define MAX_SEGMENTS 64
#define LARGEST_RING 32768 /* a split ring's size is a power of two, which its start checks */
#define MAX_RX_SEGMENTS 8

#define DEFAULT_BURST 32
#define DEFAULT_PACKET_BYTES 64
#define DEFAULT_RETRIES 64
#define DEFAULT_FLOWS 1024
#define DEFAULT_RETRY_US 1
#define DEFAULT_MBUF_CACHE 250

#define MINIMUM_MTU 68 /* RFC 791 */
#define ETHERNET_OVERHEAD 18 /* header and FCS: the largest packet less the MTU */
#define TAGS_OVERHEAD 16 /* four VLAN tags, which the MTU does not count */

#endif
