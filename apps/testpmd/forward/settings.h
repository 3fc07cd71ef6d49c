/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a person may change between two runs, on the command line or at the prompt. A run works on a
 * copy, so a change takes effect with the next start.
 */
#ifndef TESTPMD_SETTINGS_H
#define TESTPMD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_lcore.h>

#include "engine.h"
#include "port/sizes.h"

/* What an lcore does while there is nothing to forward; see idle.h. */
enum idle_mode {
	IDLE_POLL,
	IDLE_ADAPTIVE,
	IDLE_INTERRUPT,
};

enum port_topology {
	TOPOLOGY_PAIRED,
	TOPOLOGY_CHAINED,
	TOPOLOGY_LOOP,
};

/* Who makes checksums in the csum mode, by sending port. IPv4's is never virtio's business. */
struct port_sums {
	bool udp_hw;
	bool tcp_hw;
	uint16_t tso_segment; /* bytes of payload that TCP is cut into; 0 for not */
};

/* Instead of a VLAN tag, of which 4095 is the largest. */
#define NO_VLAN UINT16_MAX

struct fwd_settings {
	const struct fwd_engine *engine;
	const struct fwd_engine *first_engine; /* of what --tx-first sends */
	enum port_topology topology;
	uint16_t burst;
	uint16_t cores;
	enum idle_mode idle;
	bool record_cycles;
	bool record_bursts;
	uint8_t verbose; /* VERBOSE_ bits */
	bool retry; /* what the ring has no room for */
	uint32_t retries;
	uint32_t retry_us; /* in between */

	/* Which ports forward and on which lcores, in that order; none listed: all there are. */
	uint16_t ports; /* so many of them at most; 0: all */
	uint16_t port_list_count;
	uint16_t port_list[MAX_PORTS];
	uint16_t core_list_count;
	uint16_t core_list[RTE_MAX_LCORE];

	/* Of txonly and flowgen. */
	uint16_t segments;
	uint16_t segment_bytes[MAX_SEGMENTS];
	uint32_t packet_bytes; /* the sum of segment_bytes */
	uint64_t rate; /* packets per second and port; 0 for as many as go */
	bool multi_flow;
	uint32_t ip_source; /* host order, as all here */
	uint32_t ip_destination;
	uint16_t udp_source;
	uint16_t udp_destination;

	struct rte_ether_addr peers[MAX_PORTS]; /* what the mac modes send to, by sending port */
	struct port_sums sums[MAX_PORTS];
	uint16_t tx_vlan[MAX_PORTS]; /* the tag of what a port sends, or NO_VLAN */
};

#endif
