/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run of forwarding, from its start to its end. Control thread only, which is the main lcore; it
 * forwards too when EAL has no other.
 */
#ifndef TESTPMD_FORWARD_H
#define TESTPMD_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

/*
 * Prepares a run that sends tx_first bursts before it forwards: plans it, and readies its streams
 * and lcores. 0 or -errno after a message.
 */
int fwd_prepare(struct fwd *fwd, uint32_t tx_first);

/* Starts the prepared run. */
void fwd_launch(struct fwd *fwd, uint32_t tx_first);

/* Ends the run; its numbers stay until fwd_finish. False, after a message, when none is on. */
bool fwd_stop(struct fwd *fwd);

/* After fwd_stop: takes the counters from which the next run counts. */
void fwd_finish(struct fwd *fwd);

/* Sets the statistics of the run to 0, also while it is on. */
void fwd_clear(struct fwd *fwd);

/* Sends the packet by which the network learns where a started port's device is now. */
void fwd_announce(struct fwd *fwd, const struct port *port);

/*
 * Forwards on the main lcore for about a hundredth of a second, if that is its job. True when it
 * has been without packets for so long that it may sleep.
 */
bool fwd_slice(struct fwd *fwd);

/* As idle_arm and idle_disarm, for the main lcore when it forwards. */
bool fwd_arm(struct fwd *fwd);
void fwd_disarm(struct fwd *fwd);

/* How long the run took until now, or until its end. */
double fwd_seconds(const struct fwd *fwd);

#endif
