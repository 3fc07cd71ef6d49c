/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The main lcore's loop: prompt, device events, clocks; and forwarding when there is
 * no other lcore.
 */
#ifndef TESTPMD_CONTROL_H
#define TESTPMD_CONTROL_H

struct testpmd;

/*
 * Runs until the user, a signal or --duration ends it. Forwarding may still be on when it returns.
 */
void control_run(struct testpmd *pmd);

#endif
