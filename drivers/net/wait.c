/* SPDX-License-Identifier: BSD-3-Clause */
/* Sleeping until packets come without a missed wake-up. virtio 1.x, 2.7.7.1, 2.7.10, 2.8.10. */
#include "ring/available.h"
#include "ring/kick.h"
#include "ring/verbs.h"
#include "rx.h"
#include "state.h"

int kl_net_queue_event_fd(const struct kl_net *net, uint16_t queue)
{
	return kl_device_queue_event_fd(net->device, NET_RX_VECTOR(queue));
}

/*
 * True if the ring has the buffers of any packet that may come. A device without them keeps the
 * packet and notifies of nothing, and a pool does not report that it has buffers again. So a refill
 * for which the pool was too short is tried again before the thread sleeps.
 */
static bool has_buffers(struct net_rxq *rxq)
{
	struct kl_queue *queue = rxq->queue;
	const uint16_t published = queue->published;

	if (kl__ring_free(queue, queue->kind) < rxq->refill_at)
		return true;
	net_rx_refill(rxq, NET_RX_ALL);
	if (queue->published != published)
		kl__kick(queue);
	return kl__queue_in_flight(queue) >= rxq->packet_buffers;
}

bool kl_net_rx_arm(struct kl_net *net, uint16_t queue)
{
	struct net_pair *pair = &net->pairs[queue];
	bool has_work = false;

	/*
	 * Nothing will come through a broken queue, whatever its index is, nor while the device is
	 * disconnected. The thread that opens the gates again wakes this one.
	 */
	if (kl__gate_enter(&pair->rx_gate) && pair->rx.queue->fault == KL_QUEUE_OK)
		has_work = !has_buffers(&pair->rx) || kl__queue_arm(pair->rx.queue);
	kl__gate_leave(&pair->rx_gate);
	return has_work;
}

void kl_net_rx_disarm(struct kl_net *net, uint16_t queue)
{
	struct net_pair *pair = &net->pairs[queue];
	const int fd = kl_net_queue_event_fd(net, queue);
	uint64_t count = 0;

	/* Outside the gate: the eventfd stays until the device is closed. */
	if (fd >= 0 && !kl__eventfd_read(fd, &count))
		count = 0;
	if (kl__gate_enter(&pair->rx_gate)) {
		kl__queue_disarm(pair->rx.queue);
		pair->rx.count.interrupts += count;
		/* A thread that sleeps polls too rarely for the queue's own checks. */
		if (count == 0)
			kl__kick_watchdog(pair->rx.queue);
	}
	kl__gate_leave(&pair->rx_gate);
}
