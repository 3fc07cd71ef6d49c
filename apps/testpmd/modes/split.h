/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of several segments, by "set txpkts" and "set txsplit". On the lcore of the stream, in
 * a run. No function divides, and none allocates but mbufs.
 */
#ifndef TESTPMD_SPLIT_H
#define TESTPMD_SPLIT_H

#include "forward/stream.h"

/* The number of segments of the next packet. */
uint16_t split_segments(const struct fwd_settings *settings);

/*
 * Copies a packet into segments of the set lengths, the last of which takes what is left. Returns
 * the copy, and the packet is freed; or the packet itself, when there is no room for a copy.
 */
struct rte_mbuf *split_copy(const struct fwd_stream *stream, struct rte_mbuf *packet);

#endif
