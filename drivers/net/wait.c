/* SPDX-License-Identifier: BSD-3-Clause */
/* Sleeping until packets come without a missed wake-up. virtio 1.x, 2.7.7.1, 2.7.10, 2.8.10. */
#include "ring/verbs.h"
#include "state.h"

int kl_net_queue_event_fd(const struct kl_net *net, uint16_t queue)
{
	return kl_device_queue_event_fd(net->device, NET_RX_VECTOR(queue));
}

bool kl_net_rx_arm(struct kl_net *net, uint16_t queue)
{
	struct net_pair *pair = &net->pairs[queue];
	bool has_work = false;

	/*
	 * Nothing will come through a broken queue, whatever its index is, nor while the device is
	 * disconnected. The thread that opens the gates again wakes this one.
	 */
	if (kl__gate_enter(&pair->rx_gate))
		has_work = pair->rx.queue->fault == KL_QUEUE_OK && kl__queue_arm(pair->rx.queue);
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
	}
	kl__gate_leave(&pair->rx_gate);
}
