/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When the device asks for it, breaks the rules, or goes away: shut the gates, reset, set up again.
 * The queues' threads notice only that nothing moves meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <kickless/log.h>

#include "ring/clock.h"
#include "ring/verbs.h"
#include "state.h"

#define BUDGET_SECONDS 60

static const char *name_of(const struct kl_net *net)
{
	return kl_device_info(net->device)->name;
}

static void set_gates(struct kl_net *net, uint16_t state)
{
	for (uint16_t i = 0; i < net->pair_count; i++) {
		kl__gate_set(&net->pairs[i].rx_gate, state);
		kl__gate_set(&net->pairs[i].tx_gate, state);
	}
}

/* Who fell asleep on the old ring, or because there was none, must look at the new one. */
static void wake(const struct kl_net *net, uint16_t queue)
{
	const uint64_t one = 1;
	int fd = kl_net_rx_event_fd(net, queue);

	/* A counter that is full wakes as well. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

void net_gates_open(struct kl_net *net)
{
	bool needs_fence = !kl__gates_prepare();

	for (uint16_t i = 0; i < net->running_pairs; i++) {
		struct net_pair *pair = &net->pairs[i];

		pair->rx_gate.needs_fence = needs_fence;
		pair->tx_gate.needs_fence = needs_fence;
		kl__gate_set(&pair->rx_gate, KL__GATE_OPEN);
		kl__gate_set(&pair->tx_gate, KL__GATE_OPEN);
	}
}

int net_gates_shut(struct kl_net *net)
{
	uint64_t deadline = kl__clock() +
		KL__GATE_PATIENCE_SECONDS * kl_device_ticks_per_second(net->device);

	set_gates(net, NET_GATE_SHUT);
	kl__gates_fence();
	for (uint16_t i = 0; i < net->pair_count; i++) {
		if (kl__gate_wait(&net->pairs[i].rx_gate, deadline) &&
			kl__gate_wait(&net->pairs[i].tx_gate, deadline))
			continue;
		kl_error(
			"%s: a thread has been within a burst of queue %u for %d s; the device can't be "
			"reset under it",
			name_of(net), i, KL__GATE_PATIENCE_SECONDS);
		return -EAGAIN;
	}
	return 0;
}

/* Why the device has to be reset, in text; NULL when it has not. */
static const char *trouble(const struct kl_net *net, char *text, size_t size)
{
	for (uint16_t i = 0; i < net->running_pairs; i++) {
		const struct kl_queue *queues[] = {net->pairs[i].rx.queue, net->pairs[i].tx.queue};

		for (unsigned int way = KL_NET_RX; way <= KL_NET_TX; way++) {
			enum kl_queue_fault fault = (enum kl_queue_fault)queues[way]->fault;

			if (fault == KL_QUEUE_OK)
				continue;
			snprintf(text, size, "%s queue %u: %s",
				way == KL_NET_RX ? "receive" : "transmit", i,
				kl_queue_fault_name(fault));
			return text;
		}
	}
	return kl_device_needs_reset(net->device) ? "it asks for a reset, or has gone" : NULL;
}

/* Whether one more reset is within the budget, and then takes it. */
static bool take_reset(struct kl_net *net)
{
	uint64_t *oldest = &net->reset_at[net->resets_taken % NET_RESETS_MAX], now = kl__clock();

	if (*oldest != 0 &&
		now - *oldest < BUDGET_SECONDS * kl_device_ticks_per_second(net->device))
		return false;
	*oldest = now;
	net->resets_taken++;
	return true;
}

/* What the device has sent must not count as lost. */
static void take_sent(struct kl_net *net)
{
	for (uint16_t i = 0; i < net->running_pairs; i++) {
		struct kl_queue *queue = net->pairs[i].tx.queue;
		struct rte_mbuf *packet;
		uint32_t length;

		while (queue != NULL && (packet = kl__queue_take(queue, &length)) != NULL)
			rte_pktmbuf_free(packet);
	}
}

/* Gates stay shut. Returns rc. */
static int give_up(struct kl_net *net, int rc)
{
	kl_error("%s: it is given up; its queues stand still until a stop and start", name_of(net));
	net->is_given_up = true;
	net->is_away = false;
	net->info.link_up = false;
	return rc;
}

static int wait_for_return(struct kl_net *net)
{
	if (!net->is_away)
		kl_notice("%s: its queues stand still until it is there again", name_of(net));
	net->is_away = true;
	net->info.link_up = false;
	return -EAGAIN;
}

/* Behind shut gates, with no queue left: what starts here is a device as new. */
static int set_up_again(struct kl_net *net)
{
	int rc = net_bring_up(net), reset;

	if (rc != 0) {
		kl_device_fail(net->device);
		reset = net_reset(net);
		/* It went again in the middle; by now it may be back already. */
		if (reset == -EAGAIN || (reset == 0 && rc == -EIO))
			return wait_for_return(net);
		return give_up(net, rc);
	}
	net->is_away = false;
	net->resets++;
	kl_notice("%s: it runs again", name_of(net));
	net_gates_open(net);
	for (uint16_t i = 0; i < net->running_pairs; i++)
		wake(net, i);
	return 0;
}

static int halt(struct kl_net *net, const char *why)
{
	int rc = net_gates_shut(net);

	if (rc != 0)
		return rc;
	kl_notice("%s: %s; the device is reset", name_of(net), why);
	take_sent(net);
	rc = net_reset(net);
	if (rc == -EAGAIN)
		return wait_for_return(net);
	if (rc != 0)
		return give_up(net, rc);
	if (take_reset(net))
		return 0;
	kl_error("%s: it has been reset %d times within %d s", name_of(net), NET_RESETS_MAX,
		BUDGET_SECONDS);
	return give_up(net, -EIO);
}

bool kl_net_is_broken(const struct kl_net *net)
{
	if (!net->is_running)
		return false;
	if (net->is_away)
		return true;
	for (uint16_t i = 0; i < net->running_pairs; i++)
		if (net->pairs[i].rx.queue->fault != KL_QUEUE_OK ||
			net->pairs[i].tx.queue->fault != KL_QUEUE_OK)
			return true;
	return false;
}

int kl_net_recover(struct kl_net *net)
{
	char text[64];
	const char *why;
	int rc = 0;

	if (!net->is_running)
		return 0;
	if (net->is_given_up)
		return -EIO;
	if (net->is_away) {
		rc = net_reset(net);
		if (rc != 0)
			return rc == -EAGAIN ? rc : give_up(net, rc);
		return set_up_again(net);
	}
	why = trouble(net, text, sizeof(text));
	if (why == NULL)
		return 0;
	rc = halt(net, why);
	return rc == 0 ? set_up_again(net) : rc;
}
