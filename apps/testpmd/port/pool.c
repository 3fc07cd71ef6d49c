/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

#include <kickless/device.h>

#include "common/message.h"
#include "ports.h"

#define USUAL_RING 1024u
#define TAP_MBUFS 4096u
/* A pool for which memory is short gets no smaller than this. */
#define LEAST_MBUFS 1023u

/* The largest number of mbufs outside of rings. */
struct load {
	uint32_t packets; /* of a queue */
	uint16_t segments; /* mbufs of a packet */
};

/* The largest ring that a command is likely to request later, when nothing names the size now. */
static uint32_t ring_size(const struct port *port, enum kl_net_direction direction, uint16_t queue,
	uint16_t option)
{
	const uint32_t size = kl_net_ring_size(port->net, direction, queue, option);

	if (option != 0 || kl_device_options(port->device)->queue_size != 0)
		return size;
	return RTE_MAX(size, USUAL_RING);
}

/* The mbufs of full rings of all queues. */
static uint32_t ring_mbufs(const struct ports *ports, const struct port *port, uint16_t segments)
{
	uint32_t count = 0;

	for (uint16_t i = 0; i < ports->queue_pairs; i++) {
		const uint32_t rx = ring_size(port, KL_NET_RX, i, ports->conf.rx_ring_size);
		const uint32_t tx = ring_size(port, KL_NET_TX, i, ports->conf.tx_ring_size);

		/* The kernel's packets may take many buffers. */
		count += tap_is_open(&port->tap) ? rx + tx + TAP_MBUFS : rx + tx * segments;
	}
	return count;
}

/*
 * The mbufs for full rings, a burst of each queue in flight, and full caches of all lcores. Buffers
 * of one node may all be in rings of another, so the sum over all ports counts.
 */
static uint32_t count_mbufs(const struct ports *ports, const struct load *load)
{
	uint32_t count = rte_lcore_count() * ports->mbuf_cache * 3 / 2 + MAX_BURST;

	for (uint16_t i = 0; i < ports->count; i++)
		if (port_is_open(&ports->at[i]))
			count += ring_mbufs(ports, &ports->at[i], load->segments) +
				ports->queue_pairs * load->packets * load->segments;
	return count;
}

/*
 * The same for the packets that one port receives or makes. They may be in the transmit rings of
 * two ports, of its peer and of the peer that it had in the last run.
 */
static uint32_t count_own_mbufs(const struct ports *ports, const struct port *port,
	const struct load *load)
{
	return 2 * ring_mbufs(ports, port, load->segments) +
		ports->queue_pairs * load->packets * load->segments +
		rte_lcore_count() * ports->mbuf_cache * 3 / 2 + MAX_BURST;
}

/* The size of a pool that needs so many mbufs; the user's has precedence. */
static uint32_t choose_count(const struct ports *ports, const char *name, uint32_t needed)
{
	/* A pool's ring holds a power of two less one; any other size wastes memory. */
	if (ports->mbuf_count == 0)
		return rte_align32pow2(needed + 1) - 1;
	if (ports->mbuf_count < needed)
		print_warning("--total-num-mbufs=%" PRIu32 ": full rings of %u queues, bursts "
			      "and caches need %" PRIu32
			      " of pool <%s>; packets may be lost for want "
			      "of mbufs; raise it, or make rings smaller by --rxd and --txd",
			ports->mbuf_count, ports->queue_pairs, needed, name);
	return ports->mbuf_count;
}

/* Half the size, for a pool that EAL has no memory for; 0: no smaller one is tried. */
static uint32_t choose_smaller(const struct ports *ports, uint32_t count)
{
	return ports->mbuf_count == 0 && rte_errno == ENOMEM && count > LEAST_MBUFS ? count / 2 : 0;
}

static void report_smaller(const char *name, uint32_t count, uint32_t wanted)
{
	if (count < wanted)
		print_warning(
			"pool <%s> has %" PRIu32 " mbufs, since EAL has no memory for "
			"the %" PRIu32 " of full rings; packets may be lost for want of mbufs; "
			"give EAL more memory by -m, or make rings smaller by --rxd and --txd",
			name, count, wanted);
}

static void announce_pool(const struct ports *ports, const char *name, uint32_t count, int node)
{
	printf("testpmd: create a new mbuf pool <%s>: n=%" PRIu32 ", size=%" PRIu32 ", socket=%d\n",
		name, count, ports->mbuf_bytes, node);
}

static struct rte_mempool *create_isolated_pool(const struct ports *ports, const struct port *port,
	const struct load *load)
{
	struct rte_mempool *pool = NULL;
	char name[RTE_MEMPOOL_NAMESIZE];
	uint32_t count, wanted;

	snprintf(name, sizeof(name), "mb_pool_port%u", port->number);
	wanted = choose_count(ports, name, count_own_mbufs(ports, port, load));
	for (count = wanted; pool == NULL && count > 0;) {
		announce_pool(ports, name, count, port_node(port));
		pool = kl_net_pool_create(name, count, ports->mbuf_cache, 0, ports->mbuf_bytes,
			port_node(port));
		if (pool == NULL)
			count = choose_smaller(ports, count);
	}
	if (pool != NULL)
		report_smaller(name, count, wanted);
	return pool;
}

static struct rte_mempool *try_pool(const struct ports *ports, const char *name, uint32_t count,
	int node)
{
	struct rte_mempool *pool;

	announce_pool(ports, name, count, node);
	pool = rte_pktmbuf_pool_create(name, count, ports->mbuf_cache, 0, ports->mbuf_bytes, node);
	if (pool != NULL || (rte_errno != ENOMEM && rte_errno != EINVAL))
		return pool;
	pool = rte_pktmbuf_pool_create(name, count, ports->mbuf_cache, 0, ports->mbuf_bytes,
		SOCKET_ID_ANY);
	if (pool != NULL)
		print_warning("node %d has no memory for mbufs; another node's is used", node);
	return pool;
}

static struct rte_mempool *create_pool(const struct ports *ports, const struct load *load, int node)
{
	struct rte_mempool *pool = NULL;
	char name[RTE_MEMPOOL_NAMESIZE];
	uint32_t count, wanted;

	snprintf(name, sizeof(name), "mb_pool_%d", node);
	wanted = choose_count(ports, name, count_mbufs(ports, load));
	for (count = wanted; pool == NULL && count > 0;) {
		pool = try_pool(ports, name, count, node);
		if (pool == NULL)
			count = choose_smaller(ports, count);
	}
	if (pool != NULL)
		report_smaller(name, count, wanted);
	return pool;
}

static bool has_isolated_port(const struct ports *ports)
{
	for (uint16_t i = 0; i < ports->count; i++)
		if (port_is_open(&ports->at[i]) && port_is_isolated(&ports->at[i]))
			return true;
	return false;
}

static struct rte_mempool *find_or_create_pool(struct ports *ports, const struct load *load,
	const struct port *port)
{
	struct mbuf_pool wanted = {
		.node = port_node(port),
		.is_isolated = has_isolated_port(ports),
		.port = port->number,
	};

	for (uint16_t i = 0; i < ports->pool_count; i++) {
		const struct mbuf_pool *pool = &ports->pools[i];

		if (pool->is_isolated == wanted.is_isolated &&
			(pool->is_isolated ? pool->port == wanted.port : pool->node == wanted.node))
			return pool->pool;
	}
	wanted.pool = wanted.is_isolated ? create_isolated_pool(ports, port, load) :
					   create_pool(ports, load, wanted.node);
	if (wanted.pool != NULL)
		ports->pools[ports->pool_count++] = wanted;
	return wanted.pool;
}

int pools_create(struct ports *ports, uint32_t packets, uint16_t segments)
{
	const struct load load = {.packets = packets, .segments = segments};

	for (uint16_t i = 0; i < ports->count; i++) {
		struct port *port = &ports->at[i];

		/* The packets of a port that runs stay those that it has. */
		if (!port_is_open(port) || (port->pool != NULL && port_is_started(port)))
			continue;
		port->pool = find_or_create_pool(ports, &load, port);
		port->has_own_pool = has_isolated_port(ports);
		port->conf.pool = port->pool;
		if (port->pool == NULL) {
			const int rc = rte_errno;

			print_error(
				"can't create the mbuf pool: %s; give EAL more memory, or reduce "
				"--total-num-mbufs or --mbuf-size",
				rte_strerror(rc));
			return rc != 0 ? -rc : -ENOMEM;
		}
	}
	return 0;
}

void pools_free(struct ports *ports)
{
	bool are_kept = false;

	for (uint16_t i = 0; i < ports->count; i++) {
		tap_free_spares(&ports->at[i].tap);
		are_kept |= port_is_lost(&ports->at[i]);
		ports->at[i].pool = NULL;
		ports->at[i].conf.pool = NULL;
	}
	while (ports->pool_count > 0 && !are_kept) {
		const struct mbuf_pool *pool = &ports->pools[--ports->pool_count];

		if (pool->is_isolated)
			kl_net_pool_free(pool->pool);
		else
			rte_mempool_free(pool->pool);
	}
}
