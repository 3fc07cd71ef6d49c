/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When the device asks for it, breaks the rules, or goes away: shut the gates, reset, set up again.
 * The queues' threads notice only that nothing moves meanwhile.
 */
#include <errno.h>
#include <stdio.h>

#include <kickless/log.h>

#include "ring/verbs.h"
#include "state.h"

static const char *name_of(const struct kl_net *net)
{
	return kl_device_info(net->device)->name;
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
	if (net->is_stuck)
		return "the reset of one queue failed";
	return kl_device_needs_reset(net->device) ? "it asks for a reset, has stopped, or is gone" :
						    NULL;
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
		net_wake(net, i);
	return 0;
}

static int halt(struct kl_net *net, const char *why)
{
	int rc = net_gates_close(net);

	if (rc != 0)
		return rc;
	kl_notice("%s: %s; the device is reset", name_of(net), why);
	for (uint16_t i = 0; i < net->running_pairs; i++)
		net_txq_take_sent(&net->pairs[i].tx);
	rc = net_reset(net);
	if (rc == -EAGAIN)
		return wait_for_return(net);
	if (rc != 0)
		return give_up(net, rc);
	if (kl_device_take_recovery(net->device))
		return 0;
	kl_error("%s: that is one reset too many within a minute", name_of(net));
	return give_up(net, -EIO);
}

bool kl_net_is_broken(const struct kl_net *net)
{
	if (!net->is_running)
		return false;
	/* One that is away or given up has no queues. */
	if (net->is_away || net->is_given_up || net->is_stuck)
		return true;
	for (uint16_t i = 0; i < net->running_pairs; i++)
		if (net->pairs[i].rx.queue->fault != KL_QUEUE_OK ||
			net->pairs[i].tx.queue->fault != KL_QUEUE_OK)
			return true;
	return false;
}

int kl_net_recover(struct kl_net *net)
{
	char text[128];
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
