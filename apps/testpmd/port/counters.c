/* SPDX-License-Identifier: BSD-3-Clause */
#include "counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELD(name, member, help) \
	{ \
		name, help, offsetof(struct kl_net_queue_stats, member) \
	}

const struct counter_field counter_fields[] = {
	FIELD("packets", packets, "Good packets received or sent."),
	FIELD("bytes", bytes, "Their bytes, without FCS."),
	FIELD("errors", errors, "Packets dropped as malformed or impossible to send."),
	FIELD("nombuf", nombuf, "Refills that failed for lack of mbufs."),
	FIELD("interrupts", interrupts,
		"Notifications of the device that ended a sleep, or would have."),
	FIELD("posted", queue.posted, "Buffers made available to the device."),
	FIELD("done", queue.done, "Buffers returned without an error."),
	FIELD("failed", queue.failed, "Buffers returned with an error, or reclaimed by a reset."),
	FIELD("kicks_sent", queue.kicks_sent, "Doorbell writes."),
	FIELD("kicks_suppressed", queue.kicks_suppressed,
		"Kick decisions where the device had notifications suppressed."),
	FIELD("kicks_spared", queue.kicks_spared, "Kick decisions that waiting made unnecessary."),
	FIELD("watchdog_kicks", queue.watchdog_kicks, "Doorbell writes of the lost-kick watchdog."),
	FIELD("ring_full", queue.ring_full, "Bursts that found too few free descriptors."),
	FIELD("bad_used", queue.bad_used, "Malformed used elements or indices."),
	FIELD("resets", resets, "Recoveries of the device while it ran."),
	{NULL, NULL, 0},
};

void counters_read(const struct kl_net *net, uint16_t pairs, struct port_counters *now)
{
	memset(now, 0, sizeof(*now));
	for (uint16_t i = 0; i < pairs; i++) {
		kl_net_queue_stats_get(net, KL_NET_RX, i, &now->rx[i]);
		kl_net_queue_stats_get(net, KL_NET_TX, i, &now->tx[i]);
	}
}

static void subtract_stats(struct kl_net_queue_stats *value, const struct kl_net_queue_stats *base)
{
	for (const struct counter_field *field = counter_fields; field->name != NULL; field++) {
		uint64_t *counter = (uint64_t *)((char *)value + field->offset);
		const uint64_t before = counter_value(base, field);

		*counter = *counter > before ? *counter - before : 0;
	}
}

void counters_subtract(struct port_counters *value, const struct port_counters *base)
{
	for (uint16_t i = 0; i < MAX_QUEUES; i++) {
		subtract_stats(&value->rx[i], &base->rx[i]);
		subtract_stats(&value->tx[i], &base->tx[i]);
	}
}

struct port_totals counters_total(const struct port_counters *counters)
{
	struct port_totals total = {0};

	for (uint16_t i = 0; i < MAX_QUEUES; i++) {
		total.rx_packets += counters->rx[i].packets;
		total.rx_bytes += counters->rx[i].bytes;
		total.rx_errors += counters->rx[i].errors;
		total.rx_nombuf += counters->rx[i].nombuf;
		total.tx_packets += counters->tx[i].packets;
		total.tx_bytes += counters->tx[i].bytes;
		total.tx_errors += counters->tx[i].errors;
	}
	return total;
}

const char *ring_name(const struct kl_net_queue_info *info)
{
	return info->ring != NULL ? info->ring : "none";
}

const char *kick_policy_text(const struct kl_kick_policy *policy, char *text, size_t size)
{
	switch (policy->mode) {
	case KL_KICK_EAGER:
		snprintf(text, size, "eager");
		break;
	case KL_KICK_LAZY:
		snprintf(text, size, "lazy:%" PRIu32, policy->wait_ns);
		break;
	case KL_KICK_AUTO:
		snprintf(text, size, "auto");
		break;
	}
	return text;
}
