/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers inside of a tunnel: VXLAN, VXLAN-GPE, Geneve and GTP-U on their registered UDP ports,
 * GRE, and IP in IP. One level: a tunnel in a tunnel is payload. Lengths in a packet are trusted
 * only in its bytes. Pure functions.
 */
#ifndef TESTPMD_TUNNEL_H
#define TESTPMD_TUNNEL_H

#include "layers.h"

/*
 * Finds the inner IP header of a packet whose outer headers are known. l2_bytes of inner are all in
 * front of that header. Returns false, and nothing in inner is valid, when the packet is no tunnel,
 * or its headers are not in the first segment.
 */
bool layers_parse_inner(const struct rte_mbuf *packet, const struct layers *outer,
	struct layers *inner);

#endif
