/* SPDX-License-Identifier: BSD-3-Clause */
/* Sleeping until packets come, and never missing the wake-up. Virtio 1.x, 2.7.7.1, 2.7.10, 2.8.10. */
#include <unistd.h>

#include "ring/verbs.h"
#include "state.h"

int kl_net_rx_event_fd(const struct kl_net *net, uint16_t queue)
{
	return kl_device_queue_fd(net->device, NET_RX_VECTOR(queue));
}

bool kl_net_rx_arm(struct kl_net *net, uint16_t queue)
{
	struct kl_queue *ring = net->pairs[queue].rx.queue;

	/* Nothing will come through a broken queue, whatever its index says. */
	return ring->fault == KL_QUEUE_OK && kl__queue_arm(ring);
}

void kl_net_rx_disarm(struct kl_net *net, uint16_t queue)
{
	struct net_rxq *rxq = &net->pairs[queue].rx;
	const int fd = kl_net_rx_event_fd(net, queue);
	uint64_t count;

	kl__queue_disarm(rxq->queue);
	if (fd >= 0 && read(fd, &count, sizeof(count)) == sizeof(count))
		rxq->count.interrupts += count;
}
