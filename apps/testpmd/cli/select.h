/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports that PORT of a command means. */
#ifndef TESTPMD_SELECT_H
#define TESTPMD_SELECT_H

#include <stdint.h>

struct port;
struct testpmd;

/*
 * The next open port from *at on that number means (PORT_ALL for each), and moves *at behind it;
 * NULL at the end. Start with *at = 0. A number without a port is told once.
 */
struct port *select_port(struct testpmd *pmd, uint32_t number, uint16_t *at);

/* How many ports are open. */
unsigned int ports_open(const struct testpmd *pmd);

#endif
