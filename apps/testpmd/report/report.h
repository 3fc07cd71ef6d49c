/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The numbers of a run, collected once: what is printed and what is written as JSON come from here,
 * so they agree.
 */
#ifndef TESTPMD_REPORT_H
#define TESTPMD_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>
#include <kickless/net.h>
#include <net/if.h>

#include <kickless/text.h>

#include "port/counters.h"
#include "port/sizes.h"

struct fwd;

struct queue_report {
	bool tx;
	uint16_t queue;
	struct kl_net_queue_stats stats; /* of this run */
	struct kl_net_queue_info info;
};

struct port_report {
	uint16_t port;
	/* Escaped, for a terminal; a socket's path may be long. */
	char device[KL_TEXT_BYTES(160)];
	char transport[32];
	char access[32];
	bool is_isolated;
	char features[1536]; /* names with spaces in between */
	struct port_totals totals;
	char tap[KL_TEXT_BYTES(IFNAMSIZ)]; /* interface joined to it, escaped; "": none */
	uint64_t tap_dropped; /* packets that the kernel refused, or sent malformed */
	uint64_t bad_ip; /* in csum: checksums that the device found wrong */
	uint64_t bad_l4;
	uint64_t tx_dropped; /* by the mode, when rings were full, and by the driver */
	uint16_t queue_count;
	struct queue_report queues[2 * MAX_QUEUES];
};

struct report {
	double seconds;
	/* since the process was started; 0 when unknown or without a packet */
	double first_packet_ms;
	const char *mode;
	bool cycles_recorded;
	bool bursts_recorded;
	bool sums_counted;
	uint64_t busy_cycles;
	uint64_t cycle_packets; /* the divisor of busy_cycles */
	uint16_t port_count;
	struct port_report ports[MAX_PORTS];
};

/* Collects the numbers of the run that is on, or has just ended. */
void report_collect(struct report *report, const struct fwd *fwd);

/*
 * Prints testpmd's blocks of the end of a run, then ours. fwd is the one that was collected from.
 */
void report_print(const struct report *report, const struct fwd *fwd);

/* The report as the object of --json; NULL without memory. The caller owns it. */
json_t *report_to_json(const struct report *report);

double queue_kicks_per_thousand(const struct queue_report *queue);

#endif
