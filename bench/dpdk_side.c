/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's own driver for the same ring: net_virtio_user. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "side.h"

static uint16_t tx(const struct side *side, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count)
{
	return rte_eth_tx_burst(side->port, queue, packets, count);
}

static uint16_t rx(const struct side *side, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count)
{
	return rte_eth_rx_burst(side->port, queue, packets, count);
}

static void vdev_name(const struct side *side, char *name, size_t size)
{
	snprintf(name, size, "net_virtio_user%u", side->number);
}

static void close_side(struct side *side)
{
	char name[64];

	vdev_name(side, name, sizeof(name));
	rte_eth_dev_stop(side->port);
	rte_vdev_uninit(name);
	peer_close(side);
}

/* The name of the function that rte_eth_rx_burst calls, which is the path that the driver chose. */
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

int dpdk_open(struct side *side, const struct ring_form *form, const struct side_shape *shape)
{
	static unsigned int opened;
	char arguments[256], socket[64], name[64];
	int rc;

	*side = (struct side){.name = "dpdk",
		.tx = tx,
		.rx = rx,
		.close = close_side,
		.number = opened++};
	snprintf(socket, sizeof(socket), "/tmp/kickless-bench-dpdk%u.%d", side->number, getpid());
	vdev_name(side, name, sizeof(name));
	rc = peer_open(side, socket, shape);
	if (rc != 0)
		return rc;
	snprintf(arguments, sizeof(arguments),
		"path=%s,mac=02:00:00:00:00:02,queues=%u,queue_size=%u,%s", socket, shape->queues,
		shape->ring_size, form->dpdk);
	rc = rte_vdev_init(name, arguments);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(name, &side->port);
	if (rc == 0)
		rc = ethdev_start(side->port, shape);
	unlink(socket);
	if (rc != 0)
		fprintf(stderr, "bench: net_virtio_user with %s: %s\n", form->dpdk,
			rte_strerror(-rc));
	else
		describe(side, form);
	return rc;
}
