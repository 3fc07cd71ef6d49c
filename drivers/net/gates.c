/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may be within a burst, as the control thread orders it. */
#include <errno.h>
#include <unistd.h>

#include <kickless/log.h>

#include "ring/clock.h"
#include "state.h"

static uint64_t end_of_patience(const struct kl_net *net)
{
	return kl__clock() + KL__GATE_PATIENCE_SECONDS * kl_device_ticks_per_second(net->device);
}

/* After gates were shut. */
static int wait_outside(const struct kl_net *net, const struct kl__gate *gate, uint16_t queue,
	uint64_t deadline)
{
	if (kl__gate_wait(gate, deadline))
		return 0;
	kl_error(
		"%s: a thread has been within a burst of queue %u for %d s; nothing can be reset under "
		"it",
		kl_device_info(net->device)->name, queue, KL__GATE_PATIENCE_SECONDS);
	return -EAGAIN;
}

int net_gates_close(struct kl_net *net)
{
	const uint64_t deadline = end_of_patience(net);
	int rc = 0;

	for (uint16_t i = 0; i < net->pair_count; i++) {
		kl__gate_set(&net->pairs[i].rx_gate, NET_GATE_CLOSED);
		kl__gate_set(&net->pairs[i].tx_gate, NET_GATE_CLOSED);
	}
	kl__gates_fence();
	for (uint16_t i = 0; i < net->pair_count && rc == 0; i++) {
		rc = wait_outside(net, &net->pairs[i].rx_gate, i, deadline);
		if (rc == 0)
			rc = wait_outside(net, &net->pairs[i].tx_gate, i, deadline);
	}
	return rc;
}

static struct kl__gate *gate_of(struct net_pair *pair, enum kl_net_direction direction)
{
	return direction == KL_NET_RX ? &pair->rx_gate : &pair->tx_gate;
}

int net_gate_close(struct kl_net *net, enum kl_net_direction direction, uint16_t queue)
{
	struct kl__gate *gate = gate_of(&net->pairs[queue], direction);

	kl__gate_set(gate, NET_GATE_CLOSED);
	kl__gates_fence();
	return wait_outside(net, gate, queue, end_of_patience(net));
}

void net_gate_open(struct kl_net *net, enum kl_net_direction direction, uint16_t queue)
{
	kl__gate_set(gate_of(&net->pairs[queue], direction), KL__GATE_OPEN);
}

void net_gates_open(struct kl_net *net)
{
	const bool needs_fence = !kl__gates_prepare();

	for (uint16_t i = 0; i < net->running_pairs; i++) {
		for (int way = KL_NET_RX; way <= KL_NET_TX; way++) {
			gate_of(&net->pairs[i], way)->needs_fence = needs_fence;
			if (!net->pairs[i].is_stopped[way])
				net_gate_open(net, way, i);
		}
	}
}

void net_wake(const struct kl_net *net, uint16_t queue)
{
	const uint64_t one = 1;
	const int fd = kl_net_queue_event_fd(net, queue);

	/* A counter that is full wakes as well. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}
