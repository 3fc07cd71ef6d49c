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
#define LARGEST_LIKELY_RING 4096u
#define TAP_MBUFS 4096u

/* The largest number of mbufs outside of rings. */
struct load {
	uint16_t burst;
	uint16_t segments; /* mbufs of a packet */
};

static uint32_t ring_size(uint32_t option, uint32_t named, uint32_t maximum)
{
	if (option != 0)
		return option;
	if (named != 0)
		return named;
	/*
	 * Some devices report their largest ring only after set-up; others report one of
	 * an unusual size.
	 */
	return maximum != 0 ? RTE_MIN(maximum, LARGEST_LIKELY_RING) : USUAL_RING;
}

static uint32_t ring_mbufs(const struct ports *ports, const struct port *port, uint16_t segments)
{
	const struct kl_net_info *info = kl_net_info(port->net);
	const uint16_t named = kl_device_options(port->device)->queue_size;
	const uint32_t rx = ring_size(ports->conf.rx_ring_size, named, info->rx_ring_max);
	const uint32_t tx = ring_size(ports->conf.tx_ring_size, named, info->tx_ring_max);

	/* The kernel's packets may take many buffers. */
	if (tap_is_open(&port->tap))
		return rx + tx + TAP_MBUFS;
	return rx + tx * segments;
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
			count += ports->queue_pairs *
				(ring_mbufs(ports, &ports->at[i], load->segments) +
					load->burst * load->segments);
	/* A pool's ring holds a power of two less one; any other size wastes memory. */
	return rte_align32pow2(count + 1) - 1;
}

static struct rte_mempool *create_pool(const struct ports *ports, const struct load *load, int node)
{
	const uint32_t count = ports->mbuf_count != 0 ? ports->mbuf_count :
							count_mbufs(ports, load);
	struct rte_mempool *pool;
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "mb_pool_%d", node);
	printf("testpmd: create a new mbuf pool <%s>: n=%" PRIu32 ", size=%" PRIu32 ", socket=%d\n",
		name, count, ports->mbuf_bytes, node);
	pool = rte_pktmbuf_pool_create(name, count, ports->mbuf_cache, 0, ports->mbuf_bytes, node);
	if (pool != NULL || (rte_errno != ENOMEM && rte_errno != EINVAL))
		return pool;
	pool = rte_pktmbuf_pool_create(name, count, ports->mbuf_cache, 0, ports->mbuf_bytes,
		SOCKET_ID_ANY);
	if (pool != NULL)
		print_error("warning: node %d has no memory for mbufs; another node's is used",
			node);
	return pool;
}

static struct rte_mempool *find_or_create_pool(struct ports *ports, const struct load *load,
	int node)
{
	uint16_t i;

	for (i = 0; i < ports->pool_count; i++)
		if (ports->pools[i].node == node)
			return ports->pools[i].pool;
	ports->pools[i].node = node;
	ports->pools[i].pool = create_pool(ports, load, node);
	if (ports->pools[i].pool != NULL)
		ports->pool_count++;
	return ports->pools[i].pool;
}

int pools_create(struct ports *ports, uint16_t burst, uint16_t segments)
{
	const struct load load = {.burst = burst, .segments = segments};

	for (uint16_t i = 0; i < ports->count; i++) {
		struct port *port = &ports->at[i];

		if (!port_is_open(port))
			continue;
		port->pool = find_or_create_pool(ports, &load, port_node(port));
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
	while (ports->pool_count > 0 && !are_kept)
		rte_mempool_free(ports->pools[--ports->pool_count].pool);
}
