/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All ports of the program, in the order in which their devices were named. Control thread only;
 * other threads read them under ports_lock (port.h).
 */
#ifndef TESTPMD_PORTS_H
#define TESTPMD_PORTS_H

#include <stdint.h>

#include "port.h"
#include "sizes.h"

/* The mbufs of the devices on one NUMA node. */
struct mbuf_pool {
	int node;
	struct rte_mempool *pool;
};

struct ports {
	/*
	 * The command line's, for each port that is opened; conf.queue_pairs is 0 when not given.
	 */
	struct kl_net_conf conf;
	uint64_t rss_types;
	uint32_t max_packet; /* bytes with FCS; 0 when not given */
	uint32_t mbuf_bytes; /* with headroom */
	uint32_t mbuf_count; /* of a pool; 0 for what the rings need */
	uint32_t mbuf_cache; /* of each lcore */

	struct port at[MAX_PORTS];
	uint16_t count; /* closed ones included */
	uint16_t queue_pairs; /* of each port */
	struct mbuf_pool pools[MAX_PORTS];
	uint16_t pool_count;
};

/*
 * Opens a device as the next port, configured as the command line says, or joins tap:NAME to the
 * last one. 0 or -errno after a message; also then the port may have been counted.
 */
int ports_add(struct ports *ports, const char *spec);

/* Opens the device of a closed port again, with the configuration that the port has. */
int ports_reopen(struct ports *ports, struct port *port);

/*
 * Adds TX offloads to ports that are not started yet. A packet that one port receives with an
 * incomplete checksum, or joined from several, needs them at the port that sends it on, as far
 * as that can.
 */
void ports_complete_offloads(struct ports *ports);

/* Whether each open port allows that many queue pairs: 0, or -EINVAL after a message. */
int ports_check_queues(const struct ports *ports, uint32_t queue_pairs);

/* How many ports are open. */
unsigned int ports_count_open(const struct ports *ports);

#endif
