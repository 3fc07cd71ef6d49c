/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

#include <kickless/bus.h>

#include "cli/testpmd.h"

#define USUAL_RING 1024u
#define LARGEST_LIKELY_RING 4096u
#define TAP_MBUFS 4096u

static uint32_t ring_size(uint32_t option, uint32_t named, uint32_t maximum)
{
	if (option != 0)
		return option;
	if (named != 0)
		return named;
	/* Some devices tell their largest ring only once they are set up, others name one that nobody
	 * uses. */
	return maximum != 0 ? RTE_MIN(maximum, LARGEST_LIKELY_RING) : USUAL_RING;
}

static uint32_t ring_mbufs(const struct testpmd *pmd, const struct port *port)
{
	const struct kl_net_info *info = kl_net_info(port->net);
	const uint16_t named = kl_device_options(port->device)->queue_size;
	const uint32_t rx = ring_size(pmd->options.rxd, named, info->rx_ring_max);
	const uint32_t tx = ring_size(pmd->options.txd, named, info->tx_ring_max);

	/* The kernel's packets may take many buffers. */
	if (tap_is_open(&port->tap))
		return rx + tx + TAP_MBUFS;
	return rx + tx * pmd->settings.segments;
}

/*
 * Full rings everywhere, a burst of each queue in flight, and full caches of all lcores. Buffers of
 * one node may all sit in rings of another, so the sum over all ports counts.
 */
uint32_t pools_default_mbufs(const struct testpmd *pmd)
{
	uint32_t count = rte_lcore_count() * pmd->options.mbuf_cache * 3 / 2 + MAX_BURST;

	for (uint16_t i = 0; i < pmd->port_count; i++)
		count += !port_is_open(&pmd->ports[i]) ? 0 :
							 pmd->queues *
				(ring_mbufs(pmd, &pmd->ports[i]) +
					pmd->settings.burst * pmd->settings.segments);
	/* A pool's ring holds a power of two less one; anything else wastes memory. */
	return rte_align32pow2(count + 1) - 1;
}

static struct rte_mempool *create(const struct testpmd *pmd, int node)
{
	const uint32_t count = pmd->options.mbuf_count != 0 ? pmd->options.mbuf_count :
							      pools_default_mbufs(pmd);
	struct rte_mempool *pool;
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "mb_pool_%d", node);
	printf("testpmd: create a new mbuf pool <%s>: n=%" PRIu32 ", size=%" PRIu64 ", socket=%d\n",
		name, count, pmd->options.mbuf_size, node);
	pool = rte_pktmbuf_pool_create(name, count, pmd->options.mbuf_cache, 0,
		pmd->options.mbuf_size, node);
	if (pool != NULL || (rte_errno != ENOMEM && rte_errno != EINVAL))
		return pool;
	pool = rte_pktmbuf_pool_create(name, count, pmd->options.mbuf_cache, 0,
		pmd->options.mbuf_size, SOCKET_ID_ANY);
	if (pool != NULL)
		say_error("warning: node %d has no memory for packet buffers; they lie on another",
			node);
	return pool;
}

static struct rte_mempool *find_or_create(struct testpmd *pmd, int node)
{
	uint16_t i;

	for (i = 0; i < pmd->pool_count; i++)
		if (pmd->pools[i].node == node)
			return pmd->pools[i].pool;
	pmd->pools[i].node = node;
	pmd->pools[i].pool = create(pmd, node);
	if (pmd->pools[i].pool != NULL)
		pmd->pool_count++;
	return pmd->pools[i].pool;
}

int pools_create(struct testpmd *pmd)
{
	for (uint16_t i = 0; i < pmd->port_count; i++) {
		struct port *port = &pmd->ports[i];

		if (!port_is_open(port))
			continue;
		port->pool = find_or_create(pmd, port_node(port));
		port->conf.pool = port->pool;
		if (port->pool == NULL) {
			const int rc = rte_errno;

			say_error(
				"can't create the mbuf pool: %s; give EAL more memory, or the pool "
				"fewer or smaller buffers by --total-num-mbufs and --mbuf-size",
				rte_strerror(rc));
			return rc != 0 ? -rc : -ENOMEM;
		}
	}
	return 0;
}

static bool are_kept;

void pools_keep(void)
{
	are_kept = true;
}

void pools_free(struct testpmd *pmd)
{
	for (uint16_t i = 0; i < pmd->port_count; i++) {
		tap_free_spares(&pmd->ports[i].tap);
		pmd->ports[i].pool = NULL;
		pmd->ports[i].conf.pool = NULL;
	}
	while (pmd->pool_count > 0 && !are_kept)
		rte_mempool_free(pmd->pools[--pmd->pool_count].pool);
}
