/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters of a port's queues at one moment, and their differences. Any thread may read them. */
#ifndef TESTPMD_COUNTERS_H
#define TESTPMD_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include <kickless/net.h>

#include "sizes.h"

struct port_counters {
	struct kl_net_queue_stats rx[MAX_QUEUES];
	struct kl_net_queue_stats tx[MAX_QUEUES];
};

struct port_totals {
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t rx_errors;
	uint64_t rx_nombuf;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t tx_errors;
};

/* One number of struct kl_net_queue_stats, for listings. */
struct counter_field {
	const char *name;
	const char *help;
	size_t offset;
};

/* Ended by a NULL name. */
extern const struct counter_field counter_fields[];

/* Queues from pairs on read as zero. */
void counters_read(const struct kl_net *net, uint16_t pairs, struct port_counters *now);

/* Subtracts base from value, counter by counter; a counter that fell becomes 0. */
void counters_subtract(struct port_counters *value, const struct port_counters *base);

struct port_totals counters_total(const struct port_counters *counters);

static inline uint64_t counter_value(const struct kl_net_queue_stats *stats,
	const struct counter_field *field)
{
	return *(const uint64_t *)((const char *)stats + field->offset);
}

/* The name of a queue's ring format, "split" and so on, or "none" before the queue existed. */
const char *ring_name(const struct kl_net_queue_info *info);

/* "eager", "auto" or "lazy:NS". */
const char *kick_policy_text(const struct kl_kick_policy *policy, char *text, size_t size);

#endif
