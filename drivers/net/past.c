/* SPDX-License-Identifier: BSD-3-Clause */
#include "past.h"

#include <string.h>

#include <kickless/log.h>

static struct net_past describe_device(const struct kl_net *net)
{
	struct net_past now = {
		.is_known = true,
		.mtu = net->info.mtu,
		.max_queue_pairs = net->info.max_queue_pairs,
		.ring_size = {net->pairs[0].rx.queue->size, net->pairs[0].tx.queue->size},
	};

	memcpy(now.mac, net->device_mac, sizeof(now.mac));
	return now;
}

static void compare_numbers(const struct kl_net *net, const char *what, unsigned int before,
	unsigned int now)
{
	if (before != now)
		kl_warning("%s: it has come back with %s %u -> %u",
			kl_device_info(net->device)->name, what, before, now);
}

static void compare_pairs(const struct kl_net *net, uint16_t before)
{
	const uint16_t now = net->info.max_queue_pairs;

	if (net->info.queue_pairs == net->running_pairs)
		compare_numbers(net, "queue pairs", before, now);
	else if (before != now)
		kl_warning(
			"%s: it has come back with queue pairs %u -> %u; of the %u that were started the "
			"first %u are in use",
			kl_device_info(net->device)->name, before, now, net->running_pairs,
			net->info.queue_pairs);
}

static void compare_macs(const struct kl_net *net, const uint8_t *before)
{
	struct rte_ether_addr from, to;

	memcpy(from.addr_bytes, before, sizeof(from.addr_bytes));
	memcpy(to.addr_bytes, net->device_mac, sizeof(to.addr_bytes));
	if (!rte_is_same_ether_addr(&from, &to))
		kl_warning("%s: it has come back with MAC " RTE_ETHER_ADDR_PRT_FMT
			   " -> " RTE_ETHER_ADDR_PRT_FMT "%s",
			kl_device_info(net->device)->name, RTE_ETHER_ADDR_BYTES(&from),
			RTE_ETHER_ADDR_BYTES(&to),
			net->settings.mac_is_given ? "; the one that was set stays" : "");
}

void net_past_compare(struct kl_net *net)
{
	const struct net_past now = describe_device(net), *before = &net->past;

	if (!before->is_known)
		return;
	compare_macs(net, before->mac);
	compare_numbers(net, "MTU", before->mtu, now.mtu);
	compare_pairs(net, before->max_queue_pairs);
	compare_numbers(net, "receive rings", before->ring_size[KL_NET_RX],
		now.ring_size[KL_NET_RX]);
	compare_numbers(net, "transmit rings", before->ring_size[KL_NET_TX],
		now.ring_size[KL_NET_TX]);
}

void net_past_keep(struct kl_net *net)
{
	net->past = describe_device(net);
}
