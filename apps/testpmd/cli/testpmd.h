/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole program's state, which main owns and the control thread works on. */
#ifndef TESTPMD_TESTPMD_H
#define TESTPMD_TESTPMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "forward/forward.h"
#include "options.h"
#include "port/ports.h"
#include "report/report.h"

struct testpmd {
	struct options options;
	struct fwd_settings settings; /* of the next run */
	struct ports ports;
	struct fwd fwd;
	struct report report; /* of the last run that ended */
	struct metrics_server *metrics; /* NULL without --metrics-listen */
	FILE *json; /* where it goes at the end; NULL when not wanted */
	bool quit; /* said at the prompt */
	bool failed; /* a device broke, or could not be stopped */
};

/* Links the parts, after the options were read. Nothing is opened yet. */
void testpmd_init(struct testpmd *pmd);

/* Opens a device as the next port, or joins a TAP to the last one. 0 or -errno after a message. */
int testpmd_add_port(struct testpmd *pmd, const char *spec);

/* Gives back the device of a port that is stopped and that nothing is forwarded by. */
void testpmd_release_port(struct testpmd *pmd, struct port *port);

/*
 * Stops and closes a port whose device the system wants back; forwarding goes on without it.
 * Without any port the program has come to its end, unless somebody is at its prompt.
 */
void testpmd_remove_port(struct testpmd *pmd, struct port *port);

/*
 * Sets how many queue pairs each port has. Their buffers are made anew. The ports are stopped. 0,
 * -EINVAL or -ENOMEM after a message.
 */
int testpmd_set_queues(struct testpmd *pmd, uint32_t queue_pairs);

/* Makes the pools of ports that have none. 0 or -errno after a message. */
int testpmd_create_pools(struct testpmd *pmd);

/*
 * Starts forwarding after sending tx_first bursts, and shows what forwards where. 0 or -errno
 * after a message.
 */
int testpmd_start(struct testpmd *pmd, uint32_t tx_first);

/* Ends forwarding; its report is in pmd->report, and printed. */
void testpmd_stop(struct testpmd *pmd);

#endif
