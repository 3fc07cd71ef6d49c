/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet buffers: one pool per NUMA node that a device lies on. */
#ifndef TESTPMD_POOL_H
#define TESTPMD_POOL_H

#include <stdint.h>

struct testpmd;

/* Gives each port the pool of its node. 0 or -errno after a message. */
int pools_create(struct testpmd *pmd);

/* After the ports have been closed. */
void pools_free(struct testpmd *pmd);
/* A device that never finished a reset may still write into its buffers: pools_free leaves them alone. */
void pools_keep(void);

/* How many mbufs a pool gets when the user does not say. */
uint32_t pools_default_mbufs(const struct testpmd *pmd);

#endif
