/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's vhost port: the device that either driver meets. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "side.h"

const struct ring_form ring_forms[RING_FORMS] = {
	{"split-mergeable", "packed=0,in_order=0,mrg_rxbuf=1", "mrg_rxbuf=1,in_order=0", true},
	{"split-plain", "packed=0,in_order=0,mrg_rxbuf=0", "mrg_rxbuf=0,in_order=0,vectorized=1",
		false},
	{"split-inorder", "packed=0,in_order=1,mrg_rxbuf=1", "mrg_rxbuf=1,in_order=1", true},
	{"packed-mergeable", "packed=1,in_order=0,mrg_rxbuf=1",
		"packed_vq=1,mrg_rxbuf=1,in_order=0", true},
	{"packed-plain", "packed=1,in_order=0,mrg_rxbuf=0", "packed_vq=1,mrg_rxbuf=0,in_order=0",
		false},
	{"packed-inorder", "packed=1,in_order=1,mrg_rxbuf=0",
		"packed_vq=1,mrg_rxbuf=0,in_order=1,vectorized=1", false},
};

int ethdev_start(uint16_t port, const struct side_shape *shape)
{
	const struct rte_eth_conf conf = {0};
	int rc = rte_eth_dev_configure(port, shape->queues, shape->queues, &conf);

	for (uint16_t queue = 0; queue < shape->queues && rc == 0; queue++) {
		rc = rte_eth_rx_queue_setup(port, queue, shape->ring_size, SOCKET_ID_ANY, NULL,
			shape->pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(port, queue, shape->ring_size, SOCKET_ID_ANY,
				NULL);
	}
	return rc == 0 ? rte_eth_dev_start(port) : rc;
}

static void name_of(const struct side *side, char *name, size_t size)
{
	snprintf(name, size, "net_vhost_%s%u", side->name, side->number);
}

int peer_open(struct side *side, const char *socket, const struct side_shape *shape)
{
	char name[64], arguments[256];
	int rc;

	name_of(side, name, sizeof(name));
	snprintf(arguments, sizeof(arguments), "iface=%s,queues=%u", socket, shape->queues);
	unlink(socket);
	rc = rte_vdev_init(name, arguments);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(name, &side->peer);
	if (rc == 0)
		rc = ethdev_start(side->peer, shape);
	if (rc != 0)
		fprintf(stderr, "bench: DPDK's vhost port %s does not start: %s\n", socket,
			rte_strerror(-rc));
	return rc;
}

void peer_close(struct side *side)
{
	char name[64];

	name_of(side, name, sizeof(name));
	rte_eth_dev_stop(side->peer);
	rte_vdev_uninit(name);
}
