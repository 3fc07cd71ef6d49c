/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole program's state, which main owns and the control thread works on. */
#ifndef TESTPMD_TESTPMD_H
#define TESTPMD_TESTPMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "forward/capture.h"
#include "forward/forward.h"
#include "port/sizes.h"
#include "options.h"
#include "port/port.h"
#include "report/report.h"
#include "say.h"
#include "forward/settings.h"

struct testpmd_pool {
	int node;
	struct rte_mempool *pool;
};

struct testpmd {
	struct options options;
	struct fwd_settings settings; /* of the next run */
	struct port ports[MAX_PORTS];
	uint16_t port_count;
	uint16_t queues; /* pairs of each port */
	struct testpmd_pool pools[MAX_PORTS];
	uint16_t pool_count;
	struct fwd fwd;
	struct report report; /* of the last run that ended */
	struct metrics_server *metrics; /* NULL without --metrics-listen */
	struct capture *capture; /* NULL without --pcap-out */
	FILE *json; /* where it goes at the end; NULL when not wanted */
	bool quit; /* said at the prompt */
	bool failed; /* a device broke, or could not be stopped */
};

#endif
