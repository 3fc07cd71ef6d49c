/* SPDX-License-Identifier: BSD-3-Clause */
/* One queue stopped and started while the others run: virtio 1.x, 2.6.1. */
#include <errno.h>

#include <kickless/log.h>

#include "queue.h"
#include "replay.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "rx.h"
#include "spec/features.h"

static struct kl_queue *ring_of(const struct net_pair *pair, enum kl_net_direction direction)
{
	return direction == KL_NET_RX ? pair->rx.queue : pair->tx.queue;
}

/* Resets a ring while no thread is within a burst of it, and frees its packets. */
static int reset_ring(struct kl_net *net, enum kl_net_direction direction, uint16_t queue)
{
	struct net_pair *pair = &net->pairs[queue];
	struct kl_queue *ring = ring_of(pair, direction);
	struct rte_mbuf *packet;
	int rc;

	/* Without the feature the queue goes on, and its own reclaim counts what it frees. */
	if (direction == KL_NET_TX && kl_device_has(net->device, VIRTIO_F_RING_RESET))
		net_txq_take_sent(&pair->tx);
	rc = kl_device_queue_stop(net->device, ring);
	if (rc != 0)
		return rc;
	while ((packet = kl__queue_drain(ring)) != NULL)
		rte_pktmbuf_free(packet);
	if (direction == KL_NET_TX)
		pair->tx.other_pool = 0;
	return 0;
}

static int check_running_queue(const struct kl_net *net, uint16_t queue)
{
	int rc = net_check_queue(net, queue);

	if (rc == 0)
		rc = net_check_presence(net, "no queue can be stopped or started");
	if (rc != 0 || queue < net->info.queue_pairs)
		return rc;
	kl_error("%s: queue %u is not in use now; the device has %u queue pairs in use",
		kl_device_info(net->device)->name, queue, net->info.queue_pairs);
	return -EAGAIN;
}

/* Opens the gate of one queue, unless the device was halted meanwhile. */
static void open_gate(struct kl_net *net, struct kl__gate *gate, enum kl_net_direction direction,
	uint16_t queue)
{
	bool runs = kl_device_state(net->device) == KL_DEVICE_RUNNING;

	kl__gate_set(gate, runs ? KL__GATE_OPEN : KL__GATE_HALTED);
	/* A thread that fell asleep because nothing could come must check again. */
	if (direction == KL_NET_RX)
		net_wake(net, queue);
}

int kl_net_queue_stop(struct kl_net *net, enum kl_net_direction direction, uint16_t queue)
{
	struct kl__gate *gate;
	int rc = check_running_queue(net, queue);

	if (rc != 0)
		return rc;
	gate = net_gate(&net->pairs[queue], direction);
	if (net->pairs[queue].is_stopped[direction])
		return 0;
	kl_device_change_begin(net->device);
	rc = kl_device_gate_close(net->device, gate);
	if (rc == 0)
		rc = reset_ring(net, direction, queue);
	if (rc == 0)
		gate->stays_closed = net->pairs[queue].is_stopped[direction] = true;
	else if (rc == -EAGAIN || rc == -ENOTSUP)
		open_gate(net, gate, direction, queue);
	kl_device_change_end(net->device);
	return rc;
}

int kl_net_queue_start(struct kl_net *net, enum kl_net_direction direction, uint16_t queue)
{
	struct net_pair *pair;
	struct kl__gate *gate;
	int rc = check_running_queue(net, queue);

	if (rc != 0)
		return rc;
	pair = &net->pairs[queue];
	gate = net_gate(pair, direction);
	if (!pair->is_stopped[direction])
		return 0;
	kl_device_change_begin(net->device);
	rc = kl_device_queue_start(net->device, ring_of(pair, direction));
	if (rc == 0 && direction == KL_NET_RX) {
		net_rx_refill(&pair->rx, NET_RX_ALL);
		kl__kick_check(pair->rx.queue);
	}
	if (rc == 0) {
		gate->stays_closed = pair->is_stopped[direction] = false;
		open_gate(net, gate, direction, queue);
	}
	kl_device_change_end(net->device);
	return rc;
}

int net_queue_stops_replay(struct kl_net *net)
{
	int rc = 0, result = 0;

	net_replay_begin(net, KL_NET_SETTING_QUEUE_STOPS);
	for (uint16_t i = 0; i < net->info.queue_pairs; i++)
		for (int way = KL_NET_RX; way <= KL_NET_TX && rc == 0; way++)
			if (net->pairs[i].is_stopped[way])
				rc = reset_ring(net, way, i);
	/* Without RING_RESET the device keeps buffers in it, and the application is kept out. */
	result = net_replay_end(net, rc);
	return rc == -ENOTSUP ? result : rc;
}
