/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet buffers: one pool per NUMA node that a device belongs to. Control thread only. */
#ifndef TESTPMD_POOL_H
#define TESTPMD_POOL_H

#include <stdint.h>

struct ports;

/*
 * Gives each open port the pool of its node, which is created when there is none yet. Its size
 * follows from the rings, from a burst and from the mbufs that a packet has at most. 0 or -errno
 * after a message.
 */
int pools_create(struct ports *ports, uint16_t burst, uint16_t segments);

/*
 * Frees the pools; the ports must have been closed. Pools stay when a device never finished a
 * reset: it may still write into its buffers.
 */
void pools_free(struct ports *ports);

#endif
