/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's own driver for the same ring: net_virtio_user. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "side.h"

#define NAME "net_virtio_user0"

static uint16_t tx(const struct side *side, struct rte_mbuf **packets, uint16_t count)
{
	return rte_eth_tx_burst(side->port, 0, packets, count);
}

static uint16_t rx(const struct side *side, struct rte_mbuf **packets, uint16_t count)
{
	return rte_eth_rx_burst(side->port, 0, packets, count);
}

static void close_side(struct side *side)
{
	rte_eth_dev_stop(side->port);
	rte_vdev_uninit(NAME);
	peer_close(side);
}

/* Which of its paths the driver chose is the name of the function that rte_eth_rx_burst calls. */
static const char *name_of(const void *function)
{
	Dl_info info;

	return dladdr(function, &info) != 0 && info.dli_sname != NULL ? info.dli_sname : "unknown";
}

static void describe(struct side *side, const struct ring_form *form)
{
	const struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[side->port];

	snprintf(side->path, sizeof(side->path), "%s; rx %s, tx %s", form->dpdk,
		name_of(ops->rx_pkt_burst), name_of(ops->tx_pkt_burst));
}

int dpdk_open(struct side *side, const struct ring_form *form, struct rte_mempool *pool)
{
	char arguments[256], socket[64];
	int rc;

	*side = (struct side){.name = "dpdk", .tx = tx, .rx = rx, .close = close_side};
	snprintf(socket, sizeof(socket), "/tmp/kickless-bench-dpdk.%d", getpid());
	rc = peer_open(side, socket, 1, pool);
	if (rc != 0)
		return rc;
	snprintf(arguments, sizeof(arguments),
		"path=%s,mac=02:00:00:00:00:02,queues=1,queue_size=%d,%s", socket, RING_SIZE,
		form->dpdk);
	rc = rte_vdev_init(NAME, arguments);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(NAME, &side->port);
	if (rc == 0)
		rc = ethdev_start(side->port, 1, RING_SIZE, pool);
	unlink(socket);
	if (rc != 0)
		fprintf(stderr, "bench: net_virtio_user with %s: %s\n", form->dpdk,
			rte_strerror(-rc));
	else
		describe(side, form);
	return rc;
}
