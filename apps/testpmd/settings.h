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

#include "engine.h"
#include "sizes.h"

enum port_topology {
	TOPOLOGY_PAIRED,
	TOPOLOGY_CHAINED,
	TOPOLOGY_LOOP,
};

struct fwd_settings {
	const struct fwd_engine *engine;
	enum port_topology topology;
	uint16_t burst;
	uint16_t cores;
	bool record_cycles;
	bool record_bursts;

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
};

void settings_default(struct fwd_settings *settings);

/* Each returns 0, or -EINVAL after a message, and then settings are unchanged. */
int settings_set_mode(struct fwd_settings *settings, const char *name);
int settings_set_topology(struct fwd_settings *settings, const char *name);
int settings_set_burst(struct fwd_settings *settings, uint64_t burst);
int settings_set_peer(struct fwd_settings *settings, uint64_t port,
	const struct rte_ether_addr *peer);
/* "N[,N]...": the bytes of each segment of a packet; none may exceed what an mbuf holds. */
int settings_set_segments(struct fwd_settings *settings, const char *list, uint32_t mbuf_bytes);
/* "SOURCE,DESTINATION" addresses, "SOURCE[,DESTINATION]" ports. */
int settings_set_addresses(struct fwd_settings *settings, const char *pair);
int settings_set_udp_ports(struct fwd_settings *settings, const char *pair);

const char *topology_name(enum port_topology topology);

#endif
