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
	json_t *json; /* the results; NULL when not requested, or before the end */
	bool hides_zero; /* "set xstats-hide-zero" */
	bool quit; /* requested at the prompt */
	bool failed; /* a device failed, or could not be stopped */
};

/* Initialises the parts from the options. Nothing is opened yet. */
void testpmd_init(struct testpmd *pmd);

/*
 * Opens a device as the next port, or joins a TAP to the last one. Returns 0, or -errno
 * after a message.
 */
int testpmd_add_port(struct testpmd *pmd, const char *spec);

/* Closes the device of a port that is stopped and not part of a running forwarding. */
void testpmd_release_port(struct testpmd *pmd, struct port *port);

/*
 * Stops and closes a port whose device the system requests back. Forwarding goes on without it.
 * Without any port left the program ends, unless it has a prompt.
 */
void testpmd_remove_port(struct testpmd *pmd, struct port *port);

/*
 * Sets the number of queue pairs of each port, and makes new pools. The ports must be stopped.
 * Returns 0, or -EINVAL or -ENOMEM after a message.
 */
int testpmd_set_queues(struct testpmd *pmd, uint32_t queue_pairs);

/* Makes the pools of ports that have none. Returns 0, or -errno after a message. */
int testpmd_create_pools(struct testpmd *pmd);

/*
 * Starts forwarding after tx_first bursts, and shows the streams. Returns 0, or -errno
 * after a message.
 */
int testpmd_start(struct testpmd *pmd, uint32_t tx_first);

/* Ends forwarding, and prints its report, which is in pmd->report then. */
void testpmd_stop(struct testpmd *pmd);

#endif
