/* SPDX-License-Identifier: BSD-3-Clause */
/* Our driver, opened as an application opens it. */
#include <errno.h>
#include <stdio.h>

#include <unistd.h>

#include <kickless/device.h>
#include <kickless/net.h>

#include "side.h"

static uint16_t tx(const struct side *side, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count)
{
	return kl_net_tx_burst(side->net, queue, packets, count);
}

static uint16_t rx(const struct side *side, uint16_t queue, struct rte_mbuf **packets,
	uint16_t count)
{
	return kl_net_rx_burst(side->net, queue, packets, count);
}

static void close_side(struct side *side)
{
	kl_net_stop(side->net);
	kl_device_close(side->device);
	peer_close(side);
}

int kickless_open(struct side *side, const struct ring_form *form, const struct side_shape *shape)
{
	const struct kl_net_conf conf = {
		.queue_pairs = shape->queues,
		.rx_ring_size = shape->ring_size,
		.tx_ring_size = shape->ring_size,
		.pool = shape->pool,
	};
	static unsigned int opened;
	struct kl_net_queue_info rx_info, tx_info;
	char name[256], socket[64];
	int rc;

	*side = (struct side){.name = "kickless",
		.tx = tx,
		.rx = rx,
		.close = close_side,
		.number = opened++};
	snprintf(socket, sizeof(socket), "/tmp/kickless-bench-ours%u.%d", side->number, getpid());
	rc = peer_open(side, socket, shape);
	if (rc != 0)
		return rc;
	snprintf(name, sizeof(name), "vhost-user:%s,type=net,mac=02:00:00:00:00:01,isolate=%u,%s",
		socket, shape->is_isolated, form->ours);
	rc = kl_device_open(name, &side->device);
	if (rc == 0) {
		side->net = kl_net_from_device(side->device);
		rc = kl_net_start(side->net, &conf);
	}
	unlink(socket);
	if (rc != 0)
		return rc;
	kl_net_queue_info_get(side->net, KL_NET_RX, 0, &rx_info);
	kl_net_queue_info_get(side->net, KL_NET_TX, 0, &tx_info);
	snprintf(side->path, sizeof(side->path), "%s; rx %s, tx %s", form->ours, rx_info.path,
		tx_info.path);
	return 0;
}
