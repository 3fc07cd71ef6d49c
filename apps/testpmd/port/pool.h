/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mbuf pools: one per NUMA node of a device, or where devices are isolated one per port.
 * Control thread only.
 */
#ifndef TESTPMD_POOL_H
#define TESTPMD_POOL_H

#include <stdint.h>

struct ports;

/*
 * Gives each open port its pool, and creates missing pools. A pool's size follows from the rings,
 * the packets of a queue that are outside of them, and the mbufs per packet. Returns 0, or -errno
 * after a message.
 */
int pools_create(struct ports *ports, uint32_t packets, uint16_t segments);

/*
 * Frees the pools; the ports must have been closed. Pools are not freed when a device never
 * finished a reset, since it may still write into its buffers.
 */
void pools_free(struct ports *ports);

#endif
