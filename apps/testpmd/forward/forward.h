/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run of forwarding, from its start to its end. Control thread only, which is the main lcore. The
 * main lcore forwards too when EAL has no other.
 */
#ifndef TESTPMD_FORWARD_H
#define TESTPMD_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

/*
 * Prepares a run that sends tx_first bursts before it forwards: its plan, streams and lcores.
 * Returns 0, or -errno after a message.
 */
int fwd_prepare(struct fwd *fwd, uint32_t tx_first);

/* Starts the prepared run. */
void fwd_launch(struct fwd *fwd, uint32_t tx_first);

/*
 * Ends the run; its numbers are valid until fwd_finish. Returns false, after a message, when
 * none is on.
 */
bool fwd_stop(struct fwd *fwd);

/* Sets the counters from which the next run counts; call it after fwd_stop. */
void fwd_finish(struct fwd *fwd);

/* Sets the statistics of the run to 0, also while it is on. */
void fwd_clear(struct fwd *fwd);

/* Sends the packet that announces the place of a started port's device to the network. */
void fwd_announce(struct fwd *fwd, const struct port *port);

/*
 * Forwards on the main lcore for about a hundredth of a second, if that is its job. Returns true
 * when it has had no packets for so long that it may sleep.
 */
bool fwd_slice(struct fwd *fwd);

/* As idle_arm and idle_disarm, for the main lcore when it forwards. */
bool fwd_arm(struct fwd *fwd);
void fwd_disarm(struct fwd *fwd);

/* Reports, once in a run, a stream that finds no mbufs; to be called a few times a second. */
void fwd_check_mbufs(struct fwd *fwd);

/* Duration of the run until now, or until its end. */
double fwd_seconds(const struct fwd *fwd);

#endif
