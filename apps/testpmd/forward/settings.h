/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings of a run, from the command line and from commands. A run works on a copy, so a
 * change takes effect with the next start.
 */
#ifndef TESTPMD_SETTINGS_H
#define TESTPMD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_lcore.h>

#include "engine.h"
#include "port/sizes.h"

/* Behaviour of an lcore without packets; see idle.h. */
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

/* Offloads of the csum mode, by sending port. Virtio has none for IPv4's checksum. */
struct port_sums {
	bool keeps_addresses; /* Ethernet's, which otherwise are set as in the mode mac */
	bool parses_tunnels; /* the headers inside of a tunnel get new checksums too */
	bool udp_hw;
	bool tcp_hw;
	uint16_t tso_segment; /* payload bytes per TCP segment; 0 for no segmentation */
};

/* Segments of packets that txonly makes, and that csum copies. */
enum packet_split {
	SPLIT_OFF, /* txonly makes all segments; csum does not copy */
	SPLIT_ON,
	SPLIT_RANDOM, /* of the segments, the first ones, as many as a random number */
};

/* For the mode noisy. */
struct noisy_settings {
	uint64_t buffer; /* packets that wait; 0 for none */
	uint64_t flush_ms; /* time after which they leave; 0 for none */
	uint64_t memory_mib;
	uint64_t reads; /* per packet, as the next two */
	uint64_t writes;
	uint64_t reads_writes;
};

/* In place of a VLAN tag; the largest one is 4095. */
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
	bool retry; /* retry packets that a full ring refused */
	uint32_t retries;
	uint32_t retry_us; /* between two retries */

	/* Forwarding ports and lcores, in that order; when none are listed, all. */
	uint16_t ports; /* number of ports at most; 0 for all */
	uint16_t port_list_count;
	uint16_t port_list[MAX_PORTS];
	uint16_t core_list_count;
	uint16_t core_list[RTE_MAX_LCORE];

	/* For txonly and flowgen. */
	uint16_t segments;
	uint16_t segment_bytes[MAX_SEGMENTS];
	uint32_t packet_bytes; /* the sum of segment_bytes */
	enum packet_split split;
	struct noisy_settings noisy;
	/* In ns: from one burst to the next, and what each further packet of a burst adds. */
	uint32_t burst_gap;
	uint32_t packet_gap;
	uint64_t rate; /* packets per second and port; 0 for no limit */
	uint64_t flows; /* of flowgen */
	bool multi_flow;
	uint32_t ip_source; /* host order, as all here */
	uint32_t ip_destination;
	uint16_t udp_source;
	uint16_t udp_destination;

	/* destination addresses in the mac modes, by sending port */
	struct rte_ether_addr peers[MAX_PORTS];
	struct port_sums sums[MAX_PORTS];
	uint16_t tx_vlan[MAX_PORTS]; /* tag of sent packets by port, or NO_VLAN */
	uint16_t tx_outer_vlan[MAX_PORTS]; /* the one in front of it, or NO_VLAN */
	uint16_t outer_tpid[MAX_PORTS]; /* EtherType of that */

	/*
	 * "set rxpkts": shown, and of no effect, as in testpmd with a device that can't split
	 * received packets.
	 */
	uint16_t rx_segments;
	uint16_t rx_segment_bytes[MAX_RX_SEGMENTS];
};

#endif
