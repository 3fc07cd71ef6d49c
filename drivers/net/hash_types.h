/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hash types of the device, VIRTIO_NET_HASH_TYPE_* of virtio 1.x, 5.1.9.4.4.2, and DPDK's names of
 * them, RTE_ETH_RSS_*.
 *
 * A type of the device for IP packets covers several of DPDK's: fragments, and packets without a
 * known transport protocol.
 */
#ifndef KL_NET_HASH_TYPES_H
#define KL_NET_HASH_TYPES_H

#include <stdint.h>

/* All RTE_ETH_RSS_* types that the device's types cover. */
uint64_t net_rss_types_of(uint32_t hash_types);

/* All types of the device that cover some of rss_types. */
uint32_t net_hash_types_of(uint64_t rss_types);

#endif
