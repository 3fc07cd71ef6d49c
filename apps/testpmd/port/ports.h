/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All ports of the program, in the order of their devices on the command line. Control thread only;
 * other threads read them under ports_lock (port.h).
 */
#ifndef TESTPMD_PORTS_H
#define TESTPMD_PORTS_H

#include <stdint.h>

#include "port.h"
#include "sizes.h"

/*
 * The mbufs of the devices on one NUMA node; where devices are isolated, those that one port
 * receives or makes.
 */
struct mbuf_pool {
	int node;
	bool is_isolated; /* by kl_net_pool_create */
	uint16_t port; /* of an isolated one */
	struct rte_mempool *pool;
};

struct ports {
	/*
	 * The command line's values for ports that are opened; conf.queue_pairs is 0
	 * when not given.
	 */
	struct kl_net_conf conf;
	uint64_t rss_types;
	uint32_t max_packet; /* bytes with FCS; 0 when not given */
	uint32_t mbuf_bytes; /* with headroom */
	uint32_t mbuf_count; /* of a pool; 0 for what the rings need */
	uint32_t mbuf_cache; /* of each lcore */
	enum kl_isolate isolate; /* devices without a key isolate= */

	struct port at[MAX_PORTS];
	uint16_t count; /* closed ones included */
	uint16_t queue_pairs; /* of each port */
	struct mbuf_pool pools[2 * MAX_PORTS];
	uint16_t pool_count;
};

/*
 * Opens a device as the next port, configured by the command line, or joins tap:NAME to the last
 * one. Returns 0, or -errno after a message; a port may have been added even then.
 */
int ports_add(struct ports *ports, const char *spec);

/* Opens the device of a closed port again, with the port's configuration. */
int ports_reopen(struct ports *ports, struct port *port);

/*
 * Adds TX offloads to ports that are not started yet. Packets that one port receives with an
 * incomplete checksum, or coalesced, need them at the sending port, as far as it has them.
 */
void ports_complete_offloads(struct ports *ports);

/*
 * Checks that each open port allows that many queue pairs. Returns 0, or -EINVAL after a message.
 */
int ports_check_queues(const struct ports *ports, uint32_t queue_pairs);

/* The number of open ports. */
unsigned int ports_count_open(const struct ports *ports);

#endif
